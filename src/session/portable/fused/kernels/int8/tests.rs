//! The byte products against their definition.

use proptest::prelude::*;

use super::*;

/// The same product without vectors: every sum exact in 64 bits, every other step rounded once.
fn definition(fine: bool, a: &[f32], matrix: &Quantised, bias: &[f32]) -> Vec<f32> {
    let most = a.iter().map(|x| x.abs()).fold(SMALLEST, f32::max);
    let steps = if fine { 32512.0 } else { 127.0 };
    let (factor, scale) = (steps / most, most / steps);
    let rounded = a.iter().map(|x| (x * factor).round_ties_even() as i64);
    let parts = |steps: i64| {
        let moved = steps + 128;
        (moved.div_euclid(256), moved.rem_euclid(256) - 128)
    };
    let (high, low): (Vec<_>, Vec<_>) = rounded.map(parts).unzip();
    let column = |column: usize| {
        let sum = |part: &[i64]| -> i64 {
            let terms = part.iter().enumerate();
            terms
                .map(|(row, x)| x * i64::from(matrix.at(row, column)))
                .sum()
        };
        let sum = (sum(&high) as f32).mul_add(256.0, sum(&low) as f32);
        sum.mul_add(scale * matrix.scale(column), bias[column])
    };
    (0..matrix.columns()).map(column).collect()
}

/// With one byte and with two, where there is the instruction.
fn kinds() -> impl Iterator<Item = (Vnni, bool)> {
    let kinds = |vnni| [(vnni, false), (vnni, true)];
    Vnni::detect().into_iter().flat_map(kinds)
}

struct Case {
    a: Vec<f32>,
    weights: Vec<f32>,
    bias: Vec<f32>,
    k: usize,
    n: usize,
}

impl Case {
    fn new(rows: usize, k: usize, n: usize, seed: usize) -> Self {
        let noise = |count: usize, seed: usize, size: f32| -> Vec<f32> {
            (0..count)
                .map(|i| size * (((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.0 - 1.0))
                .collect()
        };
        Self {
            a: noise(rows * k, seed, 3.0),
            weights: noise(k * n, seed + 1, 0.2),
            bias: noise(n, seed + 2, 1.0),
            k,
            n,
        }
    }

    fn weight(&self) -> impl Fn(usize, usize) -> f32 {
        |row, column| self.weights[row * self.n + column]
    }

    /// Rows of the result `gap` apart, and everything between them as it was.
    fn multiply(
        &self,
        (vnni, fine): (Vnni, bool),
        first: usize,
        rows: usize,
        gap: usize,
    ) -> Vec<f32> {
        let bias = |column: usize| self.bias[column];
        let b = Bytes::new(vnni, fine, self.k, self.n, self.weight(), bias);
        let stride = self.n + gap;
        let mut out = vec![-1.0; rows * stride];
        let a = Operand::new(&self.a[first * self.k..], self.k);
        let mut bytes = ByteRows::default();
        let mut done = 0;
        b.multiply(a, rows, &mut bytes, &mut out, stride, |_, rows, columns| {
            done += rows * columns;
        });
        assert_eq!(done, rows * self.n);
        out
    }
}

proptest! {
    #[test]
    fn every_bit_follows_the_definition(
        rows in 1..20_usize,
        k in 1..200_usize,
        n in 1..100_usize,
        gap in 0..3_usize,
        seed in 0..1000_usize,
        fine: bool,
    ) {
        let Some(vnni) = Vnni::detect() else { return Ok(()) };
        let case = Case::new(rows, k, n, seed);
        let matrix = Quantised::new(k, n, case.weight());
        let found = case.multiply((vnni, fine), 0, rows, gap);
        for (found, a) in found.chunks(n + gap).zip(case.a.chunks(k)) {
            prop_assert_eq!(&found[..n], &definition(fine, a, &matrix, &case.bias)[..]);
            prop_assert!(found[n..].iter().all(|&gap| gap == -1.0));
        }
    }
}

#[test]
fn a_row_does_not_depend_on_the_rows_around_it() {
    for (vnni, fine) in kinds() {
        let most = 19;
        let case = Case::new(most, 53, 70, 4);
        let alone: Vec<_> = (0..most)
            .map(|row| case.multiply((vnni, fine), row, 1, 0))
            .collect();
        for rows in 1..=most {
            for first in 0..=most - rows {
                let together = case.multiply((vnni, fine), first, rows, 0);
                for (i, row) in together.chunks(70).enumerate() {
                    assert_eq!(row, alone[first + i], "row {i} of {rows}");
                }
            }
        }
    }
}

#[test]
fn what_is_no_number_spoils_its_row_and_no_other() {
    for (vnni, fine) in kinds() {
        for (rows, k, n) in [(9, 21, 40), (3, 32, 5)] {
            for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                for place in [0, k / 2, k - 1] {
                    let mut case = Case::new(rows, k, n, 1);
                    case.a[k + place] = bad;
                    let found = case.multiply((vnni, fine), 0, rows, 0);
                    for (row, found) in found.chunks(n).enumerate() {
                        let spoilt = found.iter().filter(|x| x.is_nan()).count();
                        assert_eq!(spoilt, if row == 1 { n } else { 0 }, "{bad} at {place}");
                    }
                }
            }
        }
    }
}

#[test]
fn zeros_and_extremes_have_a_product() {
    for (vnni, fine) in kinds() {
        for (value, expected) in [(0.0, 0.0), (1e-35, 0.0), (1e30, 3e30), (-1e30, -3e30)] {
            let b = Bytes::new(vnni, fine, 3, 1, |_, _| 1.0, |_| 0.0);
            let (a, mut out) = ([value; 3], [f32::NAN]);
            let mut bytes = ByteRows::default();
            b.multiply(
                Operand::new(&a, 3),
                1,
                &mut bytes,
                &mut out,
                1,
                |_, _, _| {},
            );
            assert!(
                (out[0] - expected).abs() <= expected.abs() * 1e-6,
                "{value}: {out:?}"
            );
        }
    }
}

#[test]
fn the_largest_sum_is_exact() {
    for (vnni, fine) in kinds() {
        let k = super::super::quantise::MAX_INNER;
        for sign in [1.0, -1.0] {
            let b = Bytes::new(vnni, fine, k, 1, |_, _| sign, |_| 0.0);
            let (a, mut out) = (vec![127.0; k], [f32::NAN]);
            let mut bytes = ByteRows::default();
            b.multiply(
                Operand::new(&a, k),
                1,
                &mut bytes,
                &mut out,
                1,
                |_, _, _| {},
            );
            let expected = sign * (k * 127) as f32;
            assert!(
                (out[0] - expected).abs() <= expected.abs() * 1e-6,
                "{out:?} {expected}"
            );
        }
    }
}
