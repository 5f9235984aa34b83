//! LayerNorm, with the residual sum in the same pass.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch};

use super::{load, store, sum};
use crate::session::portable::fused::weights::Norm;

/// Each row of `x` becomes `norm(x + y)`; rows as wide as the norm.
pub(in super::super) fn add_and_normalise(level: Level, norm: &Norm, x: &mut [f32], y: &[f32]) {
    let width = norm.scale.len();
    dispatch!(level, simd => {
        for (x, y) in x.chunks_exact_mut(width).zip(y.chunks_exact(width)) {
            add(simd, x, y);
            normalise_row(simd, norm, x);
        }
    });
}

/// Each row of `x` becomes `norm(x)`.
pub(in super::super) fn normalise(level: Level, norm: &Norm, x: &mut [f32]) {
    dispatch!(level, simd => {
        for row in x.chunks_exact_mut(norm.scale.len()) {
            normalise_row(simd, norm, row);
        }
    });
}

#[inline(always)]
fn add<S: Simd>(simd: S, x: &mut [f32], y: &[f32]) {
    let lanes = S::f32s::LEN;
    for (x, y) in x.chunks_mut(lanes).zip(y.chunks(lanes)) {
        store::<S>(load(simd, x) + load(simd, y), x);
    }
}

#[inline(always)]
fn normalise_row<S: Simd>(simd: S, norm: &Norm, row: &mut [f32]) {
    let lanes = S::f32s::LEN;
    let width = row.len() as f32;
    let zero = S::f32s::splat(simd, 0.0);

    let mut total = zero;
    for chunk in row.chunks(lanes) {
        total += load(simd, chunk);
    }
    let mean = sum::<S>(total) / width;

    let mut squares = zero;
    let (full, rest) = row.split_at(row.len() - row.len() % lanes);
    for chunk in full.chunks_exact(lanes) {
        let centred = load(simd, chunk) - mean;
        squares = centred.mul_add(centred, squares);
    }
    let mut variance = sum::<S>(squares);
    for value in rest {
        variance += (value - mean) * (value - mean);
    }
    let scale = 1.0
        / (variance / width + norm.epsilon)
            .max(f32::MIN_POSITIVE)
            .sqrt();

    for ((chunk, gain), shift) in row
        .chunks_mut(lanes)
        .zip(norm.scale.chunks(lanes))
        .zip(norm.shift.chunks(lanes))
    {
        let unit = (load(simd, chunk) - mean) * scale;
        store::<S>(unit.mul_add(load(simd, gain), load(simd, shift)), chunk);
    }
}

#[cfg(test)]
mod tests {
    use super::super::levels;
    use super::*;

    #[test]
    fn follows_the_definition() {
        for width in [1, 3, 16, 37, 160, 312] {
            let x: Vec<f32> = (0..2 * width)
                .map(|i| ((i * 37 % 101) as f32) / 9.0 + 3.0)
                .collect();
            let y: Vec<f32> = (0..2 * width)
                .map(|i| ((i * 53 % 97) as f32) / 7.0)
                .collect();
            let norm = Norm {
                scale: (0..width).map(|i| 1.0 + i as f32 / 100.0).collect(),
                shift: (0..width).map(|i| i as f32 / 50.0).collect(),
                epsilon: 1e-5,
            };
            for level in levels() {
                let mut found = x.clone();
                add_and_normalise(level, &norm, &mut found, &y);
                for row in 0..2 {
                    let at =
                        |i: usize| f64::from(x[row * width + i]) + f64::from(y[row * width + i]);
                    let mean = (0..width).map(at).sum::<f64>() / width as f64;
                    let variance =
                        (0..width).map(|i| (at(i) - mean).powi(2)).sum::<f64>() / width as f64;
                    for i in 0..width {
                        let truth = (at(i) - mean) / (variance + f64::from(norm.epsilon)).sqrt()
                            * f64::from(norm.scale[i])
                            + f64::from(norm.shift[i]);
                        let found = f64::from(found[row * width + i]);
                        assert!((found - truth).abs() < 2e-5, "{width} {i}: {found} {truth}");
                    }
                }
            }
        }
    }
}
