//! The graph while it is built.

use std::collections::{HashMap, HashSet};

use coreml_proto::proto::mil_spec::{NamedValueType, Operation};

use super::super::graph::{Graph, Node, Place, Value, ValueId};
use super::super::ops::Op;
use super::super::tensor::{Dense, Tensor, TensorKind, elements};
use super::types::Declared;
use super::{Blobs, Lowered, Problem, shown};

/// Most elements that all values of a program may have together: 1 GiB of floats.
const MAX_ELEMENTS: usize = 1 << 28;

/// Most multiplications, roughly, that one evaluation may take: a second or more on any machine for
/// each of a few hundred layers.
const MAX_WORK: u64 = 1 << 38;

/// What a name of the program stands for.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    Tensor(ValueId),
    /// A string constant.
    Text(String),
}

pub(super) struct Builder<'a> {
    pub(super) blobs: Blobs<'a>,
    values: Vec<Value>,
    inputs: Vec<(String, ValueId)>,
    nodes: Vec<Node>,
    names: HashMap<String, Operand>,
    /// Names that operations define, those not yet reached among them.
    defined_later: HashSet<&'a str>,
    /// Constants already read, by file, offset and shape: programs share them.
    blob_values: HashMap<(String, u64, Vec<usize>), ValueId>,
    elements: usize,
    work: u64,
    /// The operation that is being lowered.
    place: Place,
    name: String,
}

impl<'a> Builder<'a> {
    pub(super) fn new(blobs: Blobs<'a>, defined_later: HashSet<&'a str>) -> Self {
        Self {
            blobs,
            values: Vec::new(),
            inputs: Vec::new(),
            nodes: Vec::new(),
            names: HashMap::new(),
            defined_later,
            blob_values: HashMap::new(),
            elements: 0,
            work: 0,
            place: Place {
                op: String::new(),
                at: String::new(),
            },
            name: String::new(),
        }
    }

