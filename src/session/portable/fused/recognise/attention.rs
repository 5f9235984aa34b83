//! Attention: queries, keys, values, and the mask over keys.

use std::collections::HashSet;

use super::program::{Path, Product, Program};
use super::{Recognised, probe};
use crate::session::portable::fused::weights::Linear;
use crate::session::portable::graph::ValueId;
use crate::session::portable::ops::{Arithmetic, Op};
use crate::session::portable::tensor::{Dense, Tensor};

/// What attention over a value is made of.
pub(super) struct Attention {
    pub(super) heads: usize,
    pub(super) query: Linear,
    pub(super) key: Linear,
    pub(super) value: Linear,
    pub(super) scale: f32,
}

/// Maskings that were found to be right: how scores become probabilities.
#[derive(Default)]
pub(super) struct Masks {
    proven: Vec<(f32, Vec<Step>)>,
}

/// An operation between scores and softmax, and its other operands.
#[derive(Debug, Clone, PartialEq)]
struct Step {
    op: Op,
    others: Vec<Other>,
}

#[derive(Debug, Clone, PartialEq)]
enum Other {
    /// The scores.
    Scores,
    /// A value of the program.
    Value(ValueId),
    /// A constant number, which each layer has its own of.
    Number(f32),
}

/// Sizes of one attention.
#[derive(Clone, Copy)]
struct Sizes {
    heads: usize,
    tokens: usize,
    width: usize,
}

/// The attention over `input` whose result `context` is.
pub(super) fn attention(
    program: &Program<'_>,
    context: ValueId,
    input: ValueId,
    masks: &mut Masks,
) -> Recognised<Attention> {
    let unknown =
        |what: &str, value: ValueId| format!("expected {what}, found {}", program.describe(value));
    // context[token, head, i] = (probabilities · values)[head, token, i]
    let path = program.trace(context);
    let not_context = || unknown("heads' contexts side by side", path.base);
    let node = program.node(path.base).ok_or_else(not_context)?;
    let (Op::Matmul(mixing), &[probabilities, values]) = (&node.op, &node.inputs[..]) else {
        return Err(not_context());
    };
    let sizes = sizes(program, path.base).ok_or_else(not_context)?;
    let sources = program.sources(&path).ok_or_else(not_context)?;
    if path.factor != 1.0 || mixing.transpose_x || !merges_heads(&sources, sizes) {
        return Err(not_context());
    }

    let probabilities = program.strip(probabilities);
    let not_softmax = || unknown("a softmax over keys", probabilities);
    let softmax = program.node(probabilities).ok_or_else(not_softmax)?;
    let (&Op::Softmax(axis), &[masked]) = (&softmax.op, &softmax.inputs[..]) else {
        return Err(not_softmax());
    };
    if axis.checked_add(1) != Some(program.shape(probabilities).len()) {
        return Err(not_softmax());
    }

    let (scores, scale, steps) = scores(program, masked, input)?;
    let node = program.node(scores).ok_or_else(not_softmax)?;
    let (Op::Matmul(scoring), &[queries, keys]) = (&node.op, &node.inputs[..]) else {
        return Err(unknown("a product of queries and keys", scores));
    };
    if scoring.transpose_x || program.elements(scores) != program.elements(probabilities) {
        return Err(unknown("a product of queries and keys", scores));
    }
    let proof = (scale, steps);
    if !masks.proven.contains(&proof) {
        prove_mask(program, scores, probabilities, scale, sizes)?;
        masks.proven.push(proof);
    }

    let part = |what: &str, value: ValueId, turned: bool| {
        let path = program.trace(value);
        split_heads(program, &path, input, sizes, turned)
            .map(|linear| (linear, path.factor))
            .ok_or_else(|| unknown(what, path.base))
    };
    let (query, query_factor) = part("queries, head by head", queries, false)?;
    let (key, key_factor) = part("keys, head by head", keys, !scoring.transpose_y)?;
    let (value, value_factor) = part("values, head by head", values, mixing.transpose_y)?;
    if value_factor != 1.0 {
        return Err("values that are multiplied with a number".to_owned());
    }
    let scale = scale * query_factor * key_factor;
    // Padding is left out instead of being masked. That is the same only while the mask outweighs
    // the scores, and scores that are made larger might reach it.
    if !(scale > 0.0 && scale <= 1.0) {
        return Err(format!(
            "expected scores multiplied with a number of at most 1, found {scale}: {}",
            program.describe(scores)
        ));
    }
    Ok(Attention {
        heads: sizes.heads,
        query,
        key,
        value,
        scale,
    })
}

