#!/usr/bin/env python3
"""Fits the polynomials of src/session/portable/fused/kernels/math.rs and prints them as Rust.

    exp2     2^f on |f| <= 1/2, relative error
    normal   g(t) = -log2 of the normal distribution's upper tail at t, 0 <= t <= 6, so that
             GELU(x) = x * 2^-g(-x) for x < 0 and x - x * 2^-g(x) else; error of t * 2^-g(t)

Minimax by Lawson's iteration of weighted least squares in float64; the printed errors are those of the
coefficients rounded to float32, evaluated in float64. Needs numpy and scipy.
"""

import numpy as np
from scipy.special import log_ndtr


def fit(target, weight, low, high, degree, steps=3000):
    """Coefficients, lowest power first, of the polynomial with the least weighted maximum error."""
    nodes = np.cos(np.pi * (np.arange(1500) + 0.5) / 1500)
    x = (low + high) / 2 + (high - low) / 2 * nodes
    scale = max(abs(low), abs(high))
    basis = (x[:, None] / scale) ** np.arange(degree + 1)
    goal, lawson = target(x), np.full(x.size, 1 / x.size)
    best = (np.inf, None)
    for _ in range(steps):
        w = np.sqrt(lawson) * weight(x)
        found = np.linalg.lstsq(basis * w[:, None], goal * w, rcond=None)[0]
        error = np.abs(basis @ found - goal) * weight(x)
        if error.max() < best[0]:
            best = (error.max(), found)
        lawson *= error + 1e-300
        lawson /= lawson.sum()
    return best[1] / scale ** np.arange(degree + 1)


def show(name, coefficients, error):
    rounded = coefficients.astype(np.float32)
    listing = ", ".join(np.format_float_scientific(c, unique=True, trim="0") for c in rounded)
    print(f"const {name}: [f32; {len(rounded)}] = [{listing}];  // {error(rounded.astype(float)):.2e}")


def main():
    f = np.linspace(-0.5, 0.5, 200_001)
    exp2 = fit(lambda x: 2**x, lambda x: 2**-x, -0.5, 0.5, 6)
    show("EXP2", exp2, lambda c: np.abs(np.polyval(c[::-1], f) / 2**f - 1).max())

    def g(t):
        return -log_ndtr(-t) / np.log(2)

    t = np.linspace(0, 6, 200_001)
    normal = fit(g, lambda t: (t + 0.05) * 2 ** -g(t), 0, 6, 8)
    show("NORMAL_TAIL", normal, lambda c: np.abs(t * (2 ** -np.polyval(c[::-1], t) - 2 ** -g(t))).max())


if __name__ == "__main__":
    main()
