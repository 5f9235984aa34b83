//! Products of matrices.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2};

use super::floats;
use crate::session::portable::tensor::{Dense, Kind, Reason, TensorKind, broadcast, elements};

/// MIL's `matmul` on operands of two or more dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Matmul {
    /// Whether the last two dimensions of `x` change places first.
    pub(crate) transpose_x: bool,
    /// Whether those of `y` do.
    pub(crate) transpose_y: bool,
}

/// Rows and columns of the last two dimensions, as stored, and the dimensions before them.
fn matrices(shape: &[usize]) -> Reason<(&[usize], [usize; 2])> {
    shape
        .split_last_chunk::<2>()
        .map(|(batch, &matrix)| (batch, matrix))
        .ok_or_else(|| format!("expected two dimensions or more, found {shape:?}"))
}

fn turned([rows, columns]: [usize; 2], transpose: bool) -> [usize; 2] {
    if transpose {
        [columns, rows]
    } else {
        [rows, columns]
    }
}

impl Matmul {
    /// The dimensions of the batch, and `m`, `k`, `n` of each product `[m, k] · [k, n]`.
    fn layout(self, x: &[usize], y: &[usize]) -> Reason<(Vec<usize>, [usize; 3])> {
        let (x_batch, x_matrix) = matrices(x)?;
        let (y_batch, y_matrix) = matrices(y)?;
        let [m, k] = turned(x_matrix, self.transpose_x);
        let [depth, n] = turned(y_matrix, self.transpose_y);
        if k != depth {
            return Err(format!("cannot multiply {x:?} and {y:?} ({self:?})"));
        }
        Ok((broadcast(x_batch, y_batch)?, [m, k, n]))
    }

    /// The number of products in each sum.
    pub(super) fn depth(self, x: &TensorKind) -> usize {
        matrices(&x.shape).map_or(1, |(_, matrix)| {
            let [_, k] = turned(matrix, self.transpose_x);
            k
        })
    }

    pub(super) fn infer(self, x: &TensorKind, y: &TensorKind) -> Reason<TensorKind> {
        floats(x, "x")?;
        floats(y, "y")?;
        let (mut shape, [m, _, n]) = self.layout(&x.shape, &y.shape)?;
        shape.extend([m, n]);
        Ok(TensorKind::new(Kind::Float, shape))
    }

    pub(super) fn eval(self, x: &Dense<f32>, y: &Dense<f32>) -> Reason<Dense<f32>> {
        let (batch, [m, k, n]) = self.layout(x.shape(), y.shape())?;
        let stretch = |tensor: &Dense<f32>| -> Reason<Vec<usize>> {
            let (_, matrix) = matrices(tensor.shape())?;
            Ok([&batch[..], &matrix].concat())
        };
        let (x_shape, y_shape) = (stretch(x)?, stretch(y)?);
        let (xs, ys) = (x.stretched(&x_shape)?, y.stretched(&y_shape)?);
        let shape = [&batch[..], &[m, n]].concat();
        let mut out = vec![0.0; elements(&shape)?];
        let products = xs
            .chunks_exact(elements(&[m, k])?)
            .zip(ys.chunks_exact(elements(&[k, n])?));
        for ((x, y), out) in products.zip(out.chunks_exact_mut(elements(&[m, n])?)) {
            let x = view(turned([m, k], self.transpose_x), x)?;
            let y = view(turned([k, n], self.transpose_y), y)?;
            let x = if self.transpose_x {
                x.reversed_axes()
            } else {
                x
            };
            let y = if self.transpose_y {
                y.reversed_axes()
            } else {
                y
            };
            let mut out = view_mut([m, n], out)?;
            general_mat_mul(1.0, &x, &y, 0.0, &mut out);
        }
        Dense::new(shape, out)
    }
}

pub(super) fn infer_linear(
    x: &TensorKind,
    weight: &TensorKind,
    bias: &TensorKind,
) -> Reason<TensorKind> {
    floats(x, "x")?;
    floats(weight, "weight")?;
    floats(bias, "bias")?;
    let (Some((&depth, rows)), [n, k], [length]) =
        (x.shape.split_last(), &weight.shape[..], &bias.shape[..])
    else {
        return Err(format!(
            "expected x [.., k], weight [n, k] and bias [n], found {x}, {weight} and {bias}"
        ));
    };
    if depth != *k || length != n {
        return Err(format!(
            "x {x}, weight {weight} and bias {bias} do not go together"
        ));
    }
    Ok(TensorKind::new(Kind::Float, [rows, &[*n]].concat()))
}

