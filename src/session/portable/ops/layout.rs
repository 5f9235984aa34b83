//! Operations that move elements without changing them.

use crate::session::portable::tensor::{
    Dense, Reason, Tensor, TensorKind, each_kind, elements, strided, strides,
};

pub(super) fn infer_reshape(x: &TensorKind, shape: &[usize]) -> Reason<TensorKind> {
    if elements(shape)? != elements(&x.shape)? {
        return Err(format!("cannot reshape {x} to {shape:?}"));
    }
    Ok(TensorKind::new(x.kind, shape))
}

pub(super) fn reshape(x: &Tensor, shape: &[usize]) -> Reason<Tensor> {
    Ok(each_kind!(x, x => x.reshaped(shape)?))
}

pub(super) fn infer_transpose(x: &TensorKind, order: &[usize]) -> Reason<TensorKind> {
    let mut sorted = order.to_vec();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..x.shape.len()) {
        return Err(format!("{order:?} is no order of the dimensions of {x}"));
    }
    let shape: Vec<usize> = order
        .iter()
        .filter_map(|&axis| x.shape.get(axis).copied())
        .collect();
    Ok(TensorKind::new(x.kind, shape))
}

pub(super) fn transpose(x: &Tensor, order: &[usize]) -> Reason<Tensor> {
    Ok(each_kind!(x, x => x.permuted(order)?.into_owned()))
}

/// The elements at `begin + i·step` of each dimension, `i < size`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slice {
    pub(crate) begin: Vec<usize>,
    pub(crate) size: Vec<usize>,
    pub(crate) step: Vec<usize>,
}

impl Slice {
    pub(super) fn infer(&self, x: &TensorKind) -> Reason<TensorKind> {
        let rank = x.shape.len();
        if [&self.begin, &self.size, &self.step]
            .iter()
            .any(|part| part.len() != rank)
        {
            return Err(format!("{self:?} does not have the rank of {x}"));
        }
        for (((&begin, &size), &step), &whole) in self
            .begin
            .iter()
            .zip(&self.size)
            .zip(&self.step)
            .zip(&x.shape)
        {
            let last = size
                .checked_sub(1)
                .and_then(|steps| steps.checked_mul(step))
                .and_then(|reach| reach.checked_add(begin))
                .filter(|&last| last < whole);
            if last.is_none() {
                return Err(format!(
                    "{size} elements from {begin} in steps of {step} of a dimension of {whole}"
                ));
            }
        }
        Ok(TensorKind::new(x.kind, self.size.clone()))
    }

    pub(super) fn eval(&self, x: &Tensor) -> Reason<Tensor> {
        Ok(each_kind!(x, x => self.of(x)?))
    }

    fn of<T: Copy>(&self, x: &Dense<T>) -> Reason<Dense<T>> {
        let mut start = 0_usize;
        let mut steps = Vec::new();
        for ((stride, &begin), &step) in strides(x.shape()).iter().zip(&self.begin).zip(&self.step)
        {
            start = start.saturating_add(begin.saturating_mul(*stride));
            steps.push(step.saturating_mul(*stride));
        }
        Dense::new(
            self.size.clone(),
            strided(x.data(), &self.size, &steps, start)?,
        )
    }
}

pub(super) fn infer_tile(x: &TensorKind, reps: &[usize]) -> Reason<TensorKind> {
    if reps.len() != x.shape.len() {
        return Err(format!(
            "expected a number of copies for each dimension of {x}, found {reps:?}"
        ));
    }
    let shape: Vec<usize> = x
        .shape
        .iter()
        .zip(reps)
        .map(|(&size, &copies)| size.saturating_mul(copies))
        .collect();
    Ok(TensorKind::new(x.kind, shape))
}

pub(super) fn tile(x: &Tensor, reps: &[usize]) -> Reason<Tensor> {
    Ok(each_kind!(x, x => tile_of(x, reps)?))
}

