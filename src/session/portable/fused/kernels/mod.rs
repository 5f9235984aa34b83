//! The arithmetic of the encoder, vectorised for the instruction set found at run time.
//!
//! Every result depends only on the row it belongs to: the sums of a matrix product run over `k` in
//! ascending order whatever the number of rows, so that a fragment's logits are the same bits in
//! every batch.

// The sizes of buffers and indices into them follow from the weights' shapes and the fragments'
// lengths, all checked before.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod activation;
mod attention;
mod embed;
mod gemm;
#[cfg_attr(not(target_arch = "x86_64"), path = "no_int8.rs")]
mod int8;
mod math;
mod matrix;
mod norm;
#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(dead_code, reason = "only products in integers round weights")
)]
mod quantise;

pub(super) use activation::Activation;
pub(super) use attention::{AttentionScratch, attend, attend_first};
pub(super) use embed::add_embeddings;
pub(super) use gemm::{MAX_PANEL, Operand};
pub(super) use int8::{ByteRows, Vnni};
pub(super) use matrix::{Matrix, Packer};
pub(super) use norm::{add_and_normalise, normalise};

use fearless_simd::prelude::*;

/// Reads one vector; zeros beyond the end of a short slice.
#[inline(always)]
fn load<S: Simd>(simd: S, values: &[f32]) -> S::f32s {
    if let Some(full) = values.get(..S::f32s::LEN) {
        S::f32s::from_slice(simd, full)
    } else {
        let mut vector = S::f32s::splat(simd, 0.0);
        for (lane, value) in vector.as_mut_slice().iter_mut().zip(values) {
            *lane = *value;
        }
        vector
    }
}

/// Writes as many lanes as the slice has room for.
#[inline(always)]
fn store<S: Simd>(vector: S::f32s, values: &mut [f32]) {
    if let Some(full) = values.get_mut(..S::f32s::LEN) {
        vector.store_slice(full);
    } else {
        for (value, lane) in values.iter_mut().zip(vector.as_slice()) {
            *value = *lane;
        }
    }
}

/// The sum of the lanes, added in pairs.
#[inline(always)]
fn sum<S: Simd>(vector: S::f32s) -> f32 {
    let mut lanes = [0.0_f32; MAX_LANES];
    lanes[..S::f32s::LEN].copy_from_slice(vector.as_slice());
    let mut width = MAX_LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// Lanes of the widest vector.
const MAX_LANES: usize = 16;

/// Every instruction set this machine has, for tests.
#[cfg(test)]
pub(super) fn levels() -> Vec<fearless_simd::Level> {
    let best = fearless_simd::Level::new();
    #[allow(unused_mut)]
    let mut levels = vec![best];
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    // The best one again, if there is no better than these.
    levels.extend(
        [
            best.as_avx2().map(|simd| simd.level()),
            best.as_sse4_2().map(|simd| simd.level()),
            best.as_sse2().map(|simd| simd.level()),
        ]
        .into_iter()
        .flatten(),
    );
    levels
}