/// Heads, tokens and head width of `[.., heads, tokens, width]`.
fn sizes(program: &Program<'_>, value: ValueId) -> Option<Sizes> {
    match program.shape(value) {
        &[ref outer @ .., tokens, width] if tokens == program.seq_len => Some(Sizes {
            heads: outer.iter().product(),
            tokens,
            width,
        }),
        _ => None,
    }
}

/// Whether `[token, head, i]` is made of `[head, token, i]`.
fn merges_heads(sources: &Dense<i32>, sizes: Sizes) -> bool {
    let Sizes {
        heads,
        tokens,
        width,
    } = sizes;
    let expected = (0..tokens).flat_map(|token| {
        (0..heads)
            .flat_map(move |head| (0..width).map(move |i| (head * tokens + token) * width + i))
    });
    sources.data().len() == heads * tokens * width
        && expected
            .zip(sources.data())
            .all(|(expected, source)| usize::try_from(*source) == Ok(expected))
}

/// The linear layer over `input` of which `[head, token, i]`, or `[head, i, token]` if turned, are
/// columns; its outputs come in the order of heads.
fn split_heads(
    program: &Program<'_>,
    path: &Path<'_>,
    input: ValueId,
    sizes: Sizes,
    turned: bool,
) -> Option<Linear> {
    let Sizes {
        heads,
        tokens,
        width,
    } = sizes;
    let product: Product<'_> = program.product(program.strip(path.base))?;
    let states = program.shape(path.base) == [1, tokens, product.outputs()];
    (states && program.strip(product.input) == input).then_some(())?;
    let sources = program.sources(path)?;
    (sources.data().len() == heads * tokens * width).then_some(())?;
    let at = |head: usize, token: usize, i: usize| {
        let inner = if turned {
            i * tokens + token
        } else {
            token * width + i
        };
        let source = sources.data().get(head * tokens * width + inner)?;
        usize::try_from(*source).ok()
    };
    let mut columns = Vec::with_capacity(heads * width);
    for head in 0..heads {
        for i in 0..width {
            let column = at(head, 0, i).filter(|column| *column < product.outputs())?;
            for token in 1..tokens {
                (at(head, token, i)? == token * product.outputs() + column).then_some(())?;
            }
            columns.push(column);
        }
    }
    Some(product.columns(columns))
}

