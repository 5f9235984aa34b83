//! The sum of a token's embeddings.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch};

use super::{load, store};

/// `out = word + place + kind`, all of one width.
pub(in super::super) fn add_embeddings(
    level: Level,
    word: &[f32],
    place: &[f32],
    kind: Option<&[f32]>,
    out: &mut [f32],
) {
    dispatch!(level, simd => match kind {
        Some(kind) => sum_of_three(simd, word, place, kind, out),
        None => sum_of_two(simd, word, place, out),
    });
}

#[inline(always)]
fn sum_of_two<S: Simd>(simd: S, x: &[f32], y: &[f32], out: &mut [f32]) {
    let lanes = S::f32s::LEN;
    for ((out, x), y) in out
        .chunks_mut(lanes)
        .zip(x.chunks(lanes))
        .zip(y.chunks(lanes))
    {
        store::<S>(load(simd, x) + load(simd, y), out);
    }
}

#[inline(always)]
fn sum_of_three<S: Simd>(simd: S, x: &[f32], y: &[f32], z: &[f32], out: &mut [f32]) {
    let lanes = S::f32s::LEN;
    let operands = x.chunks(lanes).zip(y.chunks(lanes)).zip(z.chunks(lanes));
    for (out, ((x, y), z)) in out.chunks_mut(lanes).zip(operands) {
        store::<S>(load(simd, x) + load(simd, y) + load(simd, z), out);
    }
}
