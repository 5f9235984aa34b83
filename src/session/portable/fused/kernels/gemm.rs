//! Matrix product with a matrix that was packed beforehand.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch};

use super::activation::Activation;
use super::{load, store};

/// Vectors in a panel: columns that are computed together.
const VECTORS: usize = if cfg!(target_arch = "aarch64") { 4 } else { 2 };
/// Rows that are computed together.
const ROWS: usize = 6;
/// Columns of the widest panel.
pub(in super::super) const MAX_PANEL: usize = VECTORS * super::MAX_LANES;

/// A matrix `[k, n]` and a bias `[n]`, cut into panels of as many columns as the instruction set
/// computes at once; each panel is `[k, panel]`, the last one filled up with zeros.
#[derive(Debug, Clone)]
pub(in super::super) struct Packed {
    panels: Vec<f32>,
    bias: Vec<f32>,
    k: usize,
    n: usize,
}

impl Packed {
    /// Packs a matrix whose element `(row, column)` is `weight(row, column)`.
    pub(in super::super) fn new(
        level: Level,
        k: usize,
        n: usize,
        weight: impl Fn(usize, usize) -> f32,
        bias: impl Fn(usize) -> f32,
    ) -> Self {
        let panel = panel_width(level);
        let padded = n.next_multiple_of(panel);
        let mut panels = Vec::with_capacity(k * padded);
        for first in (0..n).step_by(panel) {
            for row in 0..k {
                for column in first..first + panel {
                    panels.push(if column < n { weight(row, column) } else { 0.0 });
                }
            }
        }
        let mut biases: Vec<f32> = (0..n).map(bias).collect();
        biases.resize(padded, 0.0);
        Self {
            panels,
            bias: biases,
            k,
            n,
        }
    }

    /// Columns of the product.
    pub(in super::super) fn columns(&self) -> usize {
        self.n
    }
}

fn panel_width(level: Level) -> usize {
    #[inline(always)]
    fn lanes<S: Simd>(_: S) -> usize {
        S::f32s::LEN
    }
    VECTORS * dispatch!(level, simd => lanes(simd))
}

/// Rows of a matrix that lie `stride` apart, from the first element of the first row.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Operand<'a> {
    pub(in super::super) values: &'a [f32],
    pub(in super::super) stride: usize,
}

impl<'a> Operand<'a> {
    pub(in super::super) fn new(values: &'a [f32], stride: usize) -> Self {
        Self { values, stride }
    }
}

/// `out[i, ..] = activation(a[i, ..] · b + bias)` for `rows` rows; rows of `out` lie `out_stride`
/// apart.
pub(in super::super) fn multiply(
    level: Level,
    a: Operand<'_>,
    rows: usize,
    b: &Packed,
    activation: Activation,
    out: &mut [f32],
    out_stride: usize,
) {
    match activation {
        // Each activation is a separate instance, so that none is chosen inside the loops.
        Activation::Identity => {
            dispatch!(level, simd => product::<_, IDENTITY>(simd, a, rows, b, out, out_stride));
        }
        Activation::Gelu => {
            dispatch!(level, simd => product::<_, 1>(simd, a, rows, b, out, out_stride));
        }
        Activation::GeluTanh => {
            dispatch!(level, simd => product::<_, 2>(simd, a, rows, b, out, out_stride));
        }
        Activation::Relu => {
            dispatch!(level, simd => product::<_, 3>(simd, a, rows, b, out, out_stride));
        }
        Activation::Tanh => {
            dispatch!(level, simd => product::<_, 4>(simd, a, rows, b, out, out_stride));
        }
    }
}

const fn activation_of(code: u8) -> Activation {
    match code {
        IDENTITY => Activation::Identity,
        1 => Activation::Gelu,
        2 => Activation::GeluTanh,
        3 => Activation::Relu,
        _ => Activation::Tanh,
    }
}

#[inline(always)]
fn product<S: Simd, const ACTIVATION: u8>(
    simd: S,
    a: Operand<'_>,
    rows: usize,
    b: &Packed,
    out: &mut [f32],
    out_stride: usize,
) {
    let panel = VECTORS * S::f32s::LEN;
    // Panels outside: a panel stays in the first-level cache while the rows pass by.
    for (index, (values, bias)) in b
        .panels
        .chunks_exact(b.k * panel)
        .zip(b.bias.chunks_exact(panel))
        .enumerate()
    {
        let first = index * panel;
        let columns = panel.min(b.n - first);
        let initial: [S::f32s; VECTORS] =
            std::array::from_fn(|v| load(simd, &bias[v * S::f32s::LEN..]));
        let values = Panel {
            values,
            stride: panel,
            k: b.k,
        };
        let target = Target {
            values: &mut out[first..],
            stride: out_stride,
            columns,
        };
        sweep::<S, ACTIVATION>(simd, a, rows, values, initial, target);
    }
}

/// `k` rows of [`VECTORS`] vectors that lie `stride` apart.
#[derive(Clone, Copy)]
pub(super) struct Panel<'a> {
    pub(super) values: &'a [f32],
    pub(super) stride: usize,
    pub(super) k: usize,
}

/// Where a product goes: so many columns of rows that lie `stride` apart.
pub(super) struct Target<'a> {
    pub(super) values: &'a mut [f32],
    pub(super) stride: usize,
    /// Not more than a panel has.
    pub(super) columns: usize,
}

