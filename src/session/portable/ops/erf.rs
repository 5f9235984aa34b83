//! The error function, `erf(x) = 2/√π ∫₀ˣ exp(-t²) dt`.

use std::f64::consts::FRAC_2_SQRT_PI;
use std::sync::LazyLock;

/// Beyond it the function differs from ±1 by less than half a unit in the last place of an `f32`.
const END: f64 = 4.0;

/// Distance between two points of the table.
const STEP: f64 = 1.0 / 32.0;

/// The function and its first derivative at every multiple of [`STEP`] up to [`END`].
static TABLE: LazyLock<Vec<(f64, f64)>> = LazyLock::new(|| {
    (0..=128_u8)
        .map(|index| {
            let x = f64::from(index) * STEP;
            (series(x), FRAC_2_SQRT_PI * (-x * x).exp())
        })
        .collect()
});

/// `2/√π · exp(-x²) · Σ 2ⁿ x²ⁿ⁺¹ / (1·3·…·(2n+1))`: every term is positive for positive `x`, nothing
/// cancels.
fn series(x: f64) -> f64 {
    let mut term = x;
    let mut sum = x;
    let mut odd = 1.0;
    while term > sum * 1e-17 {
        odd += 2.0;
        term *= 2.0 * x * x / odd;
        sum += term;
    }
    FRAC_2_SQRT_PI * (-x * x).exp() * sum
}

/// The error function, exact to the precision of `f32`.
///
/// A Taylor polynomial of degree 4 about the nearest point of a table; what it leaves out is below
/// 1e-10.
pub(super) fn erf(x: f32) -> f32 {
    let x = f64::from(x);
    let distance = x.abs();
    if distance >= END {
        return 1.0_f64.copysign(x) as f32;
    }
    // A negative or missing index is none: NaN becomes 0 here and NaN again in the polynomial.
    let nearest = (distance / STEP).round();
    let Some(&(value, slope)) = TABLE.get(nearest as usize) else {
        return 1.0_f64.copysign(x) as f32;
    };
    let at = nearest * STEP;
    let d = distance - at;
    // The higher derivatives of erf are its first times Hermite polynomials.
    let third = (2.0 * at * at - 1.0) / 3.0;
    let fourth = at * (3.0 - 2.0 * at * at) / 6.0;
    let result = value + slope * d * (1.0 + d * (-at + d * (third + d * fourth)));
    result.copysign(x) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // Abramowitz and Stegun, table 7.1.
        for (x, expected) in [
            (0.0, 0.0),
            (0.02, 0.022_564_574_7),
            (0.1, 0.112_462_916_0),
            (0.5, 0.520_499_877_8),
            (1.0, 0.842_700_792_9),
            (1.5, 0.966_105_146_5),
            (2.0, 0.995_322_265_0),
        ] {
            let expected = expected as f32;
            assert!((erf(x) - expected).abs() <= f32::EPSILON / 2.0, "{x}");
            assert_eq!(erf(-x), -erf(x), "{x}");
        }
    }

    #[test]
    fn agrees_with_the_series_everywhere() {
        for index in 0..=80_000 {
            let x = index as f32 * 1e-4;
            let expected = if x < 6.0 { series(f64::from(x)) } else { 1.0 };
            assert!(
                (f64::from(erf(x)) - expected).abs() <= 6.1e-8,
                "{x}: {} {expected}",
                erf(x)
            );
        }
    }

    #[test]
    fn extremes() {
        assert_eq!(erf(f32::INFINITY), 1.0);
        assert_eq!(erf(f32::NEG_INFINITY), -1.0);
        assert_eq!(erf(f32::MAX), 1.0);
        assert_eq!(erf(-0.0).to_bits(), (-0.0_f32).to_bits());
        assert!(erf(f32::NAN).is_nan());
    }
}
