//! A matrix packed for one kind of arithmetic or the other.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch};

use super::activation::Activation;
use super::gemm::{self, Operand, Packed};
use super::int8::{ByteRows, Bytes, Vnni};
use super::quantise::MAX_INNER;
use super::{load, store};

/// Packs matrices for a machine.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Packer {
    level: Level,
    vnni: Option<Vnni>,
}

/// A matrix `[k, n]` and a bias `[n]`.
#[derive(Debug)]
pub(in super::super) struct Matrix {
    level: Level,
    packed: Arithmetic,
}

#[derive(Debug)]
enum Arithmetic {
    Float32(Packed),
    Int8(Bytes),
}

impl Packer {
    /// With `vnni` for products in 8-bit integers.
    pub(in super::super) fn new(level: Level, vnni: Option<Vnni>) -> Self {
        Self { level, vnni }
    }

    pub(in super::super) fn level(self) -> Level {
        self.level
    }

    /// Packs a matrix whose element `(row, column)` is `weight(row, column)`.
    pub(in super::super) fn pack(
        self,
        k: usize,
        n: usize,
        weight: impl Fn(usize, usize) -> f32,
        bias: impl Fn(usize) -> f32,
    ) -> Matrix {
        match self.vnni {
            Some(vnni) if k <= MAX_INNER => Matrix {
                level: self.level,
                packed: Arithmetic::Int8(Bytes::new(vnni, k, n, weight, bias)),
            },
            _ => Matrix {
                level: self.level,
                packed: Arithmetic::Float32(Packed::new(self.level, k, n, weight, bias)),
            },
        }
    }

    /// The same for floats.
    pub(in super::super) fn floats(self) -> Self {
        Self { vnni: None, ..self }
    }
}

impl Matrix {
    /// Columns of a product.
    pub(in super::super) fn columns(&self) -> usize {
        match &self.packed {
            Arithmetic::Float32(packed) => packed.columns(),
            Arithmetic::Int8(bytes) => bytes.columns(),
        }
    }

    /// `out[i, ..] = activation(a[i, ..] · b + bias)` for `rows` rows; rows of `out` lie `out_stride`
    /// apart. `bytes` is room.
    pub(in super::super) fn multiply(
        &self,
        a: Operand<'_>,
        rows: usize,
        activation: Activation,
        bytes: &mut ByteRows,
        out: &mut [f32],
        out_stride: usize,
    ) {
        let level = self.level;
        match &self.packed {
            Arithmetic::Float32(b) => {
                gemm::multiply(level, a, rows, b, activation, out, out_stride);
            }
            Arithmetic::Int8(b) => {
                b.multiply(a, rows, bytes, out, out_stride, |out, rows, columns| {
                    let rows = out.chunks_mut(out_stride).take(rows);
                    let rows = rows.map(|row| &mut row[..columns]);
                    apply(level, activation, rows);
                });
            }
        }
    }

    /// The same for an `out` without gaps.
    pub(in super::super) fn multiply_densely(
        &self,
        a: Operand<'_>,
        rows: usize,
        activation: Activation,
        bytes: &mut ByteRows,
        out: &mut [f32],
    ) {
        self.multiply(a, rows, activation, bytes, out, self.columns());
    }
}

/// Applies an activation; each is a separate instance, so that none is chosen inside the loops.
fn apply<'a>(level: Level, activation: Activation, rows: impl Iterator<Item = &'a mut [f32]>) {
    macro_rules! apply {
        ($activation:path) => {
            dispatch!(level, simd => apply_to(simd, |simd, x| $activation.apply(simd, x), rows))
        };
    }
    match activation {
        Activation::Identity => {}
        Activation::Gelu => apply!(Activation::Gelu),
        Activation::GeluTanh => apply!(Activation::GeluTanh),
        Activation::Relu => apply!(Activation::Relu),
        Activation::Tanh => apply!(Activation::Tanh),
    }
}

#[inline(always)]
fn apply_to<'a, S: Simd>(
    simd: S,
    activation: impl Fn(S, S::f32s) -> S::f32s,
    rows: impl Iterator<Item = &'a mut [f32]>,
) {
    for row in rows {
        for chunk in row.chunks_mut(S::f32s::LEN) {
            store::<S>(activation(simd, load(simd, chunk)), chunk);
        }
    }
}
