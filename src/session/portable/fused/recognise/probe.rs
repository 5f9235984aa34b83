//! Parts of a graph, evaluated on made-up values.

use std::collections::HashSet;

use crate::session::portable::graph::{Graph, ValueId};
use crate::session::portable::tensor::{Dense, Tensor};

/// The value of `target` when these values are given; None if it needs others, or fails.
pub(super) fn evaluate(
    graph: &Graph,
    given: &[(ValueId, &Tensor)],
    target: ValueId,
) -> Option<Tensor> {
    let mut needed = HashSet::from([target]);
    for node in graph.nodes.iter().rev() {
        let known = given.iter().any(|(id, _)| *id == node.output);
        if needed.contains(&node.output) && !known {
            needed.extend(&node.inputs);
        }
    }
    let mut slots: Vec<Option<Tensor>> = vec![None; graph.values.len()];
    for &(id, tensor) in given {
        *slots.get_mut(id.0)? = Some(tensor.clone());
    }
    for node in &graph.nodes {
        let slot = slots.get(node.output.0)?;
        if slot.is_some() || !needed.contains(&node.output) {
            continue;
        }
        let read = |id: &ValueId| -> Option<&Tensor> {
            slots
                .get(id.0)?
                .as_ref()
                .or(graph.value(*id)?.constant.as_ref())
        };
        // Nodes on the far side of a given value may lack operands: they are not needed.
        let Some(inputs) = node.inputs.iter().map(read).collect::<Option<Vec<_>>>() else {
            continue;
        };
        let result = node.op.eval(&inputs).ok()?;
        *slots.get_mut(node.output.0)? = Some(result);
    }
    slots.get_mut(target.0)?.take()
}

/// Numbers from −1 to 1 without a pattern that matters, the same at every call.
pub(super) fn noise(shape: &[usize]) -> Option<Dense<f32>> {
    let mut state = 0x9E37_79B9_u32;
    let count = shape.iter().product::<usize>();
    let next = || {
        // xorshift32
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    Dense::new(shape, std::iter::repeat_with(next).take(count).collect()).ok()
}