pub(super) fn linear(x: &Dense<f32>, weight: &Dense<f32>, bias: &Dense<f32>) -> Reason<Dense<f32>> {
    let (Some((&depth, rows)), &[n, k]) = (x.shape().split_last(), weight.shape()) else {
        return Err("expected x [.., k] and weight [n, k]".to_owned());
    };
    if depth != k || bias.shape() != [n] {
        return Err("the shapes do not go together".to_owned());
    }
    let m = elements(rows)?;
    let shape = [rows, &[n]].concat();
    let mut out = Vec::with_capacity(elements(&shape)?);
    for _ in 0..m {
        out.extend_from_slice(bias.data());
    }
    general_mat_mul(
        1.0,
        &view([m, k], x.data())?,
        &view([n, k], weight.data())?.reversed_axes(),
        1.0,
        &mut view_mut([m, n], &mut out)?,
    );
    Dense::new(shape, out)
}

fn view(shape: [usize; 2], data: &[f32]) -> Reason<ArrayView2<'_, f32>> {
    ArrayView2::from_shape(shape, data).map_err(|error| error.to_string())
}

fn view_mut(shape: [usize; 2], data: &mut [f32]) -> Reason<ArrayViewMut2<'_, f32>> {
    ArrayViewMut2::from_shape(shape, data).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats_of(shape: &[usize], data: &[f32]) -> Dense<f32> {
        Dense::new(shape, data.to_vec()).unwrap()
    }

    fn kind(x: &Dense<f32>) -> TensorKind {
        TensorKind::new(Kind::Float, x.shape())
    }

    fn product(transpose_x: bool, transpose_y: bool, x: &Dense<f32>, y: &Dense<f32>) -> Dense<f32> {
        let op = Matmul {
            transpose_x,
            transpose_y,
        };
        let result = op.eval(x, y).unwrap();
        assert_eq!(kind(&result), op.infer(&kind(x), &kind(y)).unwrap());
        result
    }

    #[test]
    fn every_transposition_gives_the_same_product() {
        let x = floats_of(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let xt = floats_of(&[3, 2], &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        let y = floats_of(&[3, 2], &[7.0, 8.0, 9.0, 10.0, 11.0, 12.0]);
        let yt = floats_of(&[2, 3], &[7.0, 9.0, 11.0, 8.0, 10.0, 12.0]);
        let expected = floats_of(&[2, 2], &[58.0, 64.0, 139.0, 154.0]);
        assert_eq!(product(false, false, &x, &y), expected);
        assert_eq!(product(true, false, &xt, &y), expected);
        assert_eq!(product(false, true, &x, &yt), expected);
        assert_eq!(product(true, true, &xt, &yt), expected);
    }

    #[test]
    fn batches_are_stretched() {
        let x = floats_of(&[2, 1, 2], &[1.0, 2.0, 3.0, 4.0]);
        let y = floats_of(&[2, 1], &[10.0, 1.0]);
        assert_eq!(
            product(false, false, &x, &y),
            floats_of(&[2, 1, 1], &[12.0, 34.0])
        );
        let y = floats_of(&[3, 1, 2, 1], &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
        assert_eq!(
            product(false, false, &x, &y),
            floats_of(&[3, 2, 1, 1], &[1.0, 3.0, 2.0, 4.0, 3.0, 7.0])
        );
    }

    #[test]
    fn linear_is_x_times_the_transposed_weight_plus_bias() {
        let x = floats_of(&[1, 2, 2], &[1.0, 2.0, 3.0, 4.0]);
        let weight = floats_of(&[3, 2], &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
        let bias = floats_of(&[3], &[10.0, 20.0, 30.0]);
        let result = linear(&x, &weight, &bias).unwrap();
        assert_eq!(
            result,
            floats_of(&[1, 2, 3], &[11.0, 22.0, 33.0, 13.0, 24.0, 37.0])
        );
        assert_eq!(
            infer_linear(&kind(&x), &kind(&weight), &kind(&bias)).unwrap(),
            kind(&result)
        );
        let row = floats_of(&[2], &[1.0, 2.0]);
        assert_eq!(
            linear(&row, &weight, &bias).unwrap(),
            floats_of(&[3], &[11.0, 22.0, 33.0])
        );
    }

    #[test]
    fn refuses_shapes_that_do_not_multiply() {
        let of = |shape: &[usize]| TensorKind::new(Kind::Float, shape);
        let op = Matmul {
            transpose_x: false,
            transpose_y: false,
        };
        assert!(op.infer(&of(&[2, 3]), &of(&[2, 3])).is_err());
        assert!(op.infer(&of(&[3]), &of(&[3, 2])).is_err());
        assert!(op.infer(&of(&[2, 2, 3]), &of(&[3, 3, 2])).is_err());
        assert!(
            op.infer(&of(&[2, 3]), &TensorKind::new(Kind::Int, [3, 2]))
                .is_err()
        );
        assert!(infer_linear(&of(&[2, 3]), &of(&[4, 2]), &of(&[4])).is_err());
        assert!(infer_linear(&of(&[2, 3]), &of(&[4, 3]), &of(&[3])).is_err());
        assert!(infer_linear(&of(&[]), &of(&[4, 3]), &of(&[4])).is_err());
        assert!(infer_linear(&of(&[3]), &of(&[3]), &of(&[4])).is_err());
    }
}
