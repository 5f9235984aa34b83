//! The graph while it is built.

use std::collections::{HashMap, HashSet};

use coreml_proto::proto::mil_spec::{NamedValueType, Operation};

use super::super::graph::{Graph, Node, Place, Value, ValueId};
use super::super::ops::Op;
use super::super::tensor::{Dense, Tensor, TensorKind, elements};
use super::limits::Limits;
use super::types::Declared;
use super::{Blobs, Lowered, Problem, shown};

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
    limits: Limits,
    elements: usize,
    /// Of the elements, those of constants.
    held: usize,
    work: u64,
    load_work: u64,
    /// The operation that is being lowered.
    place: Place,
    name: String,
}

impl<'a> Builder<'a> {
    pub(super) fn new(blobs: Blobs<'a>, limits: Limits, defined_later: HashSet<&'a str>) -> Self {
        Self {
            blobs,
            values: Vec::new(),
            inputs: Vec::new(),
            nodes: Vec::new(),
            names: HashMap::new(),
            defined_later,
            blob_values: HashMap::new(),
            limits,
            elements: 0,
            held: 0,
            work: 0,
            load_work: 0,
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
        let count = elements(&kind.shape)?;
        if constant.is_some() {
            self.afford(count)?;
            self.held = self.held.saturating_add(count);
        }
        self.elements = self.elements.saturating_add(count);
        if self.elements > self.limits.elements {
            return Err(format!(
                "up to here the values of the program have {} elements, expected at most {} for a \
                 package of this size",
                self.elements, self.limits.elements
            )
            .into());
        }
        let id = ValueId(self.values.len());
        self.values.push(Value {
            name: self.name.clone(),
            kind,
            constant,
        });
        Ok(id)
    }

    /// Refuses constants of so many elements before they are made, if there is no room for them.
    pub(super) fn afford(&self, count: usize) -> Lowered<()> {
        let held = self.held.saturating_add(count);
        if held > self.limits.held {
            return Err(format!(
                "up to here the constants of the program have {held} elements, expected at most {} \
                 for a package of this size",
                self.limits.held
            )
            .into());
        }
        Ok(())
    }

    /// Refuses an operation that there is no time for, at load if it depends on constants only.
    fn charge(&mut self, work: u64, at_load: bool) -> Lowered<()> {
        let (spent, limit, what) = if at_load {
            (
                &mut self.load_work,
                self.limits.load_work,
                "constants of the program take",
            )
        } else {
            (&mut self.work, self.limits.work, "program takes")
        };
        *spent = spent.saturating_add(work);
        if *spent > limit {
            return Err(format!(
                "up to here the {what} {spent} multiplications, expected at most {limit} for a \
                 package of this size"
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
        self.afford(elements(shape)?)?;
        let tensor = Dense::filled(shape, value)?;
        self.constant(Tensor::Float(tensor))
    }

    /// Adds an operation, or its result when its operands are constants.
    pub(super) fn push(&mut self, op: Op, inputs: &[ValueId]) -> Lowered<ValueId> {
        let mut kinds = Vec::with_capacity(inputs.len());
        let mut constants = 0_usize;
        for &id in inputs {
            let value = self
                .values
                .get(id.0)
                .ok_or("reads a value that is not there")?;
            kinds.push(&value.kind);
            constants = constants.saturating_add(usize::from(value.constant.is_some()));
        }
        let kind = op.infer(&kinds)?;
        let work = op.work(&kinds, &kind);
        let at_load = constants == inputs.len();
        if at_load {
            // What it costs is known before it is spent.
            self.afford(elements(&kind.shape)?)?;
            self.charge(work, at_load)?;
            let result = self.evaluate(&op, inputs)?;
            return self.value(kind, Some(result));
        }
        self.charge(work, at_load)?;
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

    /// The result of an operation on constants.
    fn evaluate(&self, op: &Op, inputs: &[ValueId]) -> Lowered<Tensor> {
        let constants: Vec<&Tensor> = inputs
            .iter()
            .filter_map(|&id| self.elements_of(id))
            .collect();
        Ok(op.eval(&constants)?)
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
    pub(super) fn finish(mut self, file: &str, output: ValueId) -> Graph {
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
            file: file.to_owned(),
            values: self.values,
            inputs: self.inputs,
            nodes: self.nodes,
            output,
        }
    }
}
