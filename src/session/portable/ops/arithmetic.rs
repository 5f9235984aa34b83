//! Arithmetic on two operands.

use super::alike;
use crate::session::portable::tensor::{Dense, Kind, Reason, Tensor, TensorKind, broadcast};

/// Names are those of the MIL operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Sub,
    Mul,
    /// Floats only.
    RealDiv,
    /// Rounded towards minus infinity.
    FloorDiv,
    /// With the sign of the divisor, as in Python.
    Mod,
    /// Floats only.
    Pow,
    Maximum,
    Minimum,
}

impl Arithmetic {
    pub(super) fn infer(self, x: &TensorKind, y: &TensorKind) -> Reason<TensorKind> {
        alike(x, y)?;
        let fits = match x.kind {
            Kind::Float => true,
            Kind::Int => !matches!(self, Self::RealDiv | Self::Pow),
            Kind::Bool => false,
        };
        if !fits {
            return Err(format!("{self:?} of {x} is not supported"));
        }
        Ok(TensorKind::new(x.kind, broadcast(&x.shape, &y.shape)?))
    }

    pub(super) fn eval(self, x: &Tensor, y: &Tensor) -> Reason<Tensor> {
        match (x, y) {
            (Tensor::Float(x), Tensor::Float(y)) => self.floats(x, y).map(Tensor::Float),
            (Tensor::Int(x), Tensor::Int(y)) => self.integers(x, y).map(Tensor::Int),
            _ => Err(format!("{self:?} of {} and {}", x.kind(), y.kind())),
        }
    }

    fn floats(self, x: &Dense<f32>, y: &Dense<f32>) -> Reason<Dense<f32>> {
        match self {
            Self::Add => zip(x, y, |x, y| x + y),
            Self::Sub => zip(x, y, |x, y| x - y),
            Self::Mul => zip(x, y, |x, y| x * y),
            Self::RealDiv => zip(x, y, |x, y| x / y),
            Self::FloorDiv => zip(x, y, |x, y| (x / y).floor()),
            Self::Mod => zip(x, y, |x, y| x - (x / y).floor() * y),
            Self::Pow => zip(x, y, f32::powf),
            Self::Maximum => zip(x, y, f32::max),
            Self::Minimum => zip(x, y, f32::min),
        }
    }

    /// Sums and products that do not fit wrap around, as in NumPy.
    fn integers(self, x: &Dense<i32>, y: &Dense<i32>) -> Reason<Dense<i32>> {
        if matches!(self, Self::FloorDiv | Self::Mod) && y.data().contains(&0) {
            return Err("an integer is divided by zero".to_owned());
        }
        match self {
            Self::Add => zip(x, y, i32::wrapping_add),
            Self::Sub => zip(x, y, i32::wrapping_sub),
            Self::Mul => zip(x, y, i32::wrapping_mul),
            Self::FloorDiv => zip(x, y, |x, y| {
                // The divisor is not zero: there is a quotient unless it is -i32::MIN.
                let quotient = x.checked_div(y).unwrap_or(i32::MIN);
                let uneven = x.checked_rem(y).unwrap_or(0) != 0;
                quotient.wrapping_sub(i32::from(uneven && (x < 0) != (y < 0)))
            }),
            Self::Mod => zip(x, y, |x, y| {
                let rest = x.checked_rem(y).unwrap_or(0);
                if rest != 0 && (rest < 0) != (y < 0) {
                    rest.wrapping_add(y)
                } else {
                    rest
                }
            }),
            Self::Maximum => zip(x, y, i32::max),
            Self::Minimum => zip(x, y, i32::min),
            Self::RealDiv | Self::Pow => Err(format!("{self:?} of integers is not supported")),
        }
    }
}

/// `f` of each pair of elements of `x` and `y`, stretched to one shape.
pub(super) fn zip<T: Copy, U: Copy>(
    x: &Dense<T>,
    y: &Dense<T>,
    mut f: impl FnMut(T, T) -> U,
) -> Reason<Dense<U>> {
    let shape = broadcast(x.shape(), y.shape())?;
    let mut out = Vec::with_capacity(x.data().len().max(y.data().len()));
    if x.shape() == shape && repeats(y.shape(), &shape) {
        for row in x.data().chunks_exact(y.data().len()) {
            out.extend(row.iter().zip(y.data()).map(|(&x, &y)| f(x, y)));
        }
    } else {
        let (x, y) = (x.stretched(&shape)?, y.stretched(&shape)?);
        out.extend(x.iter().zip(y.iter()).map(|(&x, &y)| f(x, y)));
    }
    Dense::new(shape, out)
}

