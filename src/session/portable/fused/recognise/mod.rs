//! A graph → the weights of an encoder, if it is one.
//!
//! Nothing goes by names or by the order of independent operations. Where the spelling of a part
//! varies between exporters, what it computes is looked at instead: layouts are followed by moving
//! element numbers through them, masks and activations by evaluating them on probes.

mod attention;
mod embeddings;
mod layer;
mod probe;
mod program;

use super::kernels::Activation;
use super::weights::{Linear, Weights};
use crate::session::portable::graph::{Graph, ValueId};
use crate::session::portable::ops::{Gelu, Op, Unary};
use program::Program;

/// What was found, or why it is not an encoder.
pub(super) type Recognised<T> = Result<T, String>;

/// Names of the inputs that a program looks at.
#[derive(Debug, Clone, Copy)]
pub(in crate::session::portable) struct Features<'a> {
    pub(in crate::session::portable) input_ids: &'a str,
    pub(in crate::session::portable) attention_mask: &'a str,
    pub(in crate::session::portable) token_type_ids: &'a str,
}

/// The weights of a BERT-shaped classifier.
///
/// # Errors
///
/// The first place, looking back from the logits, where the program is not one.
pub(in crate::session::portable) fn recognise(
    graph: &Graph,
    features: Features<'_>,
    seq_len: usize,
) -> Recognised<Weights> {
    let program = Program::new(graph, features, seq_len);
    let (classifier, mut states) = classifier(&program)?;
    let mut layers = Vec::new();
    let mut heads = None;
    let mut masks = attention::Masks::default();
    while let Some(half) = layer::feed_forward(&program, states) {
        let found = layer::attention(&program, &half, &mut masks)?;
        if *heads.get_or_insert(found.heads) != found.heads {
            return Err("layers with different numbers of heads".to_owned());
        }
        layers.push(found.layer);
        states = found.input;
    }
    let heads = heads.ok_or_else(|| {
        format!(
            "expected a feed-forward with residual and LayerNorm, found {}",
            program.describe(states)
        )
    })?;
    layers.reverse();
    Ok(Weights {
        embeddings: embeddings::embeddings(&program, states)?,
        heads,
        layers,
        classifier,
    })
}

/// The linear layers over the first token's state, and the states `[1, seq_len, hidden]`.
fn classifier(program: &Program<'_>) -> Recognised<(Vec<(Linear, Activation)>, ValueId)> {
    let mut value = program.graph.output;
    let mut layers = Vec::new();
    let mut activation = Activation::Identity;
    loop {
        if let Some(product) = program.product(value)
            && product.outputs() == program.elements(value)
        {
            layers.push((product.linear(), activation));
            activation = Activation::Identity;
            value = product.input;
            continue;
        }
        if let Some(node) = program.node(value)
            && let (Op::Unary(unary), &[x]) = (&node.op, &node.inputs[..])
            && let (Some(found), Activation::Identity) = (activation_of(*unary), activation)
        {
            (activation, value) = (found, x);
            continue;
        }
        let path = program.trace(value);
        let sources = program.sources(&path).filter(|_| path.factor == 1.0);
        let Some(sources) = sources.filter(|_| !path.steps.is_empty()) else {
            break;
        };
        if !sources
            .data()
            .iter()
            .copied()
            .eq(0..sources.data().len() as i32)
        {
            break;
        }
        if sources.data().len() == program.elements(path.base) {
            value = path.base;
            continue;
        }
        let first_token = program.states_width(path.base) == Some(sources.data().len());
        if !first_token || activation != Activation::Identity || layers.is_empty() {
            break;
        }
        layers.reverse();
        return Ok((layers, program.strip(path.base)));
    }
    Err(format!(
        "expected linear layers over the first token's state, found {}",
        program.describe(value)
    ))
}

/// The activations that have a kernel.
fn activation_of(unary: Unary) -> Option<Activation> {
    match unary {
        Unary::Gelu(Gelu::Exact) => Some(Activation::Gelu),
        Unary::Gelu(Gelu::Tanh) => Some(Activation::GeluTanh),
        Unary::Relu => Some(Activation::Relu),
        Unary::Tanh => Some(Activation::Tanh),
        _ => None,
    }
}