    /// Adds an input of the function.
    pub(super) fn input(&mut self, input: &NamedValueType) -> Lowered<()> {
        let declared = Declared::read(input.r#type.as_ref())?;
        let kind = declared
            .kind()?
            .ok_or_else(|| format!("expected numbers, found {declared}"))?;
        let kind = TensorKind::new(kind, declared.fixed_shape()?);
        self.name.clone_from(&input.name);
        let id = self.value(kind, None)?;
        self.inputs.push((input.name.clone(), id));
        self.define(&input.name, Operand::Tensor(id))
    }

    /// Says which operation is lowered from here on.
    pub(super) fn enter(&mut self, place: &Place, operation: &Operation) -> Lowered<()> {
        let first = operation
            .outputs
            .first()
            .ok_or("expected an output, found none")?;
        self.place.clone_from(place);
        self.name.clone_from(&first.name);
        Ok(())
    }

    /// What a name stands for.
    pub(super) fn lookup(&self, name: &str) -> Option<&Operand> {
        self.names.get(name)
    }

    /// What a name that an operation reads stands for.
    pub(super) fn resolve(&self, name: &str) -> Lowered<Operand> {
        self.lookup(name).cloned().ok_or_else(|| {
            let name_shown = shown(name);
            Problem::Invalid(if self.defined_later.contains(name) {
                format!("reads `{name_shown}` before it is defined")
            } else {
                format!("reads `{name_shown}`, which nothing defines")
            })
        })
    }

    fn define(&mut self, name: &str, operand: Operand) -> Lowered<()> {
        match self.names.insert(name.to_owned(), operand) {
            None => Ok(()),
            Some(_) => Err(format!("defines `{}` a second time", shown(name)).into()),
        }
    }

    /// Gives the results of an operation the names and checks the types that the program declares.
    pub(super) fn bind(&mut self, operation: &Operation, results: &[Operand]) -> Lowered<()> {
        if operation.outputs.len() != results.len() {
            return Err(format!(
                "expected {} outputs, found {}",
                results.len(),
                operation.outputs.len()
            )
            .into());
        }
        for (output, result) in operation.outputs.iter().zip(results) {
            let declared = Declared::read(output.r#type.as_ref())?;
            match result {
                Operand::Tensor(id) => declared.check(self.kind(*id)?)?,
                Operand::Text(_) => {
                    if declared.kind()?.is_some() {
                        return Err(format!("expected a string type, found {declared}").into());
                    }
                }
            }
            self.define(&output.name, result.clone())?;
        }
        Ok(())
    }

    fn value(&mut self, kind: TensorKind, constant: Option<Tensor>) -> Lowered<ValueId> {
        self.charge(elements(&kind.shape)?, 0)?;
        let id = ValueId(self.values.len());
        self.values.push(Value {
            name: self.name.clone(),
            kind,
            constant,
        });
        Ok(id)
    }

    fn charge(&mut self, elements: usize, work: u64) -> Lowered<()> {
        self.elements = self.elements.saturating_add(elements);
        self.work = self.work.saturating_add(work);
        if self.elements > MAX_ELEMENTS {
            return Err(format!(
                "up to here the values of the program have {} elements, expected at most \
                 {MAX_ELEMENTS}",
                self.elements
            )
            .into());
        }
        if self.work > MAX_WORK {
            return Err(format!(
                "up to here the program takes {} multiplications, expected at most {MAX_WORK}",
                self.work
            )
            .into());
        }
        Ok(())
    }

    /// Adds a constant.
    pub(super) fn constant(&mut self, tensor: Tensor) -> Lowered<ValueId> {
        self.value(tensor.kind(), Some(tensor))
    }

    /// Adds a constant of a weight file, or finds it among those added before.
    pub(super) fn blob_constant(
        &mut self,
        file: &str,
        offset: u64,
        shape: &[usize],
        read: impl FnOnce(&Self) -> Lowered<Tensor>,
    ) -> Lowered<ValueId> {
        let key = (file.to_owned(), offset, shape.to_vec());
        if let Some(&id) = self.blob_values.get(&key) {
            return Ok(id);
        }
        let tensor = read(self)?;
        let id = self.constant(tensor)?;
        self.blob_values.insert(key, id);
        Ok(id)
    }

    /// Adds a constant whose elements are all the same.
    pub(super) fn filled(&mut self, shape: &[usize], value: f32) -> Lowered<ValueId> {
        let tensor = Dense::filled(shape, value)?;
        self.constant(Tensor::Float(tensor))
    }

    /// Adds an operation, or its result when its operands are constants.
    pub(super) fn push(&mut self, op: Op, inputs: &[ValueId]) -> Lowered<ValueId> {
        let mut kinds = Vec::with_capacity(inputs.len());
        let mut constants = Vec::with_capacity(inputs.len());
        for &id in inputs {
            let value = self
                .values
                .get(id.0)
                .ok_or("reads a value that is not there")?;
            kinds.push(&value.kind);
            constants.extend(value.constant.as_ref());
        }
        let kind = op.infer(&kinds)?;
        let work = op.work(&kinds, &kind);
        if constants.len() == inputs.len() {
            // What it costs is known before it is spent.
            let result_elements = elements(&kind.shape)?;
            let affordable = self.elements.saturating_add(result_elements) <= MAX_ELEMENTS
                && self.work.saturating_add(work) <= MAX_WORK;
            let result = if affordable {
                Some(op.eval(&constants)?)
            } else {
                None
            };
            self.charge(0, work)?;
            return self.value(kind, result);
        }
        self.charge(0, work)?;
        let output = self.value(kind, None)?;
        self.nodes.push(Node {
            op,
            inputs: inputs.to_vec(),
            output,
            place: self.place.clone(),
            last_uses: Vec::new(),
        });
        Ok(output)
    }

    pub(super) fn kind(&self, id: ValueId) -> Lowered<&TensorKind> {
        match self.values.get(id.0) {
            Some(value) => Ok(&value.kind),
            None => Err("reads a value that is not there".into()),
        }
    }

    pub(super) fn shape(&self, id: ValueId) -> Lowered<&[usize]> {
        self.kind(id).map(|kind| kind.shape.as_slice())
    }

    /// The elements of a constant.
    pub(super) fn elements_of(&self, id: ValueId) -> Option<&Tensor> {
        self.values.get(id.0)?.constant.as_ref()
    }

    /// The graph of what `output` needs.
    pub(super) fn finish(mut self, output: ValueId) -> Graph {
        // Backwards: a node is needed when its result is, and then its operands are.
        let mut needed = HashSet::from([output]);
        self.nodes.reverse();
        self.nodes.retain_mut(|node| {
            if !needed.contains(&node.output) {
                return false;
            }
            for &input in &node.inputs {
                // The last node that reads a value is the first that is met from the end.
                if needed.insert(input) {
                    node.last_uses.push(input);
                }
            }
            true
        });
        self.nodes.reverse();
        for (index, value) in self.values.iter_mut().enumerate() {
            if !needed.contains(&ValueId(index)) {
                value.constant = None;
            }
        }
        Graph {
            values: self.values,
            inputs: self.inputs,
            nodes: self.nodes,
            output,
        }
    }
}
