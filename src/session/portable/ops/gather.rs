//! Looking up slices by index.

use super::integers;
use crate::session::portable::tensor::{Dense, Reason, Tensor, TensorKind, each_kind, elements};

/// MIL's `gather`: for each index, the slice of `x` at that index of `axis`.
///
/// The result's shape is `x[..axis] + indices[batch_dims..] + x[axis + 1..]`; the first `batch_dims`
/// dimensions of both operands are the same and run together. Indices below zero count from the
/// end, as MIL has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gather {
    pub(crate) axis: usize,
    pub(crate) batch_dims: usize,
}

/// The dimensions of a lookup as numbers of elements.
struct Layout {
    /// Of the dimensions that both operands share.
    batch: usize,
    /// Of those between them and the axis.
    outer: usize,
    /// Of the axis.
    rows: usize,
    /// Of those after the axis.
    inner: usize,
    /// Indices in each batch.
    lookups: usize,
    shape: Vec<usize>,
}

impl Gather {
    fn layout(self, x: &[usize], indices: &[usize]) -> Reason<Layout> {
        let mismatch = || {
            format!(
                "cannot look up {indices:?} in {x:?} along axis {} with {} batch dimensions",
                self.axis, self.batch_dims
            )
        };
        let (before, rest) = x.split_at_checked(self.axis).ok_or_else(mismatch)?;
        let (&rows, inner) = rest.split_first().ok_or_else(mismatch)?;
        let (batch, outer) = before
            .split_at_checked(self.batch_dims)
            .ok_or_else(mismatch)?;
        let lookups = indices.strip_prefix(batch).ok_or_else(mismatch)?;
        Ok(Layout {
            batch: elements(batch)?,
            outer: elements(outer)?,
            rows,
            inner: elements(inner)?,
            lookups: elements(lookups)?,
            shape: [before, lookups, inner].concat(),
        })
    }

    pub(super) fn infer(self, x: &TensorKind, indices: &TensorKind) -> Reason<TensorKind> {
        integers(indices, "indices")?;
        let layout = self.layout(&x.shape, &indices.shape)?;
        Ok(TensorKind::new(x.kind, layout.shape))
    }

    pub(super) fn eval(self, x: &Tensor, indices: &Dense<i32>) -> Reason<Tensor> {
        Ok(each_kind!(x, x => self.of(x, indices)?))
    }

    fn of<T: Copy>(self, x: &Dense<T>, indices: &Dense<i32>) -> Reason<Dense<T>> {
        let layout = self.layout(x.shape(), indices.shape())?;
        let mut out = Vec::with_capacity(elements(&layout.shape)?);
        let mut tables = x.data().chunks_exact(
            layout
                .rows
                .checked_mul(layout.inner)
                .ok_or("too many elements")?,
        );
        for indices in indices
            .data()
            .chunks_exact(layout.lookups)
            .take(layout.batch)
        {
            for table in tables.by_ref().take(layout.outer) {
                for &index in indices {
                    let row = row_of(index, layout.rows)?;
                    let slice = table.chunks_exact(layout.inner).nth(row);
                    out.extend_from_slice(slice.ok_or("no such row")?);
                }
            }
        }
        Dense::new(layout.shape, out)
    }
}

fn row_of(index: i32, rows: usize) -> Reason<usize> {
    let distance = usize::try_from(index.unsigned_abs());
    match distance {
        Ok(distance) if index >= 0 => Some(distance),
        Ok(distance) => rows.checked_sub(distance),
        Err(_) => None,
    }
    .filter(|&row| row < rows)
    .ok_or_else(|| format!("expected an index into {rows} rows, found {index}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::portable::tensor::Kind;

    fn numbers(shape: &[usize]) -> Tensor {
        let count = shape.iter().product::<usize>();
        Tensor::Float(Dense::new(shape, (0..count).map(|i| i as f32).collect()).unwrap())
    }

    fn gather(axis: usize, batch_dims: usize, x: &Tensor, shape: &[usize], at: &[i32]) -> Tensor {
        let indices = Dense::new(shape, at.to_vec()).unwrap();
        let op = Gather { axis, batch_dims };
        let result = op.eval(x, &indices).unwrap();
        let inferred = op
            .infer(&x.kind(), &TensorKind::new(Kind::Int, shape))
            .unwrap();
        assert_eq!(result.kind(), inferred);
        result
    }

    fn floats(shape: &[usize], data: &[f32]) -> Tensor {
        Tensor::Float(Dense::new(shape, data.to_vec()).unwrap())
    }

    #[test]
    fn embedding_lookup() {
        assert_eq!(
            gather(0, 0, &numbers(&[3, 2]), &[1, 3], &[2, 0, -1]),
            floats(&[1, 3, 2], &[4.0, 5.0, 0.0, 1.0, 4.0, 5.0])
        );
    }

    #[test]
    fn along_a_later_axis() {
        assert_eq!(
            gather(1, 0, &numbers(&[2, 3]), &[2], &[2, 1]),
            floats(&[2, 2], &[2.0, 1.0, 5.0, 4.0])
        );
    }

    #[test]
    fn a_single_index_drops_the_axis() {
        assert_eq!(
            gather(1, 0, &numbers(&[1, 3, 2]), &[], &[1]),
            floats(&[1, 2], &[2.0, 3.0])
        );
    }

    #[test]
    fn batches_run_together() {
        assert_eq!(
            gather(1, 1, &numbers(&[2, 3]), &[2, 1], &[2, 0]),
            floats(&[2, 1], &[2.0, 3.0])
        );
        assert_eq!(
            gather(2, 1, &numbers(&[2, 2, 2]), &[2, 1], &[1, 0]),
            floats(&[2, 2, 1], &[1.0, 3.0, 4.0, 6.0])
        );
    }

    #[test]
    fn an_index_outside_the_table_is_an_error() {
        let table = numbers(&[3, 2]);
        for index in [3, -4, i32::MAX, i32::MIN] {
            let op = Gather {
                axis: 0,
                batch_dims: 0,
            };
            let indices = Dense::new([1], vec![index]).unwrap();
            let reason = op.eval(&table, &indices).unwrap_err();
            assert!(
                reason.contains("3 rows") && reason.contains(&index.to_string()),
                "{reason}"
            );
        }
    }

    #[test]
    fn refuses_floats_as_indices_and_axes_out_of_range() {
        let x = TensorKind::new(Kind::Float, [3, 2]);
        let indices = TensorKind::new(Kind::Int, [3]);
        assert!(
            Gather {
                axis: 0,
                batch_dims: 0
            }
            .infer(&x, &x)
            .is_err()
        );
        assert!(
            Gather {
                axis: 2,
                batch_dims: 0
            }
            .infer(&x, &indices)
            .is_err()
        );
        assert!(
            Gather {
                axis: 0,
                batch_dims: 1
            }
            .infer(&x, &indices)
            .is_err()
        );
        let other = TensorKind::new(Kind::Int, [4, 1]);
        assert!(
            Gather {
                axis: 1,
                batch_dims: 1
            }
            .infer(&x, &other)
            .is_err()
        );
    }
}
