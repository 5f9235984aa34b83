//! Attention within one fragment.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch};

use super::gemm::{IDENTITY, Operand, Panel, Target, panel_of, sweep, zeros};
use super::math::exp2;
use super::{load, store, sum};

/// Every token of a fragment of `tokens` tokens looks at all of them.
///
/// `qkv` holds the rows `[query | key | value]`, each `heads × width` wide, of the fragment, at least
/// [`MAX_PANEL`](super::MAX_PANEL) apart, then at least a row and as many more elements of whatever
/// value. Queries already carry the
/// factor of the scores and log2(e). `context` receives `[tokens, heads × width]`.
pub(in super::super) fn attend(
    level: Level,
    qkv: Operand<'_>,
    tokens: usize,
    heads: usize,
    width: usize,
    scratch: &mut AttentionScratch<'_>,
    context: &mut [f32],
) {
    dispatch!(level, simd => attend_all(simd, qkv, tokens, heads, width, scratch, context));
}

/// Room for one head of one fragment.
#[derive(Debug)]
pub(in super::super) struct AttentionScratch<'a> {
    /// Transposed keys: `width × tokens`, tokens rounded up to whole panels.
    pub(in super::super) keys: &'a mut [f32],
    /// Scores: `tokens × tokens`, the latter rounded up to whole panels.
    pub(in super::super) scores: &'a mut [f32],
}

#[inline(always)]
fn attend_all<S: Simd>(
    simd: S,
    qkv: Operand<'_>,
    tokens: usize,
    heads: usize,
    width: usize,
    scratch: &mut AttentionScratch<'_>,
    context: &mut [f32],
) {
    let all = heads * width;
    let (qkv, stride) = (qkv.values, qkv.stride);
    let panel = panel_of(simd);
    let padded = tokens.next_multiple_of(panel);
    let keys = &mut scratch.keys[..width * padded];
    let scores = &mut scratch.scores[..tokens * padded];
    for head in 0..heads {
        let first = head * width;
        transpose(&qkv[all + first..], stride, tokens, width, panel, keys);
        let queries = Operand {
            values: &qkv[first..],
            stride,
        };
        for (index, values) in keys.chunks_exact(width * panel).enumerate() {
            let keys = Panel {
                values,
                stride: panel,
                k: width,
            };
            let target = Target {
                values: &mut scores[index * panel..],
                stride: padded,
                columns: panel,
            };
            sweep::<S, IDENTITY>(simd, queries, tokens, keys, zeros(simd), target);
        }
        for row in scores.chunks_exact_mut(padded) {
            softmax(simd, &mut row[..tokens]);
        }
        let probabilities = Operand {
            values: scores,
            stride: padded,
        };
        for column in (0..width).step_by(panel) {
            let columns = panel.min(width - column);
            let values = Panel {
                values: &qkv[2 * all + first + column..],
                stride,
                k: tokens,
            };
            let target = Target {
                values: &mut context[first + column..],
                stride: all,
                columns,
            };
            sweep::<S, IDENTITY>(simd, probabilities, tokens, values, zeros(simd), target);
        }
    }
}

/// Copies the first `width` columns of `tokens` rows into panels of `[width, panel]`.
#[inline(always)]
fn transpose(
    rows: &[f32],
    stride: usize,
    tokens: usize,
    width: usize,
    panel: usize,
    out: &mut [f32],
) {
    for (block, out) in out.chunks_exact_mut(width * panel).enumerate() {
        let first = block * panel;
        let filled = panel.min(tokens - first);
        for lane in 0..filled {
            let row = &rows[(first + lane) * stride..][..width];
            for (value, out) in row.iter().zip(out[lane..].iter_mut().step_by(panel)) {
                *out = *value;
            }
        }
        if filled < panel {
            for out in out.chunks_exact_mut(panel) {
                out[filled..].fill(0.0);
            }
        }
    }
}

