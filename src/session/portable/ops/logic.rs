//! Comparisons, truth values, choice and conversion.

use super::arithmetic::zip;
use super::{alike, truths};
use crate::session::portable::tensor::{Dense, Kind, Reason, Tensor, TensorKind, broadcast};

/// Names are those of the MIL operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

pub(super) fn infer_comparison(x: &TensorKind, y: &TensorKind) -> Reason<TensorKind> {
    alike(x, y)?;
    Ok(TensorKind::new(Kind::Bool, broadcast(&x.shape, &y.shape)?))
}

impl Comparison {
    pub(super) fn eval(self, x: &Tensor, y: &Tensor) -> Reason<Dense<bool>> {
        match (x, y) {
            (Tensor::Float(x), Tensor::Float(y)) => self.of(x, y),
            (Tensor::Int(x), Tensor::Int(y)) => self.of(x, y),
            (Tensor::Bool(x), Tensor::Bool(y)) => self.of(x, y),
            _ => Err(format!("{self:?} of {} and {}", x.kind(), y.kind())),
        }
    }

    fn of<T: Copy + PartialOrd>(self, x: &Dense<T>, y: &Dense<T>) -> Reason<Dense<bool>> {
        match self {
            Self::Equal => zip(x, y, |x, y| x == y),
            Self::NotEqual => zip(x, y, |x, y| x != y),
            Self::Less => zip(x, y, |x, y| x < y),
            Self::LessEqual => zip(x, y, |x, y| x <= y),
            Self::Greater => zip(x, y, |x, y| x > y),
            Self::GreaterEqual => zip(x, y, |x, y| x >= y),
        }
    }
}

/// Names are those of the MIL operations, less `logical_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Logical {
    And,
    Or,
    Xor,
}

pub(super) fn infer_logical(x: &TensorKind, y: &TensorKind) -> Reason<TensorKind> {
    truths(x, "x")?;
    truths(y, "y")?;
    Ok(TensorKind::new(Kind::Bool, broadcast(&x.shape, &y.shape)?))
}

impl Logical {
    pub(super) fn eval(self, x: &Dense<bool>, y: &Dense<bool>) -> Reason<Dense<bool>> {
        match self {
            Self::And => zip(x, y, |x, y| x && y),
            Self::Or => zip(x, y, |x, y| x || y),
            Self::Xor => zip(x, y, |x, y| x != y),
        }
    }
}

pub(super) fn infer_select(
    cond: &TensorKind,
    a: &TensorKind,
    b: &TensorKind,
) -> Reason<TensorKind> {
    truths(cond, "cond")?;
    alike(a, b)?;
    let shape = broadcast(&cond.shape, &broadcast(&a.shape, &b.shape)?)?;
    Ok(TensorKind::new(a.kind, shape))
}

pub(super) fn select(cond: &Dense<bool>, a: &Tensor, b: &Tensor) -> Reason<Tensor> {
    match (a, b) {
        (Tensor::Float(a), Tensor::Float(b)) => choose(cond, a, b).map(Tensor::Float),
        (Tensor::Int(a), Tensor::Int(b)) => choose(cond, a, b).map(Tensor::Int),
        (Tensor::Bool(a), Tensor::Bool(b)) => choose(cond, a, b).map(Tensor::Bool),
        _ => Err(format!("choice between {} and {}", a.kind(), b.kind())),
    }
}

fn choose<T: Copy>(cond: &Dense<bool>, a: &Dense<T>, b: &Dense<T>) -> Reason<Dense<T>> {
    let shape = broadcast(cond.shape(), &broadcast(a.shape(), b.shape())?)?;
    let (cond, a, b) = (
        cond.stretched(&shape)?,
        a.stretched(&shape)?,
        b.stretched(&shape)?,
    );
    let pairs = a.iter().zip(b.iter());
    let data = cond
        .iter()
        .zip(pairs)
        .map(|(&cond, (&a, &b))| if cond { a } else { b })
        .collect();
    Dense::new(shape, data)
}

/// What MIL's `cast` converts to. The float types are one: all floats are computed in 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CastTo {
    Float,
    Bool,
    Int8,
    UInt8,
    Int16,
    UInt16,
    Int32,
}

