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
    /// Whether activations are to be rounded to two bytes instead of one.
    fine: bool,
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
        Self {
            level,
            vnni,
            fine: false,
        }
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
                packed: Arithmetic::Int8(Bytes::new(vnni, self.fine, k, n, weight, bias)),
            },
            _ => Matrix {
                level: self.level,
                packed: Arithmetic::Float32(Packed::new(self.level, k, n, weight, bias)),
            },
        }
    }

    /// The same with finer activations, where they are not floats anyway.
    pub(in super::super) fn finely(self) -> Self {
        Self { fine: true, ..self }
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

#[cfg(test)]
mod tests {
    use super::super::levels;
    use super::*;

    /// Longer sums might not fit 32 bits.
    #[test]
    fn longer_rows_than_integers_can_sum_are_computed_in_floats() {
        let packer = Packer::new(Level::new(), Vnni::detect());
        let expected = Vnni::detect().is_some();
        for (k, int8) in [(MAX_INNER, expected), (MAX_INNER + 1, false)] {
            let matrix = packer.pack(k, 1, |_, _| 1.0, |_| 0.0);
            assert_eq!(matches!(matrix.packed, Arithmetic::Int8(_)), int8, "{k}");
            assert_eq!(matrix.columns(), 1);
        }
        let floats = packer.floats().pack(4, 40, |_, _| 1.0, |_| 0.0);
        assert!(matches!(floats.packed, Arithmetic::Float32(_)));
    }

    #[test]
    fn activations_come_after_the_product_in_both_arithmetics() {
        let (rows, k, n) = (11, 20, 37);
        let a: Vec<f32> = (0..rows * k).map(|i| (i % 13) as f32 - 6.0).collect();
        let weight = |row: usize, column: usize| ((row * 5 + column * 3) % 11) as f32 * 0.02 - 0.1;
        for level in levels() {
            for vnni in [None, Vnni::detect()] {
                let matrix = Packer::new(level, vnni).pack(k, n, weight, |_| 0.1);
                let run = |activation| {
                    let mut out = vec![f32::NAN; rows * n];
                    let mut bytes = ByteRows::default();
                    let a = Operand::new(&a, k);
                    matrix.multiply_densely(a, rows, activation, &mut bytes, &mut out);
                    out
                };
                let plain = run(Activation::Identity);
                for activation in [
                    Activation::Gelu,
                    Activation::GeluTanh,
                    Activation::Relu,
                    Activation::Tanh,
                ] {
                    let mut expected = plain.clone();
                    apply(level, activation, expected.chunks_mut(n));
                    assert_ne!(expected, plain);
                    assert_eq!(
                        run(activation),
                        expected,
                        "{level:?}, {activation:?}, {vnni:?}"
                    );
                }
            }
        }
    }
}
