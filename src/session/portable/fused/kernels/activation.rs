//! Element-wise functions between the linear layers.

use fearless_simd::prelude::*;

use super::math::{gelu, gelu_tanh, relu, tanh};

/// An element-wise function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::session::portable) enum Activation {
    Identity,
    /// GELU by the error function.
    Gelu,
    /// GELU by its tanh approximation.
    GeluTanh,
    Relu,
    Tanh,
}

impl Activation {
    #[inline(always)]
    pub(super) fn apply<S: Simd>(self, simd: S, x: S::f32s) -> S::f32s {
        match self {
            Self::Identity => x,
            Self::Gelu => gelu(simd, x),
            Self::GeluTanh => gelu_tanh(simd, x),
            Self::Relu => relu(simd, x),
            Self::Tanh => tanh(simd, x),
        }
    }
}
