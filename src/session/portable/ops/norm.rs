//! Softmax and layer normalisation.

use super::floats;
use crate::session::portable::tensor::{Dense, Kind, Reason, TensorKind};

pub(super) fn infer_softmax(x: &TensorKind, axis: usize) -> Reason<TensorKind> {
    floats(x, "x")?;
    if axis >= x.shape.len() {
        return Err(format!("{x} has no axis {axis}"));
    }
    Ok(x.clone())
}

/// `exp(x) / Σ exp(x)` along `axis`, from differences to the largest element.
///
/// Minus infinity gives 0. A run of nothing else gives NaN, as in PyTorch: there is no
/// distribution over no elements, and a NaN among the logits is reported instead of guessed over.
pub(super) fn softmax(x: &Dense<f32>, axis: usize) -> Reason<Dense<f32>> {
    x.map_runs(&[axis], |run| {
        let largest = run.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        for x in run.iter_mut() {
            *x = (*x - largest).exp();
            sum += *x;
        }
        for x in run {
            *x /= sum;
        }
    })
}

/// MIL's `layer_norm`: `gamma · (x - mean) / √(variance + epsilon) + beta`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LayerNorm {
    /// The axes that are normalised over together, ascending.
    pub(crate) axes: Vec<usize>,
    pub(crate) epsilon: f32,
}

impl LayerNorm {
    pub(super) fn infer(
        &self,
        x: &TensorKind,
        gamma: &TensorKind,
        beta: &TensorKind,
    ) -> Reason<TensorKind> {
        floats(x, "x")?;
        if !self.axes.is_sorted_by(|a, b| a < b) {
            return Err(format!("expected ascending axes, found {:?}", self.axes));
        }
        let expected: Vec<usize> = self
            .axes
            .iter()
            .map(|&axis| {
                x.shape
                    .get(axis)
                    .copied()
                    .ok_or_else(|| format!("{x} has no axis {axis}"))
            })
            .collect::<Reason<_>>()?;
        for (name, given) in [("gamma", gamma), ("beta", beta)] {
            if *given != TensorKind::new(Kind::Float, expected.clone()) {
                return Err(format!(
                    "`{name}`: expected floats {expected:?}, the axes {:?} of x {x}, found {given}",
                    self.axes
                ));
            }
        }
        Ok(x.clone())
    }

