//! Evaluating a [`Graph`], one node after another.

use super::graph::{Graph, Node, ValueId};
use super::tensor::{Reason, Tensor};
use crate::error::{Error, Result};

/// The output of a graph for these inputs, by feature name.
///
/// Inputs that the graph does not have are left alone.
///
/// # Errors
///
/// [`Error::Op`] when an operation fails, such as a lookup outside its table, or an input is missing
/// or has another shape.
pub(super) fn run(graph: &Graph, inputs: &[(&str, &Tensor)]) -> Result<Tensor> {
    let mut slots: Vec<Option<Tensor>> = vec![None; graph.values.len()];
    for &(name, tensor) in inputs {
        if let Some(id) = graph.input(name) {
            let expected = graph.value(id).map(|value| &value.kind);
            if expected != Some(&tensor.kind()) {
                return Err(Error::Shape {
                    what: "input of the program",
                    expected: expected.map(ToString::to_string).unwrap_or_default(),
                    found: format!("{} as `{name}`", tensor.kind()),
                });
            }
            store(&mut slots, id, tensor.clone());
        }
    }
    for node in &graph.nodes {
        let result = evaluate(graph, &slots, node).map_err(|reason| Error::Op {
            file: graph.file.clone(),
            op: node.place.op.clone(),
            place: node.place.at.clone(),
            reason,
        })?;
        for &id in &node.last_uses {
            if let Some(slot) = slots.get_mut(id.0) {
                *slot = None;
            }
        }
        store(&mut slots, node.output, result);
    }
    read(graph, &slots, graph.output)
        .cloned()
        .map_err(|reason| Error::Op {
            file: graph.file.clone(),
            op: "output".to_owned(),
            place: "the end of the program".to_owned(),
            reason,
        })
}

fn store(slots: &mut [Option<Tensor>], id: ValueId, tensor: Tensor) {
    if let Some(slot) = slots.get_mut(id.0) {
        *slot = Some(tensor);
    }
}

fn evaluate(graph: &Graph, slots: &[Option<Tensor>], node: &Node) -> Reason<Tensor> {
    let inputs = node
        .inputs
        .iter()
        .map(|&id| read(graph, slots, id))
        .collect::<Reason<Vec<_>>>()?;
    node.op.eval(&inputs)
}

fn read<'a>(graph: &'a Graph, slots: &'a [Option<Tensor>], id: ValueId) -> Reason<&'a Tensor> {
    let computed = slots.get(id.0).and_then(Option::as_ref);
    let constant = || graph.value(id).and_then(|value| value.constant.as_ref());
    computed.or_else(constant).ok_or_else(|| {
        let name = graph.value(id).map_or("", |value| &value.name);
        format!("`{name}` has no value")
    })
}
