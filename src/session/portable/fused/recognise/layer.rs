//! One encoder layer, in two halves.

use super::attention::{self, Masks};
use super::program::{Product, Program};
use super::{Recognised, activation_of, probe};
use crate::session::portable::fused::kernels::Activation;
use crate::session::portable::fused::weights::{Layer, Norm};
use crate::session::portable::graph::ValueId;
use crate::session::portable::ops::{Arithmetic, Gelu, Op, Unary};
use crate::session::portable::tensor::{Dense, Tensor};

/// The second half of a layer: `norm(x + down(activation(up(x))))`.
pub(super) struct FeedForward<'a> {
    input: ValueId,
    up: Product<'a>,
    activation: Activation,
    down: Product<'a>,
    norm: Norm,
}

/// A layer and where its input comes from.
pub(super) struct Found {
    pub(super) layer: Layer,
    pub(super) heads: usize,
    pub(super) input: ValueId,
}

/// The feed-forward whose result a value is.
pub(super) fn feed_forward<'a>(program: &Program<'a>, value: ValueId) -> Option<FeedForward<'a>> {
    let (norm, sum) = program.norm(program.strip(value))?;
    let node = program.node(program.strip(sum))?;
    (node.op == Op::Arithmetic(Arithmetic::Add)).then_some(())?;
    Program::either_way(node)
        .into_iter()
        .flatten()
        .find_map(|(branch, residual)| {
            let input = program.strip(residual);
            program.states_width(input)?;
            let down = program.product(program.strip(branch))?;
            let (activation, up) = activated(program, down.input)?;
            (program.strip(up.input) == input).then(|| FeedForward {
                input,
                up,
                activation,
                down,
                norm: norm.clone(),
            })
        })
}

/// The first half, `norm(x + output(attention(x)))`, in front of a second one.
pub(super) fn attention(
    program: &Program<'_>,
    rest: &FeedForward<'_>,
    masks: &mut Masks,
) -> Recognised<Found> {
    let expected = || {
        format!(
            "expected attention with residual and LayerNorm, found {}",
            program.describe(rest.input)
        )
    };
    let (attention_norm, sum) = program.norm(rest.input).ok_or_else(expected)?;
    let node = program
        .node(program.strip(sum))
        .filter(|node| node.op == Op::Arithmetic(Arithmetic::Add))
        .ok_or_else(expected)?;
    let mut reason = expected();
    for (branch, residual) in Program::either_way(node).into_iter().flatten() {
        let input = program.strip(residual);
        let Some(output) = program.product(program.strip(branch)) else {
            continue;
        };
        match attention::attention(program, output.input, input, masks) {
            Ok(found) => {
                let layer = Layer {
                    query: found.query,
                    key: found.key,
                    value: found.value,
                    scale: found.scale,
                    output: output.linear(),
                    attention_norm,
                    up: rest.up.linear(),
                    activation: rest.activation,
                    down: rest.down.linear(),
                    norm: rest.norm.clone(),
                };
                return Ok(Found {
                    layer,
                    heads: found.heads,
                    input,
                });
            }
            Err(found) => reason = found,
        }
    }
    Err(reason)
}

/// An activation of a linear layer.
fn activated<'a>(program: &Program<'a>, value: ValueId) -> Option<(Activation, Product<'a>)> {
    let value = program.strip(value);
    let node = program.node(value)?;
    if let (Op::Unary(unary), &[x]) = (&node.op, &node.inputs[..])
        && let Some(activation) = activation_of(*unary)
    {
        return Some((activation, program.product(program.strip(x))?));
    }
    // Spelled out: find the one linear layer behind element-wise operations, then look at values.
    let mut open = vec![value];
    let mut start = None;
    while let Some(value) = open.pop() {
        if let Some(product) = program.product(value) {
            match start {
                Some((known, _)) if known != value => return None,
                _ => start = Some((value, product)),
            }
            continue;
        }
        if program.floats(value).is_some() {
            continue;
        }
        let node = program.node(value)?;
        // Shared operands may be visited twice; the bound keeps a hostile program from going on.
        let fits = matches!(node.op, Op::Unary(_) | Op::Arithmetic(_)) && open.len() < 64;
        fits.then_some(())?;
        open.extend(&node.inputs);
    }
    let (from, product) = start?;
    Some((by_values(program, from, value)?, product))
}

/// The activation that computes the values of `to` from those of `from`.
fn by_values(program: &Program<'_>, from: ValueId, to: ValueId) -> Option<Activation> {
    let mut input = probe::noise(program.shape(from))?.map(|x| 8.0 * x);
    if program.shape(from) != program.shape(to) {
        return None;
    }
    // Small numbers too, where activations differ most.
    input = Dense::new(
        input.shape(),
        input
            .data()
            .iter()
            .enumerate()
            .map(|(i, x)| if i % 2 == 0 { *x } else { x / 8.0 })
            .collect(),
    )
    .ok()?;
    let given = Tensor::Float(input.clone());
    let found = probe::evaluate(program.graph, &[(from, &given)], to)?;
    let found = found.float().ok()?;
    [
        Unary::Gelu(Gelu::Exact),
        Unary::Gelu(Gelu::Tanh),
        Unary::Relu,
        Unary::Tanh,
    ]
    .into_iter()
    .find(|unary| {
        // Below the distance between both forms of GELU, above that of float16 constants.
        let close = |(x, y): (&f32, &f32)| (x - y).abs() <= 1e-5 + 1e-5 * x.abs();
        let expected = unary.eval(&input);
        expected.data().iter().zip(found.data()).all(close)
    })
    .and_then(activation_of)
}