    pub(super) fn eval(
        &self,
        x: &Dense<f32>,
        gamma: &Dense<f32>,
        beta: &Dense<f32>,
    ) -> Reason<Dense<f32>> {
        x.map_runs(&self.axes, |run| {
            // The lengths are far below the largest number that `f32` counts to.
            let count = run.len() as f32;
            let mean = run.iter().sum::<f32>() / count;
            let variance = run.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / count;
            // An epsilon that float16 rounded to zero must not turn equal elements into 0/0.
            let scale = 1.0 / (variance + self.epsilon).max(f32::MIN_POSITIVE).sqrt();
            for ((x, gamma), beta) in run.iter_mut().zip(gamma.data()).zip(beta.data()) {
                *x = (*x - mean) * scale * gamma + beta;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats_of(shape: &[usize], data: &[f32]) -> Dense<f32> {
        Dense::new(shape, data.to_vec()).unwrap()
    }

    fn close(found: &Dense<f32>, expected: &Dense<f32>) {
        assert_eq!(found.shape(), expected.shape());
        for (found, expected) in found.data().iter().zip(expected.data()) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn softmax_by_hand() {
        let third = 1.0 / 3.0;
        let ln2 = 2.0_f32.ln();
        let x = floats_of(&[2, 2], &[0.0, ln2, 1000.0, 1000.0]);
        close(
            &softmax(&x, 1).unwrap(),
            &floats_of(&[2, 2], &[third, 2.0 * third, 0.5, 0.5]),
        );
        let x = floats_of(&[2, 2], &[0.0, 5.0, ln2, 5.0]);
        close(
            &softmax(&x, 0).unwrap(),
            &floats_of(&[2, 2], &[third, 0.5, 2.0 * third, 0.5]),
        );
    }

    #[test]
    fn softmax_leaves_nothing_to_masked_elements() {
        let x = floats_of(&[3], &[f32::NEG_INFINITY, 3.0, f32::NEG_INFINITY]);
        assert_eq!(softmax(&x, 0).unwrap().data(), [0.0, 1.0, 0.0]);
        let x = floats_of(&[3], &[f32::MIN, -2.0, -2.0]);
        assert_eq!(softmax(&x, 0).unwrap().data(), [0.0, 0.5, 0.5]);
        // All masked by a finite number: evenly, as in PyTorch.
        let x = floats_of(&[2], &[f32::MIN, f32::MIN]);
        assert_eq!(softmax(&x, 0).unwrap().data(), [0.5, 0.5]);
        // All masked by minus infinity: NaN, as in PyTorch.
        let x = floats_of(&[2], &[f32::NEG_INFINITY; 2]);
        assert!(softmax(&x, 0).unwrap().data().iter().all(|x| x.is_nan()));
    }

    #[test]
    fn layer_norm_by_hand() {
        let op = LayerNorm {
            axes: vec![1],
            epsilon: 0.0,
        };
        // Means 3 and 10, deviations 2 and 5.
        let x = floats_of(&[2, 2], &[1.0, 5.0, 15.0, 5.0]);
        let gamma = floats_of(&[2], &[1.0, 10.0]);
        let beta = floats_of(&[2], &[0.5, 0.0]);
        close(
            &op.eval(&x, &gamma, &beta).unwrap(),
            &floats_of(&[2, 2], &[-0.5, 10.0, 1.5, -10.0]),
        );
        let op = LayerNorm {
            axes: vec![1],
            epsilon: 12.0,
        };
        close(
            &op.eval(&floats_of(&[1, 2], &[1.0, 5.0]), &gamma, &beta)
                .unwrap(),
            &floats_of(&[1, 2], &[0.0, 5.0]),
        );
    }

    #[test]
    fn layer_norm_over_an_inner_axis_and_over_all() {
        let one = floats_of(&[2], &[1.0, 1.0]);
        let zero = floats_of(&[2], &[0.0, 0.0]);
        let x = floats_of(&[2, 2], &[1.0, 15.0, 5.0, 5.0]);
        let op = LayerNorm {
            axes: vec![0],
            epsilon: 0.0,
        };
        close(
            &op.eval(&x, &one, &zero).unwrap(),
            &floats_of(&[2, 2], &[-1.0, 1.0, 1.0, -1.0]),
        );
        let gamma = floats_of(&[2, 2], &[1.0; 4]);
        let beta = floats_of(&[2, 2], &[0.0, 0.0, 0.0, 1.0]);
        let op = LayerNorm {
            axes: vec![0, 1],
            epsilon: 0.0,
        };
        let x = floats_of(&[2, 2], &[1.0, 1.0, 5.0, 5.0]);
        close(
            &op.eval(&x, &gamma, &beta).unwrap(),
            &floats_of(&[2, 2], &[-1.0, -1.0, 1.0, 2.0]),
        );
    }

    #[test]
    fn equal_elements_without_epsilon_give_beta() {
        let op = LayerNorm {
            axes: vec![0],
            epsilon: 0.0,
        };
        let x = floats_of(&[2], &[3.0, 3.0]);
        let beta = floats_of(&[2], &[0.25, -0.5]);
        assert_eq!(op.eval(&x, &x, &beta).unwrap(), beta);
    }

    #[test]
    fn refuses_parameters_of_another_shape() {
        let of = |shape: &[usize]| TensorKind::new(Kind::Float, shape);
        let op = LayerNorm {
            axes: vec![1],
            epsilon: 0.0,
        };
        assert!(op.infer(&of(&[2, 3]), &of(&[3]), &of(&[3])).is_ok());
        assert!(op.infer(&of(&[2, 3]), &of(&[2]), &of(&[3])).is_err());
        assert!(
            op.infer(&of(&[2, 3]), &of(&[3]), &TensorKind::new(Kind::Int, [3]))
                .is_err()
        );
        assert!(op.infer(&of(&[2]), &of(&[3]), &of(&[3])).is_err());
        assert!(infer_softmax(&of(&[2]), 1).is_err());
        assert!(infer_softmax(&TensorKind::new(Kind::Bool, [2]), 0).is_err());
    }
}