/// Passes all rows of `a` by a panel.
#[inline(always)]
pub(super) fn sweep<S: Simd, const ACTIVATION: u8>(
    simd: S,
    a: Operand<'_>,
    rows: usize,
    panel: Panel<'_>,
    initial: [S::f32s; VECTORS],
    mut target: Target<'_>,
) {
    let mut row = 0;
    while row + ROWS <= rows {
        tile::<S, ACTIVATION, ROWS>(simd, a, row, panel, initial, &mut target);
        row += ROWS;
    }
    while row + 2 <= rows {
        tile::<S, ACTIVATION, 2>(simd, a, row, panel, initial, &mut target);
        row += 2;
    }
    if row < rows {
        tile::<S, ACTIVATION, 1>(simd, a, row, panel, initial, &mut target);
    }
}

/// `M` rows of the product with a panel. Indices are constants once the loops are unrolled, which
/// keeps the sums in registers.
#[inline(always)]
#[allow(clippy::needless_range_loop)]
fn tile<S: Simd, const ACTIVATION: u8, const M: usize>(
    simd: S,
    a: Operand<'_>,
    row: usize,
    panel: Panel<'_>,
    initial: [S::f32s; VECTORS],
    target: &mut Target<'_>,
) {
    let lanes = S::f32s::LEN;
    // Slices of exactly `k` elements, so that the loop below needs no bounds checks.
    let rows: [&[f32]; M] = std::array::from_fn(|i| &a.values[(row + i) * a.stride..][..panel.k]);
    let mut sums = [initial; M];
    let steps = panel.values.chunks_exact(panel.stride).take(panel.k);
    for (step, b) in steps.enumerate() {
        let b: [S::f32s; VECTORS] =
            std::array::from_fn(|v| S::f32s::from_slice(simd, &b[v * lanes..(v + 1) * lanes]));
        for i in 0..M {
            let x = S::f32s::splat(simd, rows[i][step]);
            for v in 0..VECTORS {
                sums[i][v] = x.mul_add(b[v], sums[i][v]);
            }
        }
    }
    let activation = const { activation_of(ACTIVATION) };
    for i in 0..M {
        let start = (row + i) * target.stride;
        let out = &mut target.values[start..start + target.columns];
        if out.len() == VECTORS * lanes {
            for v in 0..VECTORS {
                activation
                    .apply(simd, sums[i][v])
                    .store_slice(&mut out[v * lanes..(v + 1) * lanes]);
            }
        } else {
            for (v, out) in out.chunks_mut(lanes).enumerate() {
                store::<S>(activation.apply(simd, sums[i][v]), out);
            }
        }
    }
}

/// The code of no activation.
pub(super) const IDENTITY: u8 = 0;

/// A tile of zeros.
#[inline(always)]
pub(super) fn zeros<S: Simd>(simd: S) -> [S::f32s; VECTORS] {
    [S::f32s::splat(simd, 0.0); VECTORS]
}

/// Columns of a panel.
#[inline(always)]
pub(super) fn panel_of<S: Simd>(_: S) -> usize {
    VECTORS * S::f32s::LEN
}

#[cfg(test)]
mod tests {
    use super::super::levels;
    use super::*;

    fn noise(count: usize, seed: usize) -> Vec<f32> {
        (0..count)
            .map(|i| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.0 - 1.0)
            .collect()
    }

    fn product(level: Level, a: &[f32], stride: usize, rows: usize, b: &Packed) -> Vec<f32> {
        let mut out = vec![f32::NAN; rows * b.columns()];
        let a = Operand { values: a, stride };
        multiply(
            level,
            a,
            rows,
            b,
            Activation::Identity,
            &mut out,
            b.columns(),
        );
        out
    }

    #[test]
    fn follows_the_definition() {
        for (m, k, n) in [
            (1, 1, 1),
            (7, 5, 33),
            (13, 160, 96),
            (5, 26, 128),
            (27, 312, 40),
        ] {
            let stride = k + 3;
            let (a, w, bias) = (noise(m * stride, 1), noise(k * n, 2), noise(n, 3));
            for level in levels() {
                let b = Packed::new(level, k, n, |i, j| w[i * n + j], |j| bias[j]);
                let found = product(level, &a, stride, m, &b);
                for i in 0..m {
                    for j in 0..n {
                        let terms =
                            (0..k).map(|s| f64::from(a[i * stride + s]) * f64::from(w[s * n + j]));
                        let truth = f64::from(bias[j]) + terms.sum::<f64>();
                        let found = f64::from(found[i * n + j]);
                        assert!((found - truth).abs() < 1e-4, "{m} {k} {n}: {found} {truth}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_row_does_not_depend_on_the_rows_around_it() {
        let (k, n, most) = (53, 70, 15);
        let (a, w) = (noise(most * k, 4), noise(k * n, 5));
        for level in levels() {
            let b = Packed::new(level, k, n, |i, j| w[i * n + j], |j| j as f32);
            let alone: Vec<Vec<f32>> = (0..most)
                .map(|i| product(level, &a[i * k..], k, 1, &b))
                .collect();
            for m in 1..=most {
                for first in 0..=most - m {
                    let together = product(level, &a[first * k..], k, m, &b);
                    for (i, row) in together.chunks(n).enumerate() {
                        assert_eq!(row, alone[first + i], "{level:?}: row {i} of {m}");
                    }
                }
            }
        }
    }
}