impl CastTo {
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Float => Kind::Float,
            Self::Bool => Kind::Bool,
            _ => Kind::Int,
        }
    }

    /// Floats are cut towards zero and at the ends of the 32-bit range; integers that do not fit a
    /// narrower type wrap around, as in NumPy. Whatever is not zero is true.
    pub(super) fn eval(self, x: &Tensor) -> Tensor {
        match self {
            Self::Float => Tensor::Float(match x {
                Tensor::Float(x) => x.clone(),
                Tensor::Int(x) => x.map(|x| x as f32),
                Tensor::Bool(x) => x.map(|x| f32::from(u8::from(x))),
            }),
            Self::Bool => Tensor::Bool(match x {
                Tensor::Float(x) => x.map(|x| x != 0.0),
                Tensor::Int(x) => x.map(|x| x != 0),
                Tensor::Bool(x) => x.clone(),
            }),
            Self::Int8 | Self::UInt8 | Self::Int16 | Self::UInt16 | Self::Int32 => {
                let narrow = |x: i32| match self {
                    Self::Int8 => i32::from(x as i8),
                    Self::UInt8 => i32::from(x as u8),
                    Self::Int16 => i32::from(x as i16),
                    Self::UInt16 => i32::from(x as u16),
                    _ => x,
                };
                Tensor::Int(match x {
                    Tensor::Float(x) => x.map(|x| narrow(x as i32)),
                    Tensor::Int(x) => x.map(narrow),
                    Tensor::Bool(x) => x.map(i32::from),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ints(data: &[i32]) -> Tensor {
        Tensor::Int(Dense::new([data.len()], data.to_vec()).unwrap())
    }

    fn floats(data: &[f32]) -> Tensor {
        Tensor::Float(Dense::new([data.len()], data.to_vec()).unwrap())
    }

    fn bools(data: &[bool]) -> Dense<bool> {
        Dense::new([data.len()], data.to_vec()).unwrap()
    }

    #[test]
    fn comparisons_by_hand() {
        for (op, expected) in [
            (Comparison::Equal, [false, true, false]),
            (Comparison::NotEqual, [true, false, true]),
            (Comparison::Less, [true, false, false]),
            (Comparison::LessEqual, [true, true, false]),
            (Comparison::Greater, [false, false, true]),
            (Comparison::GreaterEqual, [false, true, true]),
        ] {
            let expected = bools(&expected);
            assert_eq!(op.eval(&ints(&[1, 2, 3]), &ints(&[2])).unwrap(), expected);
            assert_eq!(
                op.eval(&floats(&[1.0, 2.0, 3.0]), &floats(&[2.0])).unwrap(),
                expected
            );
        }
        assert!(infer_comparison(&ints(&[1]).kind(), &floats(&[1.0]).kind()).is_err());
    }

    #[test]
    fn logical_by_hand() {
        let x = bools(&[false, false, true, true]);
        let y = bools(&[false, true, false, true]);
        for (op, expected) in [
            (Logical::And, [false, false, false, true]),
            (Logical::Or, [false, true, true, true]),
            (Logical::Xor, [false, true, true, false]),
        ] {
            assert_eq!(op.eval(&x, &y).unwrap(), bools(&expected));
        }
        assert!(infer_logical(&ints(&[1]).kind(), &Tensor::Bool(x).kind()).is_err());
    }

    #[test]
    fn select_stretches_all_three() {
        let cond = Dense::new([2, 1], vec![true, false]).unwrap();
        let a = floats(&[1.0, 2.0]);
        let b = Tensor::Float(Dense::new([], vec![f32::NEG_INFINITY]).unwrap());
        let result = select(&cond, &a, &b).unwrap();
        assert_eq!(
            result,
            Tensor::Float(
                Dense::new([2, 2], vec![1.0, 2.0, f32::NEG_INFINITY, f32::NEG_INFINITY]).unwrap()
            )
        );
        assert!(infer_select(&a.kind(), &a.kind(), &a.kind()).is_err());
        let cond = TensorKind::new(Kind::Bool, [2]);
        assert!(infer_select(&cond, &a.kind(), &ints(&[1, 2]).kind()).is_err());
    }

    #[test]
    fn casts_by_hand() {
        let x = floats(&[-1.9, 0.0, 2.9, 1e30, f32::NAN]);
        assert_eq!(CastTo::Int32.eval(&x), ints(&[-1, 0, 2, i32::MAX, 0]));
        assert_eq!(
            CastTo::Bool.eval(&x),
            Tensor::Bool(bools(&[true, false, true, true, true]))
        );
        assert_eq!(CastTo::Float.eval(&ints(&[-3, 7])), floats(&[-3.0, 7.0]));
        let truth = Tensor::Bool(bools(&[true, false]));
        assert_eq!(CastTo::Float.eval(&truth), floats(&[1.0, 0.0]));
        assert_eq!(CastTo::Int32.eval(&truth), ints(&[1, 0]));
        let wide = ints(&[-1, 40_000, 300]);
        assert_eq!(CastTo::Int16.eval(&wide), ints(&[-1, -25_536, 300]));
        assert_eq!(CastTo::UInt16.eval(&wide), ints(&[65_535, 40_000, 300]));
        assert_eq!(CastTo::Int8.eval(&wide), ints(&[-1, 64, 44]));
        assert_eq!(CastTo::UInt8.eval(&wide), ints(&[255, 64, 44]));
    }
}
