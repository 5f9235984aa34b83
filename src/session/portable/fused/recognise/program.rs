//! A graph, looked at backwards.

use std::collections::HashSet;

use super::Features;
use crate::session::portable::fused::weights::{Linear, Norm};
use crate::session::portable::graph::{Graph, Node, ValueId};
use crate::session::portable::ops::{Arithmetic, CastTo, Matmul, Op};
use crate::session::portable::tensor::{Dense, Kind, Tensor};

/// A graph with what is asked of it all the time.
pub(super) struct Program<'a> {
    pub(super) graph: &'a Graph,
    producers: Vec<Option<&'a Node>>,
    pub(super) seq_len: usize,
    pub(super) ids: Option<ValueId>,
    pub(super) mask: Option<ValueId>,
    pub(super) types: Option<ValueId>,
}

/// A product with a constant matrix, and what is added to it.
#[derive(Clone, Copy)]
pub(super) struct Product<'a> {
    pub(super) input: ValueId,
    weight: &'a Dense<f32>,
    /// `[inputs, outputs]` instead of `[outputs, inputs]`.
    turned: bool,
    bias: Option<&'a [f32]>,
}

/// How a value is made of another by moving elements and scaling.
pub(super) struct Path<'a> {
    /// From the end to the base.
    pub(super) steps: Vec<&'a Op>,
    pub(super) factor: f32,
    pub(super) base: ValueId,
}

impl<'a> Program<'a> {
    pub(super) fn new(graph: &'a Graph, features: Features<'_>, seq_len: usize) -> Self {
        let mut producers = vec![None; graph.values.len()];
        for node in &graph.nodes {
            if let Some(slot) = producers.get_mut(node.output.0) {
                *slot = Some(node);
            }
        }
        Self {
            graph,
            producers,
            seq_len,
            ids: graph.input(features.input_ids),
            mask: graph.input(features.attention_mask),
            types: graph.input(features.token_type_ids),
        }
    }