fn tile_of<T: Copy>(x: &Dense<T>, reps: &[usize]) -> Reason<Dense<T>> {
    // From the last dimension to the first: the blocks that are repeated grow.
    let mut data = x.data().to_vec();
    let mut block = 1_usize;
    for (&size, &copies) in x.shape().iter().zip(reps).rev() {
        block = block.saturating_mul(size);
        if copies != 1 {
            let total = data.len().saturating_mul(copies);
            let mut repeated = Vec::with_capacity(total);
            for chunk in data.chunks_exact(block) {
                for _ in 0..copies {
                    repeated.extend_from_slice(chunk);
                }
            }
            data = repeated;
        }
        block = block.saturating_mul(copies);
    }
    let shape: Vec<usize> = x
        .shape()
        .iter()
        .zip(reps)
        .map(|(&size, &copies)| size.saturating_mul(copies))
        .collect();
    Dense::new(shape, data)
}

pub(super) fn infer_concat(all: &[&TensorKind], axis: usize) -> Reason<TensorKind> {
    let (&first, rest) = all
        .split_first()
        .ok_or("expected one operand at least, found none")?;
    let mut result = first.clone();
    for other in rest {
        let fits = other.kind == first.kind
            && other.shape.len() == first.shape.len()
            && other
                .shape
                .iter()
                .zip(&first.shape)
                .enumerate()
                .all(|(position, (a, b))| position == axis || a == b);
        let (Some(total), Some(more), true) =
            (result.shape.get_mut(axis), other.shape.get(axis), fits)
        else {
            return Err(format!(
                "cannot put {other} behind {first} along axis {axis}"
            ));
        };
        *total = total.saturating_add(*more);
    }
    if axis >= result.shape.len() {
        return Err(format!("{first} has no axis {axis}"));
    }
    Ok(result)
}

pub(super) fn concat(all: &[&Tensor], axis: usize) -> Reason<Tensor> {
    match all {
        [Tensor::Float(_), ..] => {
            let all: Vec<_> = all.iter().map(|x| x.float()).collect::<Reason<_>>()?;
            concat_of(&all, axis).map(Tensor::Float)
        }
        [Tensor::Int(_), ..] => {
            let all: Vec<_> = all.iter().map(|x| x.int()).collect::<Reason<_>>()?;
            concat_of(&all, axis).map(Tensor::Int)
        }
        [Tensor::Bool(_), ..] => {
            let all: Vec<_> = all.iter().map(|x| x.bool()).collect::<Reason<_>>()?;
            concat_of(&all, axis).map(Tensor::Bool)
        }
        [] => Err("expected one operand at least, found none".to_owned()),
    }
}