/// Whether stretching `shape` to `whole` is to repeat all its elements in order.
fn repeats(shape: &[usize], whole: &[usize]) -> bool {
    let leading = shape.iter().take_while(|&&size| size == 1).count();
    whole.ends_with(shape.get(leading..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use Arithmetic::*;

    fn floats(shape: &[usize], data: &[f32]) -> Tensor {
        Tensor::Float(Dense::new(shape, data.to_vec()).unwrap())
    }

    fn integers(shape: &[usize], data: &[i32]) -> Tensor {
        Tensor::Int(Dense::new(shape, data.to_vec()).unwrap())
    }

    #[test]
    fn floats_by_hand() {
        let x = floats(&[3], &[7.5, -7.5, 2.0]);
        let y = floats(&[3], &[2.0, 2.0, -3.0]);
        for (op, expected) in [
            (Add, [9.5, -5.5, -1.0]),
            (Sub, [5.5, -9.5, 5.0]),
            (Mul, [15.0, -15.0, -6.0]),
            (RealDiv, [3.75, -3.75, -2.0 / 3.0]),
            (FloorDiv, [3.0, -4.0, -1.0]),
            (Mod, [1.5, 0.5, -1.0]),
            (Pow, [56.25, 56.25, 0.125]),
            (Maximum, [7.5, 2.0, 2.0]),
            (Minimum, [2.0, -7.5, -3.0]),
        ] {
            assert_eq!(op.eval(&x, &y).unwrap(), floats(&[3], &expected), "{op:?}");
        }
    }

    #[test]
    fn integers_by_hand() {
        let x = integers(&[4], &[7, -7, 7, i32::MIN]);
        let y = integers(&[4], &[2, 2, -2, -1]);
        for (op, expected) in [
            (Add, [9, -5, 5, i32::MAX]),
            (Sub, [5, -9, 9, i32::MIN + 1]),
            (Mul, [14, -14, -14, i32::MIN]),
            (FloorDiv, [3, -4, -4, i32::MIN]),
            (Mod, [1, 1, -1, 0]),
            (Maximum, [7, 2, 7, -1]),
            (Minimum, [2, -7, -2, i32::MIN]),
        ] {
            assert_eq!(
                op.eval(&x, &y).unwrap(),
                integers(&[4], &expected),
                "{op:?}"
            );
        }
        let zero = integers(&[1], &[0]);
        assert!(FloorDiv.eval(&x, &zero).unwrap_err().contains("zero"));
        assert!(Mod.eval(&x, &zero).unwrap_err().contains("zero"));
    }

    #[test]
    fn stretches_either_operand() {
        let column = floats(&[2, 1], &[10.0, 20.0]);
        let row = floats(&[3], &[1.0, 2.0, 3.0]);
        let grid = floats(&[2, 3], &[11.0, 12.0, 13.0, 21.0, 22.0, 23.0]);
        assert_eq!(Add.eval(&column, &row).unwrap(), grid);
        assert_eq!(Add.eval(&row, &column).unwrap(), grid);
        let scalar = floats(&[], &[1.0]);
        assert_eq!(
            Sub.eval(&grid, &scalar).unwrap(),
            floats(&[2, 3], &[10., 11., 12., 20., 21., 22.])
        );
        assert_eq!(
            Sub.eval(&scalar, &row).unwrap(),
            floats(&[3], &[0.0, -1.0, -2.0])
        );
        let leading = floats(&[1, 1, 3], &[1.0, 2.0, 3.0]);
        assert_eq!(
            Mul.eval(&grid, &leading).unwrap(),
            floats(&[1, 2, 3], &[11.0, 24.0, 39.0, 21.0, 44.0, 69.0])
        );
    }

    #[test]
    fn refuses_what_does_not_go_together() {
        let float = TensorKind::new(Kind::Float, [2]);
        let int = TensorKind::new(Kind::Int, [2]);
        let bool = TensorKind::new(Kind::Bool, [2]);
        assert!(Add.infer(&float, &int).is_err());
        assert!(Add.infer(&bool, &bool).is_err());
        assert!(Pow.infer(&int, &int).is_err());
        assert!(
            Add.infer(&float, &TensorKind::new(Kind::Float, [3]))
                .is_err()
        );
    }
}
