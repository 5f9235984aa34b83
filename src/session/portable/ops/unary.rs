//! Functions of one float.

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use super::erf::erf;
use crate::session::portable::tensor::Dense;

/// A function that is applied to each element; names and formulas are those of the MIL operations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Unary {
    Abs,
    Ceil,
    /// Into `[alpha, beta]`.
    Clip(f32, f32),
    Erf,
    Exp,
    Floor,
    Gelu(Gelu),
    /// `1 / (x + epsilon)`.
    Inverse(f32),
    /// `ln(x + epsilon)`.
    Log(f32),
    Relu,
    /// Half to even.
    Round,
    /// `1 / √(x + epsilon)`.
    Rsqrt(f32),
    Sigmoid,
    Sign,
    Silu,
    Sqrt,
    Square,
    Tanh,
}

/// The modes of MIL's `gelu`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gelu {
    /// `x/2 · (1 + erf(x/√2))`.
    Exact,
    /// `x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))`.
    Tanh,
    /// `x · sigmoid(1.702 x)`.
    Sigmoid,
}

impl Unary {
    pub(in crate::session::portable) fn eval(self, x: &Dense<f32>) -> Dense<f32> {
        match self {
            Self::Abs => x.map(f32::abs),
            Self::Ceil => x.map(f32::ceil),
            // Not `clamp`, which panics on bounds in the wrong order.
            Self::Clip(low, high) => x.map(|x| {
                if x < low {
                    low
                } else if x > high {
                    high
                } else {
                    x
                }
            }),
            Self::Erf => x.map(erf),
            Self::Exp => x.map(f32::exp),
            Self::Floor => x.map(f32::floor),
            Self::Gelu(Gelu::Exact) => x.map(|x| 0.5 * x * (1.0 + erf(x * FRAC_1_SQRT_2))),
            Self::Gelu(Gelu::Tanh) => x.map(gelu_tanh),
            Self::Gelu(Gelu::Sigmoid) => x.map(|x| x * sigmoid(1.702 * x)),
            Self::Inverse(epsilon) => x.map(|x| 1.0 / (x + epsilon)),
            Self::Log(epsilon) => x.map(|x| (x + epsilon).ln()),
            Self::Relu => x.map(|x| if x < 0.0 { 0.0 } else { x }),
            Self::Round => x.map(f32::round_ties_even),
            Self::Rsqrt(epsilon) => x.map(|x| 1.0 / (x + epsilon).sqrt()),
            Self::Sigmoid => x.map(sigmoid),
            // `signum` of zero is one.
            Self::Sign => x.map(|x| if x == 0.0 { 0.0 } else { x.signum() }),
            Self::Silu => x.map(|x| x * sigmoid(x)),
            Self::Sqrt => x.map(f32::sqrt),
            Self::Square => x.map(|x| x * x),
            Self::Tanh => x.map(f32::tanh),
        }
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

fn gelu_tanh(x: f32) -> f32 {
    // √(2/π) = 2/√π · 1/√2.
    let inner = FRAC_2_SQRT_PI * FRAC_1_SQRT_2 * (x + 0.044_715 * x * x * x);
    0.5 * x * (1.0 + inner.tanh())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(op: Unary, x: f32) -> f32 {
        op.eval(&Dense::new([1], vec![x]).unwrap()).data()[0]
    }

    #[test]
    fn each_function_at_points_worked_out_by_hand() {
        let e = std::f32::consts::E;
        for (op, x, expected) in [
            (Unary::Abs, -1.5, 1.5),
            (Unary::Ceil, -1.5, -1.0),
            (Unary::Clip(-1.0, 2.0), -3.0, -1.0),
            (Unary::Clip(-1.0, 2.0), 0.5, 0.5),
            (Unary::Clip(-1.0, 2.0), 3.0, 2.0),
            (Unary::Erf, 1.0, 0.842_700_8),
            (Unary::Exp, 1.0, e),
            (Unary::Floor, -1.5, -2.0),
            (Unary::Inverse(0.5), 1.5, 0.5),
            (Unary::Log(1.0), e - 1.0, 1.0),
            (Unary::Relu, -2.0, 0.0),
            (Unary::Relu, 2.0, 2.0),
            (Unary::Round, 2.5, 2.0),
            (Unary::Round, 3.5, 4.0),
            (Unary::Rsqrt(1.0), 3.0, 0.5),
            (Unary::Sigmoid, 0.0, 0.5),
            (Unary::Sigmoid, 3.0_f32.ln(), 0.75),
            (Unary::Sign, -7.0, -1.0),
            (Unary::Sign, 0.0, 0.0),
            (Unary::Silu, 3.0_f32.ln(), 0.75 * 3.0_f32.ln()),
            (Unary::Sqrt, 9.0, 3.0),
            (Unary::Square, -3.0, 9.0),
            (Unary::Tanh, 0.5 * 3.0_f32.ln(), 0.5),
            // Φ(1) = 0.8413447.
            (Unary::Gelu(Gelu::Exact), 1.0, 0.841_344_7),
            (Unary::Gelu(Gelu::Exact), -1.0, -0.158_655_25),
            // PyTorch 2.7: gelu(1, approximate="tanh").
            (Unary::Gelu(Gelu::Tanh), 1.0, 0.841_192),
            (
                Unary::Gelu(Gelu::Sigmoid),
                3.0_f32.ln() / 1.702,
                0.75 * 3.0_f32.ln() / 1.702,
            ),
        ] {
            assert!(
                (of(op, x) - expected).abs() < 2e-7 * expected.abs().max(1.0),
                "{op:?} {x}: {}",
                of(op, x)
            );
        }
    }

    #[test]
    fn nothing_panics_at_the_extremes() {
        for x in [
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::MAX,
            f32::MIN_POSITIVE,
        ] {
            of(Unary::Clip(2.0, 1.0), x);
            of(Unary::Gelu(Gelu::Exact), x);
        }
        assert_eq!(of(Unary::Gelu(Gelu::Exact), 50.0), 50.0);
        assert_eq!(of(Unary::Gelu(Gelu::Tanh), -50.0), 0.0);
        assert_eq!(of(Unary::Sigmoid, -200.0), 0.0);
    }
}
