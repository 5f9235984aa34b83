//! Exponential, tanh and GELU of a vector. Errors are at most 1e-6 (see the tests).
//!
//! The coefficients come from `scripts/fit_polynomials.py`.

use fearless_simd::prelude::*;

/// 2^f on |f| ≤ 1/2; relative error 1.6e-8.
const EXP2: [f32; 7] = [
    1.0,
    6.931_472e-1,
    2.402_264_6e-1,
    5.550_328_6e-2,
    9.618_489e-3,
    1.339_993_1e-3,
    1.534_581_2e-4,
];

/// −log2 of the normal distribution's upper tail at t; error of t × tail 9e-9 on 0 ≤ t ≤ 6.
const NORMAL_TAIL: [f32; 9] = [
    9.999_995e-1,
    1.151_116,
    4.591_439_4e-1,
    5.266_031_6e-2,
    -7.277_838_4e-3,
    2.905_959_3e-4,
    1.254_292_4e-4,
    -2.701_516_1e-5,
    1.828_806_5e-6,
];

/// 1.5 × 2^23: adding it rounds a small number to an integer, which the low bits then hold.
const ROUND: f32 = 12_582_912.0;

#[inline(always)]
fn polynomial<S: Simd, const N: usize>(simd: S, coefficients: &[f32; N], x: S::f32s) -> S::f32s {
    let mut value = S::f32s::splat(simd, coefficients[N - 1]);
    for coefficient in coefficients[..N - 1].iter().rev() {
        value = value.mul_add(x, S::f32s::splat(simd, *coefficient));
    }
    value
}

/// 2^x for x ≤ 126; 2^-126 for anything below −126; some number for what is none.
#[inline(always)]
pub(super) fn exp2<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let x = x
        .max(S::f32s::splat(simd, -126.0))
        .min(S::f32s::splat(simd, 126.0));
    let shifted = x + ROUND;
    let fraction = x - (shifted - ROUND);
    let power = (shifted.to_bits() << 23) + 1.0_f32.to_bits();
    polynomial(simd, &EXP2, fraction) * from_bits::<S>(power)
}

#[inline(always)]
fn from_bits<S: Simd>(bits: <S::f32s as SimdFloat<S>>::Bits) -> S::f32s {
    <S::f32s as SimdFloat<S>>::from_bits(bits)
}

/// tanh(x) = 2 / (1 + e^-2x) − 1.
#[inline(always)]
pub(super) fn tanh<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let twice = logistic(simd, x + x);
    x.simd_eq(x).select(twice + twice - 1.0, x)
}

/// max(x, 0), and what is no number stays none: whether `max` returns it depends on the machine.
#[inline(always)]
pub(super) fn relu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let zero = S::f32s::splat(simd, 0.0);
    x.simd_lt(zero).select(zero, x)
}

/// 1 / (1 + e^-x).
#[inline(always)]
fn logistic<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let tail = exp2(simd, x * -std::f32::consts::LOG2_E);
    S::f32s::splat(simd, 1.0) / (tail + 1.0)
}

/// x × Φ(x), Φ the normal distribution: GELU, `EXACT` in MIL.
#[inline(always)]
pub(super) fn gelu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let t = x.abs();
    // What is no number comes back through `t`.
    let tail = exp2(simd, -polynomial(simd, &NORMAL_TAIL, t));
    // max(x, 0) − |x| × tail is x × (1 − tail) above zero and x × tail below.
    let zero = S::f32s::splat(simd, 0.0);
    x.max(zero) - t * tail
}

/// x / (1 + e^-2u), u = √(2/π) (x + 0.044715 x³): GELU, `TANH_APPROXIMATION` in MIL.
#[inline(always)]
pub(super) fn gelu_tanh<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let cubic = S::f32s::splat(simd, 0.044_715) * x * x;
    let u = x.mul_add(cubic, x) * (2.0 * 0.797_884_6);
    x * logistic(simd, u)
}

#[cfg(test)]
mod tests {
    use fearless_simd::{Level, dispatch};

    use super::super::{levels, load, store};
    use super::*;

