//! One number for each run along some axes.

use crate::session::portable::tensor::{Dense, Kind, Reason, Tensor, TensorKind, elements};

/// Names are those of the MIL operations, less `reduce_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reduction {
    Sum,
    /// Floats only.
    Mean,
    Max,
    Min,
    Prod,
    SumSquare,
    /// `√Σx²`; floats only.
    L2Norm,
}

/// A reduction over some axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reduce {
    pub(crate) reduction: Reduction,
    /// Ascending.
    pub(crate) axes: Vec<usize>,
    /// Whether the axes stay, with size 1.
    pub(crate) keep_dims: bool,
}

impl Reduce {
    fn shape(&self, x: &[usize]) -> Vec<usize> {
        x.iter()
            .enumerate()
            .filter_map(|(axis, &size)| match self.axes.contains(&axis) {
                false => Some(size),
                true if self.keep_dims => Some(1),
                true => None,
            })
            .collect()
    }

    pub(super) fn infer(&self, x: &TensorKind) -> Reason<TensorKind> {
        if let Some(axis) = self.axes.iter().find(|&&axis| axis >= x.shape.len()) {
            return Err(format!("{x} has no axis {axis}"));
        }
        if !self.axes.is_sorted_by(|a, b| a < b) {
            return Err(format!("expected ascending axes, found {:?}", self.axes));
        }
        let fits = match x.kind {
            Kind::Float => true,
            Kind::Int => !matches!(self.reduction, Reduction::Mean | Reduction::L2Norm),
            Kind::Bool => false,
        };
        if !fits {
            return Err(format!("{:?} of {x} is not supported", self.reduction));
        }
        Ok(TensorKind::new(x.kind, self.shape(&x.shape)))
    }

    pub(super) fn eval(&self, x: &Tensor) -> Reason<Tensor> {
        match x {
            Tensor::Float(x) => self.floats(x).map(Tensor::Float),
            Tensor::Int(x) => self.integers(x).map(Tensor::Int),
            Tensor::Bool(_) => Err(format!("{:?} of truth values", self.reduction)),
        }
    }

    fn floats(&self, x: &Dense<f32>) -> Reason<Dense<f32>> {
        self.runs(x, |run| {
            let numbers = run.iter().copied();
            match self.reduction {
                Reduction::Sum => numbers.sum(),
                Reduction::Mean => numbers.sum::<f32>() / run.len() as f32,
                Reduction::Max => numbers.fold(f32::NEG_INFINITY, f32::max),
                Reduction::Min => numbers.fold(f32::INFINITY, f32::min),
                Reduction::Prod => numbers.product(),
                Reduction::SumSquare => numbers.map(|x| x * x).sum(),
                Reduction::L2Norm => numbers.map(|x| x * x).sum::<f32>().sqrt(),
            }
        })
    }

    /// Sums and products that do not fit wrap around, as in NumPy.
    fn integers(&self, x: &Dense<i32>) -> Reason<Dense<i32>> {
        if matches!(self.reduction, Reduction::Mean | Reduction::L2Norm) {
            return Err(format!("{:?} of integers", self.reduction));
        }
        self.runs(x, |run| {
            let numbers = run.iter().copied();
            match self.reduction {
                Reduction::Sum | Reduction::Mean => numbers.fold(0, i32::wrapping_add),
                Reduction::Max => numbers.fold(i32::MIN, i32::max),
                Reduction::Min => numbers.fold(i32::MAX, i32::min),
                Reduction::Prod => numbers.fold(1, i32::wrapping_mul),
                Reduction::SumSquare | Reduction::L2Norm => {
                    numbers.fold(0, |sum, x| sum.wrapping_add(x.wrapping_mul(x)))
                }
            }
        })
    }

    fn runs<T: Copy>(&self, x: &Dense<T>, mut f: impl FnMut(&[T]) -> T) -> Reason<Dense<T>> {
        let shape = self.shape(x.shape());
        let mut out = Vec::with_capacity(elements(&shape)?);
        x.for_each_run(&self.axes, |run| out.push(f(run)))?;
        Dense::new(shape, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(reduction: Reduction, axes: &[usize], keep_dims: bool, x: &Tensor) -> Tensor {
        let op = Reduce {
            reduction,
            axes: axes.to_vec(),
            keep_dims,
        };
        let result = op.eval(x).unwrap();
        assert_eq!(result.kind(), op.infer(&x.kind()).unwrap());
        result
    }

    fn floats(shape: &[usize], data: &[f32]) -> Tensor {
        Tensor::Float(Dense::new(shape, data.to_vec()).unwrap())
    }

    #[test]
    fn each_reduction_by_hand() {
        let x = floats(&[2, 2], &[3.0, 4.0, -1.0, 2.0]);
        for (reduction, expected) in [
            (Reduction::Sum, [7.0, 1.0]),
            (Reduction::Mean, [3.5, 0.5]),
            (Reduction::Max, [4.0, 2.0]),
            (Reduction::Min, [3.0, -1.0]),
            (Reduction::Prod, [12.0, -2.0]),
            (Reduction::SumSquare, [25.0, 5.0]),
            (Reduction::L2Norm, [5.0, 5.0_f32.sqrt()]),
        ] {
            assert_eq!(run(reduction, &[1], false, &x), floats(&[2], &expected));
            assert_eq!(run(reduction, &[1], true, &x), floats(&[2, 1], &expected));
        }
        assert_eq!(
            run(Reduction::Sum, &[0], true, &x),
            floats(&[1, 2], &[2.0, 6.0])
        );
        assert_eq!(run(Reduction::Sum, &[0, 1], false, &x), floats(&[], &[8.0]));
    }

    #[test]
    fn integers_by_hand() {
        let x = Tensor::Int(Dense::new([4], vec![i32::MAX, 1, 0, 2]).unwrap());
        let int = |x| Tensor::Int(Dense::new([], vec![x]).unwrap());
        assert_eq!(run(Reduction::Sum, &[0], false, &x), int(i32::MIN + 2));
        assert_eq!(run(Reduction::Max, &[0], false, &x), int(i32::MAX));
        assert_eq!(run(Reduction::Min, &[0], false, &x), int(0));
        assert_eq!(run(Reduction::Prod, &[0], false, &x), int(0));
        assert_eq!(run(Reduction::SumSquare, &[0], false, &x), int(6));
    }

    #[test]
    fn refuses_kinds_and_axes() {
        let op = |reduction, axes: &[usize]| Reduce {
            reduction,
            axes: axes.to_vec(),
            keep_dims: false,
        };
        let of = |kind| TensorKind::new(kind, [2, 2]);
        assert!(op(Reduction::Mean, &[0]).infer(&of(Kind::Int)).is_err());
        assert!(op(Reduction::Sum, &[0]).infer(&of(Kind::Bool)).is_err());
        assert!(op(Reduction::Sum, &[2]).infer(&of(Kind::Float)).is_err());
        assert!(op(Reduction::Sum, &[1, 1]).infer(&of(Kind::Float)).is_err());
    }
}
