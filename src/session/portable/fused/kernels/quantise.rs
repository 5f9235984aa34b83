//! Weights rounded to eight bits, for products in integers.

/// Longest row whose sum of products is sure to fit 32 bits: 2^17 × 128 × 127 < 2^31.
pub(super) const MAX_INNER: usize = 1 << 17;

/// Every column `c` of a matrix `[k, n]` as integers from −127 to 127 times a scale of its own.
#[derive(Debug)]
pub(super) struct Quantised {
    /// Column by column.
    values: Vec<i8>,
    scales: Vec<f32>,
    k: usize,
}

impl Quantised {
    /// Rounds a matrix whose element `(row, column)` is `weight(row, column)`. The scale of a column
    /// that holds what is no finite number is none either.
    pub(super) fn new(k: usize, n: usize, weight: impl Fn(usize, usize) -> f32) -> Self {
        let mut values = Vec::with_capacity(k * n);
        let mut scales = Vec::with_capacity(n);
        for column in 0..n {
            let column = |row| weight(row, column);
            let scale = if (0..k).all(|row| column(row).is_finite()) {
                let most = (0..k).map(|row| column(row).abs()).fold(0.0, f32::max);
                most.max(SMALLEST) / 127.0
            } else {
                f32::NAN
            };
            scales.push(scale);
            // At most 127 by the choice of the scale; the cast of what is no number gives 0.
            values.extend((0..k).map(|row| (column(row) / scale).round() as i8));
        }
        Self { values, scales, k }
    }

    pub(super) fn columns(&self) -> usize {
        self.scales.len()
    }

    /// An element; 0 outside of the matrix.
    pub(super) fn at(&self, row: usize, column: usize) -> i8 {
        if row < self.k && column < self.columns() {
            self.values[column * self.k + row]
        } else {
            0
        }
    }

    /// The scale of a column; 0 outside of the matrix.
    pub(super) fn scale(&self, column: usize) -> f32 {
        self.scales.get(column).copied().unwrap_or(0.0)
    }

    /// The sum of a column, 0 outside of the matrix. It fits: `k` is at most [`MAX_INNER`].
    pub(super) fn sum(&self, column: usize) -> i32 {
        (0..self.k).map(|row| i32::from(self.at(row, column))).sum()
    }
}

/// Rows and columns whose numbers are all smaller are rounded as if this were the largest, so that no
/// scale is zero and no factor infinite.
pub(super) const SMALLEST: f32 = 1e-30;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_weight_comes_back_within_half_a_step(
            k in 1..40_usize,
            columns in prop::collection::vec(prop::collection::vec(-1e3..1e3_f32, 40), 1..6),
        ) {
            let found = Quantised::new(k, columns.len(), |row, column| columns[column][row]);
            prop_assert_eq!(found.columns(), columns.len());
            for (c, column) in columns.iter().enumerate() {
                let scale = found.scale(c);
                let mut sum = 0;
                for (row, weight) in column[..k].iter().enumerate() {
                    let value = found.at(row, c);
                    prop_assert!(value > i8::MIN);
                    let back = f32::from(value) * scale;
                    prop_assert!((back - weight).abs() <= scale * 0.5001, "{back} {weight}");
                    sum += i32::from(value);
                }
                prop_assert_eq!(found.sum(c), sum);
                prop_assert_eq!(found.at(k, c), 0);
            }
        }
    }

    #[test]
    fn what_is_no_number_spoils_its_column_and_no_other() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let found = Quantised::new(
                3,
                2,
                |row, column| {
                    if (row, column) == (1, 0) { bad } else { 2.0 }
                },
            );
            assert!(found.scale(0).is_nan());
            assert_eq!((found.scale(1), found.at(2, 1)), (2.0 / 127.0, 127));
        }
    }

    #[test]
    fn zeros_and_the_smallest_and_largest_numbers_have_a_scale() {
        for weight in [0.0, f32::from_bits(1), 1e-38, f32::MAX] {
            let found = Quantised::new(2, 1, |_, _| weight);
            assert!(found.scale(0).is_normal(), "{weight:e}");
            let scale = f64::from(found.scale(0));
            let off = (f64::from(found.at(0, 0)) * scale - f64::from(weight)).abs();
            assert!(off <= scale * 0.5001, "{weight:e}: {off:e}");
        }
    }

    #[test]
    fn the_longest_row_fits_32_bits() {
        let most = 128 * 127 * MAX_INNER as i64;
        assert!(most < i64::from(i32::MAX));
    }
}