    #[inline(always)]
    fn map<S: Simd>(simd: S, name: &str, values: &mut [f32]) {
        for chunk in values.chunks_mut(S::f32s::LEN) {
            let x = load(simd, chunk);
            let y = match name {
                "exp2" => exp2(simd, x),
                "tanh" => tanh(simd, x),
                "gelu" => gelu(simd, x),
                "relu" => relu(simd, x),
                _ => gelu_tanh(simd, x),
            };
            store::<S>(y, chunk);
        }
    }

    fn mapped(level: Level, name: &str, values: &[f32]) -> Vec<f32> {
        let mut values = values.to_vec();
        dispatch!(level, simd => map(simd, name, &mut values));
        values
    }

    /// Every `step`-th float of both signs up to `limit`.
    fn floats(limit: f32, step: usize) -> Vec<f32> {
        let last = limit.to_bits();
        let positive = (0..=last).step_by(step).map(f32::from_bits);
        positive.clone().map(|x| -x).chain(positive).collect()
    }

    /// erf by its series and continued fraction, in f64.
    fn erf(x: f64) -> f64 {
        let t = x.abs();
        let value = if t < 3.0 {
            let (mut term, mut sum) = (t, t);
            for n in 1..200 {
                term *= -t * t / f64::from(n);
                sum += term / f64::from(2 * n + 1);
            }
            sum * 2.0 / std::f64::consts::PI.sqrt()
        } else {
            let mut fraction = 0.0;
            for n in (1..=120).rev() {
                fraction = f64::from(n) / 2.0 / (t + fraction);
            }
            1.0 - (-t * t).exp() / std::f64::consts::PI.sqrt() / (t + fraction)
        };
        value.copysign(x)
    }

    fn worst(name: &str, inputs: &[f32], truth: impl Fn(f64) -> f64, scale: impl Fn(f64) -> f64) {
        for level in levels() {
            let found = mapped(level, name, inputs);
            for (x, y) in inputs.iter().zip(found) {
                let x = f64::from(*x);
                let error = (f64::from(y) - truth(x)).abs() / scale(x);
                assert!(error <= 1e-6, "{name}({x}) = {y} at {level:?}: {error:e}");
            }
        }
    }

    #[test]
    fn exp2_is_right_to_a_millionth() {
        worst("exp2", &floats(126.0, 4001), f64::exp2, f64::exp2);
    }

    #[test]
    fn exp2_of_very_low_numbers_vanishes() {
        for level in levels() {
            for y in mapped(level, "exp2", &[-127.0, -1e4, f32::MIN, f32::NEG_INFINITY]) {
                assert!((0.0..1.2e-38).contains(&y), "{y}");
            }
        }
    }

    #[test]
    fn tanh_is_right_to_a_millionth() {
        worst("tanh", &floats(50.0, 4001), f64::tanh, |_| 1.0);
        worst("tanh", &[-1e30, -200.0, 200.0, 1e30], f64::tanh, |_| 1.0);
    }

    #[test]
    fn relu_is_exact() {
        for level in levels() {
            let inputs = floats(f32::MAX, 8_000_009);
            for (x, y) in inputs.iter().zip(mapped(level, "relu", &inputs)) {
                assert_eq!(y, if *x < 0.0 { 0.0 } else { *x });
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        for level in levels() {
            for name in ["tanh", "relu", "gelu", "gelu_tanh"] {
                let found = mapped(level, name, &[f32::NAN, 1.0]);
                assert!(
                    found[0].is_nan() && found[1].is_finite(),
                    "{name} at {level:?}"
                );
            }
        }
    }

    #[test]
    fn gelu_is_right_to_a_millionth() {
        let truth = |x: f64| x * 0.5 * (1.0 + erf(x / std::f64::consts::SQRT_2));
        // Relative to |x| where x is large: a float has 24 bits.
        worst("gelu", &floats(30.0, 8009), truth, |x| x.abs().max(1.0));
        worst("gelu", &[-1e6, -1e3, 1e3, 1e6], truth, |x| x.abs().max(1.0));
    }

    #[test]
    fn gelu_by_tanh_is_right_to_a_millionth() {
        let truth = |x: f64| {
            let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
            0.5 * x * (1.0 + u.tanh())
        };
        worst("gelu_tanh", &floats(30.0, 4001), truth, |x| {
            x.abs().max(1.0)
        });
        worst("gelu_tanh", &[-1e6, -1e3, 1e3, 1e6], truth, |x| {
            x.abs().max(1.0)
        });
    }
}
