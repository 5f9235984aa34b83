//! What stands for products in 8-bit integers where there are none.

use super::gemm::Operand;

/// Never exists here.
#[derive(Debug, Clone, Copy)]
pub(in super::super) enum Vnni {}

impl Vnni {
    pub(in super::super) fn detect() -> Option<Self> {
        None
    }
}

/// Never exists here.
#[derive(Debug)]
pub(super) struct Bytes(Vnni);

/// Activations rounded to bytes: none.
#[derive(Debug, Default)]
pub(in super::super) struct ByteRows(());

impl Bytes {
    pub(super) fn new(
        vnni: Vnni,
        _: bool,
        _: usize,
        _: usize,
        _: impl Fn(usize, usize) -> f32,
        _: impl Fn(usize) -> f32,
    ) -> Self {
        match vnni {}
    }

    pub(super) fn columns(&self) -> usize {
        match self.0 {}
    }

    pub(super) fn multiply(
        &self,
        _: Operand<'_>,
        _: usize,
        _: &mut ByteRows,
        _: &mut [f32],
        _: usize,
        _: impl FnMut(&mut [f32], usize, usize),
    ) {
        match self.0 {}
    }
}