/// Follows masked scores back to the product they are made of, with the number it is multiplied
/// with and the operations on the way.
fn scores(
    program: &Program<'_>,
    masked: ValueId,
    input: ValueId,
) -> Recognised<(ValueId, f32, Vec<Step>)> {
    let of_states = program.depending_on(&[Some(input)]);
    let of_tokens = program.depending_on(&[program.ids, program.types]);
    let mut value = masked;
    let (mut factor, mut steps) = (1.0, Vec::new());
    loop {
        let unknown = || {
            format!(
                "expected scores with a mask over keys, found {}",
                program.describe(value)
            )
        };
        let node = program.node(value).ok_or_else(unknown)?;
        match node.op {
            Op::Matmul(_) => return Ok((value, factor, steps)),
            Op::Arithmetic(_) | Op::Select => {}
            Op::Reshape(_) | Op::Cast(_) if program.strip(value) != value => {
                value = program.strip(value);
                continue;
            }
            _ => return Err(unknown()),
        }
        let next = only(&node.inputs, &of_states).ok_or_else(unknown)?;
        if program.shape(next) != program.shape(value) {
            return Err(unknown());
        }
        if node
            .inputs
            .iter()
            .any(|id| *id != next && of_tokens.contains(id))
        {
            return Err(format!(
                "a mask that depends on more than the attention mask: {}",
                program.describe(value)
            ));
        }
        let numbers: Vec<f32> = node
            .inputs
            .iter()
            .filter_map(|id| program.scalar(*id))
            .collect();
        match (&node.op, &numbers[..]) {
            (Op::Arithmetic(Arithmetic::Mul), [number]) => factor *= number,
            (Op::Arithmetic(Arithmetic::RealDiv), [number]) => factor /= number,
            _ => {}
        }
        let other = |id: &ValueId| match program.scalar(*id) {
            _ if *id == next => Other::Scores,
            Some(number) => Other::Number(number),
            None => Other::Value(*id),
        };
        steps.push(Step {
            op: node.op.clone(),
            others: node.inputs.iter().map(other).collect(),
        });
        value = next;
    }
}

/// The one operand that is in the set.
fn only(inputs: &[ValueId], set: &HashSet<ValueId>) -> Option<ValueId> {
    let mut found = inputs.iter().filter(|id| set.contains(id));
    match (found.next(), found.next()) {
        (Some(id), None) => Some(*id),
        _ => None,
    }
}

/// Checks on probes that the probabilities of real tokens are the softmax of their scaled scores
/// over the real tokens, and that padding has none.
fn prove_mask(
    program: &Program<'_>,
    scores: ValueId,
    probabilities: ValueId,
    scale: f32,
    sizes: Sizes,
) -> Recognised<()> {
    let tokens = sizes.tokens;
    let wrong = |reason: &str| {
        format!(
            "a mask that is not the usual one over keys, {reason}: {}",
            program.describe(probabilities)
        )
    };
    let mask = program
        .mask
        .ok_or_else(|| wrong("there is no attention mask"))?;
    // Scores of everyday size, and such as a weak mask does not cover.
    for (length, size) in [(1, 40.0), (2, 2.0), (tokens / 2, 40.0), (tokens, 2.0)] {
        let length = length.clamp(1, tokens);
        let given = probe::noise(program.shape(scores))
            .map(|noise| noise.map(|x| x * size / scale))
            .ok_or_else(|| wrong("too large to try"))?;
        let ones = (0..tokens).map(|token| i32::from(token < length)).collect();
        let row = Dense::new([1, tokens], ones).map_err(|_| wrong("too large to try"))?;
        let (scores_given, row) = (Tensor::Float(given.clone()), Tensor::Int(row));
        let inputs = [(scores, &scores_given), (mask, &row)];
        let found = probe::evaluate(program.graph, &inputs, probabilities);
        let found = match &found {
            Some(Tensor::Float(found)) => found,
            _ => return Err(wrong("it cannot be evaluated")),
        };
        let rows = given
            .data()
            .chunks_exact(tokens)
            .zip(found.data().chunks_exact(tokens));
        for (index, (scores, found)) in rows.enumerate() {
            // Queries that are padding themselves are never looked at.
            if index % tokens < length && !is_softmax(scores, found, scale, length) {
                return Err(wrong(&format!("seen with {length} of {tokens} tokens")));
            }
        }
    }
    Ok(())
}

/// Whether probabilities are the softmax of the first `length` scaled scores.
fn is_softmax(scores: &[f32], found: &[f32], scale: f32, length: usize) -> bool {
    let real = scores.iter().take(length).map(|score| score * scale);
    let largest = real.clone().fold(f32::NEG_INFINITY, f32::max);
    let total: f32 = real.clone().map(|score| (score - largest).exp()).sum();
    let close = real
        .zip(found)
        .all(|(score, found)| ((score - largest).exp() / total - found).abs() <= 1e-5);
    close && found.iter().skip(length).all(|found| *found == 0.0)
}
