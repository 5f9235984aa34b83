//! The program in our own terms: few operations, every name resolved, every shape known.

use std::collections::HashSet;

use super::ops::Op;
use super::tensor::{Tensor, TensorKind};

/// Index of a value in [`Graph::values`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ValueId(pub(super) usize);

/// Something that operations read: an input, a constant, or the result of a node.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    /// The name in the program; values that the lowering adds carry their operation's.
    pub(crate) name: String,
    pub(crate) kind: TensorKind,
    /// The elements, when they do not depend on the inputs.
    pub(crate) constant: Option<Tensor>,
}

/// Where an operation stands in the program, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The MIL operation, such as `linear`.
    pub(crate) op: String,
    /// Output name and position.
    pub(crate) at: String,
}

/// One operation on resolved values.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) op: Op,
    /// As many, and in the order, as [`Op`] says.
    pub(crate) inputs: Vec<ValueId>,
    pub(crate) output: ValueId,
    pub(crate) place: Place,
    /// Values that no later node reads.
    pub(super) last_uses: Vec<ValueId>,
}

/// A function of a program: its nodes in an order in which they can be evaluated.
#[derive(Debug, Clone)]
pub(crate) struct Graph {
    /// The file of the program, for messages.
    pub(super) file: String,
    pub(super) values: Vec<Value>,
    /// Feature names of the inputs.
    pub(super) inputs: Vec<(String, ValueId)>,
    pub(super) nodes: Vec<Node>,
    pub(super) output: ValueId,
}

impl Graph {
    pub(crate) fn value(&self, id: ValueId) -> Option<&Value> {
        self.values.get(id.0)
    }

    /// The input of this feature name, if the program has one.
    pub(crate) fn input(&self, name: &str) -> Option<ValueId> {
        self.inputs
            .iter()
            .find(|(input, _)| input == name)
            .map(|&(_, id)| id)
    }

    /// Number of rows of the largest constant table that values computed from `indices` look up:
    /// the vocabulary, when `indices` are the token ids.
    pub(super) fn table_rows(&self, indices: ValueId) -> Option<usize> {
        let mut computed = HashSet::from([indices]);
        let mut rows = None;
        for node in &self.nodes {
            let reads = |position: usize| {
                node.inputs
                    .get(position)
                    .is_some_and(|id| computed.contains(id))
            };
            match &node.op {
                Op::Gather(gather) if gather.axis == 0 && reads(1) => {
                    let table = node.inputs.first().and_then(|&id| self.value(id));
                    if let Some(Tensor::Float(table)) = table.and_then(|v| v.constant.as_ref()) {
                        rows = rows.max(table.shape().first().copied());
                    }
                }
                Op::Cast(_) | Op::Reshape(_) | Op::Arithmetic(_) if reads(0) || reads(1) => {
                    computed.insert(node.output);
                }
                Op::Select if reads(1) || reads(2) => {
                    computed.insert(node.output);
                }
                _ => {}
            }
        }
        rows
    }
}