    /// The node whose result a value is.
    pub(super) fn node(&self, value: ValueId) -> Option<&'a Node> {
        self.producers.get(value.0).copied().flatten()
    }

    pub(super) fn shape(&self, value: ValueId) -> &'a [usize] {
        self.graph
            .value(value)
            .map_or(&[], |value| value.kind.shape.as_slice())
    }

    pub(super) fn elements(&self, value: ValueId) -> usize {
        self.shape(value).iter().product()
    }

    /// The last dimension of `[1, seq_len, width]`.
    pub(super) fn states_width(&self, value: ValueId) -> Option<usize> {
        match self.shape(value) {
            &[1, tokens, width] if tokens == self.seq_len => Some(width),
            _ => None,
        }
    }

    /// The elements of a constant.
    pub(super) fn floats(&self, value: ValueId) -> Option<&'a Dense<f32>> {
        match &self.graph.value(value)?.constant {
            Some(Tensor::Float(dense)) => Some(dense),
            _ => None,
        }
    }

    /// The one element of a constant.
    pub(super) fn scalar(&self, value: ValueId) -> Option<f32> {
        match self.floats(value)?.data() {
            &[scalar] => Some(scalar),
            _ => None,
        }
    }

    /// What a value is, for messages.
    pub(super) fn describe(&self, value: ValueId) -> String {
        match self.node(value) {
            Some(node) => format!("`{}` at {}", node.place.op, node.place.at),
            None => format!(
                "`{}`",
                self.graph.value(value).map_or("", |value| &value.name)
            ),
        }
    }

    /// The value behind operations that change nothing.
    pub(super) fn strip(&self, mut value: ValueId) -> ValueId {
        while let Some(node) = self.node(value)
            && let &[x] = &node.inputs[..]
            && self.shape(x) == self.shape(value)
            && self.changes_nothing(&node.op, x)
        {
            value = x;
        }
        value
    }

    /// The input that indices below `limit` come from unchanged.
    pub(super) fn strip_indices(&self, value: ValueId, limit: usize) -> ValueId {
        let mut value = self.strip(value);
        while let Some(node) = self.node(value)
            && let (Op::Cast(to), &[x]) = (&node.op, &node.inputs[..])
            && let Some(most) = match to {
                CastTo::Int8 => Some(1 << 7),
                CastTo::UInt8 => Some(1 << 8),
                CastTo::Int16 => Some(1 << 15),
                CastTo::UInt16 => Some(1 << 16),
                _ => None,
            }
            && limit <= most
        {
            value = self.strip(x);
        }
        value
    }

    /// Whether an operation that keeps the shape of `x` keeps its elements.
    fn changes_nothing(&self, op: &Op, x: ValueId) -> bool {
        match op {
            Op::Reshape(_) | Op::Tile(_) | Op::Slice(_) => true,
            Op::Transpose(order) => order.iter().copied().eq(0..order.len()),
            Op::Cast(to) => self.same_kind(*to, x),
            _ => false,
        }
    }

    fn same_kind(&self, to: CastTo, x: ValueId) -> bool {
        self.graph.value(x).is_some_and(|x| match x.kind.kind {
            Kind::Float => matches!(to, CastTo::Float),
            Kind::Int => matches!(to, CastTo::Int32),
            Kind::Bool => matches!(to, CastTo::Bool),
        })
    }

    /// Both operands of an operation, in both orders.
    pub(super) fn either_way(node: &Node) -> [Option<(ValueId, ValueId)>; 2] {
        match &node.inputs[..] {
            &[x, y] => [Some((x, y)), Some((y, x))],
            _ => [None, None],
        }
    }

    /// The product with a constant matrix that a value is.
    pub(super) fn product(&self, value: ValueId) -> Option<Product<'a>> {
        let node = self.node(value)?;
        match (&node.op, &node.inputs[..]) {
            (Op::Linear, &[input, weight, bias]) => Some(Product {
                input,
                weight: self.floats(weight)?,
                turned: false,
                bias: Some(self.floats(bias)?.data()),
            }),
            (Op::Matmul(matmul), &[x, y]) => self.matrix_product(*matmul, x, y),
            (Op::Arithmetic(Arithmetic::Add), _) => {
                let found = Self::either_way(node).into_iter().flatten();
                found
                    .filter_map(|(x, bias)| {
                        let bias = self.floats(bias)?;
                        let factor = self.node(x)?;
                        let (Op::Matmul(matmul), &[x, y]) = (&factor.op, &factor.inputs[..]) else {
                            return None;
                        };
                        let product = self.matrix_product(*matmul, x, y)?;
                        let fits = bias.data().len() == product.outputs()
                            && bias.shape().last() == Some(&product.outputs());
                        fits.then_some(Product {
                            bias: Some(bias.data()),
                            ..product
                        })
                    })
                    .next()
            }
            _ => None,
        }
    }

    fn matrix_product(&self, matmul: Matmul, x: ValueId, y: ValueId) -> Option<Product<'a>> {
        let weight = self.floats(y)?;
        let plain = !matmul.transpose_x && weight.shape().len() == 2;
        plain.then_some(Product {
            input: x,
            weight,
            turned: !matmul.transpose_y,
            bias: None,
        })
    }

    /// The LayerNorm over the last axis that a value is, and what it normalises.
    pub(super) fn norm(&self, value: ValueId) -> Option<(Norm, ValueId)> {
        let node = self.node(value)?;
        let (Op::LayerNorm(norm), &[x, gamma, beta]) = (&node.op, &node.inputs[..]) else {
            return None;
        };
        let last = self.shape(x).len().checked_sub(1)?;
        (norm.axes == [last]).then_some(())?;
        let norm = Norm {
            scale: self.floats(gamma)?.data().to_vec(),
            shift: self.floats(beta)?.data().to_vec(),
            epsilon: norm.epsilon,
        };
        Some((norm, x))
    }

    /// Follows a value back through moves of elements and products with numbers.
    pub(super) fn trace(&self, mut value: ValueId) -> Path<'a> {
        let (mut steps, mut factor) = (Vec::new(), 1.0);
        while let Some(node) = self.node(value) {
            match (&node.op, &node.inputs[..]) {
                (Op::Reshape(_) | Op::Transpose(_) | Op::Slice(_) | Op::Tile(_), &[x]) => {
                    steps.push(&node.op);
                    value = x;
                }
                (Op::Cast(to), &[x]) if self.same_kind(*to, x) => value = x,
                (Op::Arithmetic(Arithmetic::Mul), &[x, y]) => {
                    let (number, other) = match (self.scalar(x), self.scalar(y)) {
                        (None, Some(number)) => (number, x),
                        (Some(number), None) => (number, y),
                        _ => break,
                    };
                    if self.shape(other) != self.shape(value) {
                        break;
                    }
                    factor *= number;
                    value = other;
                }
                (Op::Arithmetic(Arithmetic::RealDiv), &[x, y])
                    if self.shape(x) == self.shape(value) =>
                {
                    let Some(number) = self.scalar(y) else { break };
                    factor /= number;
                    value = x;
                }
                _ => break,
            }
        }
        Path {
            steps,
            factor,
            base: value,
        }
    }

    /// For each element at the end of a path, the number of the element of its base that it is.
    /// None for what no encoder has: very many elements or moves.
    pub(super) fn sources(&self, path: &Path<'_>) -> Option<Dense<i32>> {
        const MOST_ELEMENTS: usize = 1 << 24;
        const MOST_STEPS: usize = 16;
        let elements = Some(self.elements(path.base)).filter(|count| *count <= MOST_ELEMENTS)?;
        (path.steps.len() <= MOST_STEPS).then_some(())?;
        let count = i32::try_from(elements).ok()?;
        let numbers = Dense::new(self.shape(path.base), (0..count).collect()).ok()?;
        let mut moved = Tensor::Int(numbers);
        for op in path.steps.iter().rev() {
            moved = op.eval(&[&moved]).ok()?;
        }
        match moved {
            Tensor::Int(sources) => Some(sources),
            _ => None,
        }
    }

    /// All values that are computed from any of these, and these.
    pub(super) fn depending_on(&self, roots: &[Option<ValueId>]) -> HashSet<ValueId> {
        let mut found: HashSet<ValueId> = roots.iter().copied().flatten().collect();
        for node in &self.graph.nodes {
            if node.inputs.iter().any(|input| found.contains(input)) {
                found.insert(node.output);
            }
        }
        found
    }
}

impl Product<'_> {
    pub(super) fn outputs(&self) -> usize {
        let shape = self.weight.shape();
        let output = if self.turned {
            shape.last()
        } else {
            shape.first()
        };
        output.copied().unwrap_or(0)
    }

    pub(super) fn linear(&self) -> Linear {
        self.columns(0..self.outputs())
    }

    /// Some of the outputs, in this order; there must be such outputs.
    pub(super) fn columns(&self, columns: impl IntoIterator<Item = usize>) -> Linear {
        let outputs = self.outputs().max(1);
        let inputs = self.weight.data().len() / outputs;
        let (mut weight, mut bias) = (Vec::new(), Vec::new());
        for column in columns {
            let matrix = self.weight.data();
            if self.turned {
                weight.extend(matrix.iter().skip(column).step_by(outputs));
            } else {
                weight.extend(matrix.iter().skip(column * inputs).take(inputs));
            }
            bias.push(
                self.bias
                    .and_then(|bias| bias.get(column))
                    .copied()
                    .unwrap_or(0.0),
            );
        }
        Linear {
            weight,
            inputs,
            outputs: bias.len(),
            bias,
        }
    }
}