/// `2^(x − max)`, divided by its sum. If any `x` is no number, or they are too large for one, none of
/// the results is a number: a maximum and `exp2` alone could hide it.
#[inline(always)]
fn softmax<S: Simd>(simd: S, row: &mut [f32]) {
    let lanes = S::f32s::LEN;
    let (full, rest) = row.split_at_mut(row.len() - row.len() % lanes);

    let mut highest = S::f32s::splat(simd, f32::NEG_INFINITY);
    for chunk in full.chunks_exact(lanes) {
        highest = highest.max(S::f32s::from_slice(simd, chunk));
    }
    let mut last = S::f32s::splat(simd, f32::NEG_INFINITY);
    last.as_mut_slice()[..rest.len()].copy_from_slice(rest);
    highest = highest.max(last);
    let highest = highest
        .as_slice()
        .iter()
        .fold(f32::NEG_INFINITY, |a, b| a.max(*b));

    let mut total = S::f32s::splat(simd, 0.0);
    for chunk in full.chunks_exact_mut(lanes) {
        let below = S::f32s::from_slice(simd, chunk) - highest;
        let power = exp2(simd, below);
        // Zero for a number, not a number for anything else.
        total = below.mul_add(0.0, total + power);
        power.store_slice(chunk);
    }
    let mut total = sum::<S>(total);
    if !rest.is_empty() {
        let power = exp2(simd, last - highest);
        for (value, power) in rest.iter_mut().zip(power.as_slice()) {
            total += power + (*value - highest) * 0.0;
            *value = *power;
        }
    }

    let factor = 1.0 / total;
    for chunk in row.chunks_mut(lanes) {
        store::<S>(load(simd, chunk) * factor, chunk);
    }
}

/// The first token of a fragment looks at all of them.
///
/// `queries` holds one row per head, each as wide as a row of `states`: the head's query, carried
/// back through the head's key matrix, so that it is compared with the states themselves.
/// `mixed` receives one row per head: the states, averaged with the head's probabilities.
pub(in super::super) fn attend_first(
    level: Level,
    queries: &[f32],
    states: &[f32],
    hidden: usize,
    scores: &mut [f32],
    mixed: &mut [f32],
) {
    dispatch!(level, simd => {
        let tokens = states.len() / hidden;
        let scores = &mut scores[..tokens];
        for (query, mixed) in queries
            .chunks_exact(hidden)
            .zip(mixed.chunks_exact_mut(hidden))
        {
            for (score, state) in scores.iter_mut().zip(states.chunks_exact(hidden)) {
                *score = dot(simd, query, state);
            }
            softmax(simd, scores);
            mix(simd, scores, states, mixed);
        }
    });
}

#[inline(always)]
fn dot<S: Simd>(simd: S, x: &[f32], y: &[f32]) -> f32 {
    let lanes = S::f32s::LEN;
    let mut total = S::f32s::splat(simd, 0.0);
    for (x, y) in x.chunks(lanes).zip(y.chunks(lanes)) {
        total = load(simd, x).mul_add(load(simd, y), total);
    }
    sum::<S>(total)
}