fn concat_of<T: Copy>(all: &[&Dense<T>], axis: usize) -> Reason<Dense<T>> {
    let first = all.first().ok_or("no operand")?;
    let mut shape = first.shape().to_vec();
    let outer = elements(shape.get(..axis).ok_or("no such axis")?)?;
    let mut total = 0_usize;
    let mut parts = Vec::new();
    for x in all {
        total = total.saturating_add(*x.shape().get(axis).ok_or("no such axis")?);
        let block = elements(x.shape().get(axis..).ok_or("no such axis")?)?;
        parts.push(x.data().chunks_exact(block));
    }
    if let Some(size) = shape.get_mut(axis) {
        *size = total;
    }
    let mut data = Vec::with_capacity(elements(&shape)?);
    for _ in 0..outer {
        for part in &mut parts {
            data.extend_from_slice(part.next().ok_or("an operand is too short")?);
        }
    }
    Dense::new(shape, data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::portable::ops::Op;
    use crate::session::portable::tensor::Kind;

    fn numbers(shape: &[usize]) -> Tensor {
        let count = shape.iter().product::<usize>();
        Tensor::Int(Dense::new(shape, (0..count as i32).collect()).unwrap())
    }

    fn ints(shape: &[usize], data: &[i32]) -> Tensor {
        Tensor::Int(Dense::new(shape, data.to_vec()).unwrap())
    }

    /// Evaluates and checks that the inferred kind is the result's.
    fn run(op: Op, inputs: &[&Tensor]) -> Tensor {
        let kinds: Vec<_> = inputs.iter().map(|x| x.kind()).collect();
        let kinds: Vec<_> = kinds.iter().collect();
        let inferred = op.infer(&kinds).unwrap();
        let result = op.eval(inputs).unwrap();
        assert_eq!(result.kind(), inferred, "{op:?}");
        result
    }

    #[test]
    fn transpose_by_hand() {
        let x = numbers(&[2, 3]);
        assert_eq!(
            run(Op::Transpose(vec![1, 0]), &[&x]),
            ints(&[3, 2], &[0, 3, 1, 4, 2, 5])
        );
        let x = numbers(&[2, 2, 2]);
        assert_eq!(
            run(Op::Transpose(vec![2, 0, 1]), &[&x]),
            ints(&[2, 2, 2], &[0, 2, 4, 6, 1, 3, 5, 7])
        );
        assert_eq!(run(Op::Transpose(vec![0, 1, 2]), &[&x]), x);
        for order in [vec![0, 0, 1], vec![0, 1], vec![0, 1, 3]] {
            assert!(Op::Transpose(order).infer(&[&x.kind()]).is_err());
        }
    }

    #[test]
    fn reshape_keeps_the_order() {
        let x = numbers(&[2, 3]);
        assert_eq!(
            run(Op::Reshape(vec![3, 1, 2]), &[&x]),
            ints(&[3, 1, 2], &[0, 1, 2, 3, 4, 5])
        );
        assert!(Op::Reshape(vec![4]).infer(&[&x.kind()]).is_err());
        assert!(Op::Reshape(vec![0, 6]).infer(&[&x.kind()]).is_err());
        assert!(
            Op::Reshape(vec![usize::MAX, 6])
                .infer(&[&x.kind()])
                .is_err()
        );
    }

    #[test]
    fn slice_by_hand() {
        let x = numbers(&[3, 4]);
        let slice = Slice {
            begin: vec![1, 0],
            size: vec![2, 2],
            step: vec![1, 3],
        };
        assert_eq!(run(Op::Slice(slice), &[&x]), ints(&[2, 2], &[4, 7, 8, 11]));
        for (begin, size, step) in [
            (2, 2, 1),
            (3, 1, 1),
            (0, 2, 3),
            (0, 0, 1),
            (usize::MAX, 2, 1),
        ] {
            let slice = Slice {
                begin: vec![begin, 0],
                size: vec![size, 4],
                step: vec![step, 1],
            };
            assert!(slice.infer(&x.kind()).is_err(), "{slice:?}");
        }
    }

    #[test]
    fn tile_by_hand() {
        let x = numbers(&[2, 2]);
        assert_eq!(
            run(Op::Tile(vec![1, 2]), &[&x]),
            ints(&[2, 4], &[0, 1, 0, 1, 2, 3, 2, 3])
        );
        assert_eq!(
            run(Op::Tile(vec![2, 1]), &[&x]),
            ints(&[4, 2], &[0, 1, 2, 3, 0, 1, 2, 3])
        );
        assert_eq!(
            run(Op::Tile(vec![2, 2]), &[&ints(&[1, 1], &[7])]),
            ints(&[2, 2], &[7; 4])
        );
        assert!(Op::Tile(vec![2]).infer(&[&x.kind()]).is_err());
        assert!(Op::Tile(vec![0, 1]).infer(&[&x.kind()]).is_err());
        assert!(Op::Tile(vec![usize::MAX, 2]).infer(&[&x.kind()]).is_err());
    }

    #[test]
    fn concat_by_hand() {
        let (x, y) = (numbers(&[2, 2]), ints(&[2, 1], &[8, 9]));
        assert_eq!(
            run(Op::Concat(1), &[&x, &y]),
            ints(&[2, 3], &[0, 1, 8, 2, 3, 9])
        );
        let y = ints(&[1, 2], &[8, 9]);
        assert_eq!(
            run(Op::Concat(0), &[&x, &y, &y]),
            ints(&[4, 2], &[0, 1, 2, 3, 8, 9, 8, 9])
        );
        assert!(Op::Concat(1).infer(&[&x.kind(), &y.kind()]).is_err());
        assert!(Op::Concat(2).infer(&[&x.kind()]).is_err());
        assert!(Op::Concat(0).infer(&[]).is_err());
        let floats = TensorKind::new(Kind::Float, [2, 2]);
        assert!(Op::Concat(0).infer(&[&x.kind(), &floats]).is_err());
    }
}
