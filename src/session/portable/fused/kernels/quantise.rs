//! Weights rounded to eight bits, for products in integers.

/// Longest row whose sum of products is sure to fit 32 bits: 2^17 × 128 × 127 < 2^31.
pub(super) const MAX_INNER: usize = 1 << 17;

/// Rows whose numbers of a column lie side by side, as the instruction reads them.
pub(super) const DEPTH: usize = 4;

/// Every column of a matrix `[k, n]` as integers from −127 to 127 times a scale of its own.
#[derive(Debug)]
pub(super) struct Quantised {
    /// Column by column, each filled up with zeros.
    values: Vec<[i8; DEPTH]>,
    columns: Vec<Column>,
    steps: usize,
}

#[derive(Debug)]
struct Column {
    scale: f32,
    sum: i32,
}

impl Quantised {
    /// Rounds a matrix whose element `(row, column)` is `weight(row, column)`; `k` is at most
    /// [`MAX_INNER`]. The scale of a column that holds what is no finite number is none either.
    pub(super) fn new(k: usize, n: usize, weight: impl Fn(usize, usize) -> f32) -> Self {
        let steps = k.div_ceil(DEPTH);
        let mut values = vec![[0; DEPTH]; steps * n];
        let mut columns = Vec::with_capacity(n);
        let mut weights = Vec::with_capacity(k);
        for column in 0..n {
            weights.clear();
            weights.extend((0..k).map(|row| weight(row, column)));
            let scale = if weights.iter().all(|weight| weight.is_finite()) {
                let most = weights.iter().map(|weight| weight.abs());
                most.fold(SMALLEST, f32::max) / 127.0
            } else {
                f32::NAN
            };
            let rounded = values[column * steps..][..steps].as_flattened_mut();
            let mut sum = 0;
            for (rounded, weight) in rounded.iter_mut().zip(&weights) {
                let steps = weight / scale;
                // To the nearest, by what the cast cuts off; it gives 0 for what is no number.
                *rounded = (steps + 0.5_f32.copysign(steps)) as i8;
                sum += i32::from(*rounded);
            }
            columns.push(Column { scale, sum });
        }
        Self {
            values,
            columns,
            steps,
        }
    }

    /// The rows from `DEPTH × step` on of a column, as bytes of a number; 0 outside of the matrix.
    pub(super) fn word(&self, step: usize, column: usize) -> i32 {
        if column >= self.columns.len() {
            return 0;
        }
        let bytes = self.values[column * self.steps + step];
        i32::from_le_bytes(bytes.map(|byte| byte as u8))
    }

    /// The scale of a column; 0 outside of the matrix.
    pub(super) fn scale(&self, column: usize) -> f32 {
        self.columns.get(column).map_or(0.0, |column| column.scale)
    }

    /// The sum of a column, 0 outside of the matrix.
    pub(super) fn sum(&self, column: usize) -> i32 {
        self.columns.get(column).map_or(0, |column| column.sum)
    }

    #[cfg(test)]
    pub(super) fn columns(&self) -> usize {
        self.columns.len()
    }

    #[cfg(test)]
    pub(super) fn at(&self, row: usize, column: usize) -> i8 {
        self.word(row / DEPTH, column).to_le_bytes()[row % DEPTH] as i8
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
            prop_assert_eq!(found.word(0, columns.len()), 0);
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
                for row in k..k.next_multiple_of(DEPTH) {
                    prop_assert_eq!(found.at(row, c), 0);
                }
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