/// `out = Σ weight × row`.
#[inline(always)]
fn mix<S: Simd>(simd: S, weights: &[f32], rows: &[f32], out: &mut [f32]) {
    let hidden = out.len();
    let block = 4 * S::f32s::LEN;
    for (index, out) in out.chunks_mut(block).enumerate() {
        let mut totals = [S::f32s::splat(simd, 0.0); 4];
        let columns = index * block..index * block + out.len();
        for (weight, row) in weights.iter().zip(rows.chunks_exact(hidden)) {
            let weight = S::f32s::splat(simd, *weight);
            let row = row[columns.clone()].chunks(S::f32s::LEN);
            for (total, row) in totals.iter_mut().zip(row) {
                *total = weight.mul_add(load(simd, row), *total);
            }
        }
        for (total, out) in totals.into_iter().zip(out.chunks_mut(S::f32s::LEN)) {
            store::<S>(total, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MAX_PANEL, levels};
    use super::*;

    fn noise(count: usize, seed: usize) -> Vec<f32> {
        (0..count)
            .map(|i| ((i * 7919 + seed * 104_729) % 2003) as f32 / 700.0 - 1.4)
            .collect()
    }

    /// Probabilities by the definition.
    fn probabilities(scores: &[f64]) -> Vec<f64> {
        let total: f64 = scores.iter().map(|s| s.exp2()).sum();
        scores.iter().map(|s| s.exp2() / total).collect()
    }

    #[test]
    fn follows_the_definition() {
        for (tokens, heads, width) in [(1, 1, 1), (3, 2, 4), (14, 5, 32), (35, 3, 26), (128, 2, 70)]
        {
            let all = heads * width;
            let stride = (3 * all).max(MAX_PANEL) + 5;
            let qkv = noise((tokens + 1) * stride + MAX_PANEL, 1);
            let at = |token: usize, part: usize, head: usize, i: usize| {
                f64::from(qkv[token * stride + part * all + head * width + i])
            };
            for level in levels() {
                let padded = tokens.next_multiple_of(MAX_PANEL);
                let (mut keys, mut scores) =
                    (vec![0.0; width * padded], vec![0.0; tokens * padded]);
                let mut scratch = AttentionScratch {
                    keys: &mut keys,
                    scores: &mut scores,
                };
                let mut context = vec![f32::NAN; tokens * all];
                attend(
                    level,
                    Operand::new(&qkv, stride),
                    tokens,
                    heads,
                    width,
                    &mut scratch,
                    &mut context,
                );
                for query in 0..tokens {
                    for head in 0..heads {
                        let scores: Vec<f64> = (0..tokens)
                            .map(|key| {
                                (0..width)
                                    .map(|i| at(query, 0, head, i) * at(key, 1, head, i))
                                    .sum()
                            })
                            .collect();
                        let weights = probabilities(&scores);
                        for i in 0..width {
                            let truth: f64 = (0..tokens)
                                .map(|key| weights[key] * at(key, 2, head, i))
                                .sum();
                            let found = f64::from(context[query * all + head * width + i]);
                            assert!((found - truth).abs() < 1e-4, "{level:?}: {found} {truth}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn scores_that_are_no_numbers_give_none() {
        let bad = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        for (tokens, bad) in [1, 5, 16, 35].into_iter().flat_map(|n| bad.map(|b| (n, b))) {
            for level in levels() {
                for at in [0, tokens / 2, tokens - 1] {
                    let mut row = noise(tokens, 6);
                    dispatch!(level, simd => softmax(simd, &mut row));
                    assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{level:?}");
                    let mut row = noise(tokens, 6);
                    row[at] = bad;
                    dispatch!(level, simd => softmax(simd, &mut row));
                    assert!(row.iter().all(|p| p.is_nan()), "{level:?}: {bad} at {at}");
                }
            }
        }
    }

    #[test]
    fn the_first_token_follows_the_definition() {
        for (tokens, heads, hidden) in [(1, 1, 3), (5, 2, 40), (128, 3, 312)] {
            let (queries, states) = (noise(heads * hidden, 2), noise(tokens * hidden, 3));
            for level in levels() {
                let (mut scores, mut mixed) = (vec![0.0; tokens], vec![f32::NAN; heads * hidden]);
                let small: Vec<f32> = queries.iter().map(|q| q / 8.0).collect();
                attend_first(level, &small, &states, hidden, &mut scores, &mut mixed);
                for head in 0..heads {
                    let query = &small[head * hidden..][..hidden];
                    let scores: Vec<f64> = states
                        .chunks(hidden)
                        .map(|s| {
                            s.iter()
                                .zip(query)
                                .map(|(s, q)| f64::from(*s) * f64::from(*q))
                                .sum()
                        })
                        .collect();
                    let weights = probabilities(&scores);
                    for i in 0..hidden {
                        let truth: f64 = (0..tokens)
                            .map(|t| weights[t] * f64::from(states[t * hidden + i]))
                            .sum();
                        let found = f64::from(mixed[head * hidden + i]);
                        assert!((found - truth).abs() < 1e-4, "{level:?}: {found} {truth}");
                    }
                }
            }
        }
    }
}
