//! Products with weights in 8-bit integers, by the byte dot product of AVX-512 VNNI.
//!
//! Weights have a scale per column, activations one per row, found when the row comes; in between, sums
//! are exact, so that a row of the result depends on its own row alone.
//!
//! An activation is one byte or, where that would be too coarse, two: 256 times a high one and a low
//! one, both signed, and each has a sum of its own. Bytes are stored with 128 added, as the instruction
//! wants them; sums begin at −128 times the sum of the column, which takes it out again.
//!
//! `unsafe` is needed for two things: to call what is compiled for an instruction set from what is not,
//! and to read and write vectors by address.

#![allow(
    unsafe_code,
    reason = "the byte dot product has no safe wrapper that is as fast; the only file of the portable \
              session that is not safe Rust"
)]
#![deny(clippy::undocumented_unsafe_blocks, unsafe_op_in_unsafe_fn)]

use std::arch::x86_64::{
    __m128i, __m512, __m512i, _mm_setzero_si128, _mm_storeu_si128, _mm512_add_epi32,
    _mm512_and_si512, _mm512_castps_si512, _mm512_cvtepi32_epi8, _mm512_cvtepi32_ps,
    _mm512_cvtps_epi32, _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512,
    _mm512_max_epu32, _mm512_mul_ps, _mm512_reduce_max_epu32, _mm512_set1_epi32, _mm512_set1_ps,
    _mm512_slli_epi32, _mm512_srai_epi32, _mm512_storeu_ps, _mm512_sub_epi32,
};

use super::gemm::Operand;
use super::quantise::{DEPTH, Quantised, SMALLEST};

/// Numbers in a vector.
const LANES: usize = 16;
/// Vectors in a panel: columns that are computed together.
const VECTORS: usize = 2;
/// Columns of a panel.
const PANEL: usize = VECTORS * LANES;
/// Rows that are computed together, if their activations are one byte.
const ROWS: usize = 8;

/// Stands for a machine with AVX-512 F and VNNI: there is no other way to get one.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Vnni(());

impl Vnni {
    /// Asks the processor, and whether the system keeps its wide registers.
    pub(in super::super) fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni");
        found.then_some(Self(()))
    }
}

/// A matrix `[k, n]` and a bias `[n]`, rounded to bytes and cut into panels.
#[derive(Debug)]
pub(super) struct Bytes {
    panels: Vec<Panel>,
    k: usize,
    n: usize,
    fine: bool,
    vnni: Vnni,
}

/// Some columns; those beyond the matrix are zero.
#[derive(Debug)]
struct Panel {
    /// [`DEPTH`] rows of the matrix in each.
    steps: Vec<[__m512i; VECTORS]>,
    initial: [__m512i; VECTORS],
    scale: [__m512; VECTORS],
    bias: [__m512; VECTORS],
}

/// Activations rounded to bytes, and their scales.
#[derive(Debug, Default)]
pub(in super::super) struct ByteRows {
    /// The high bytes of a row and then its low ones, if any, each filled up to whole vectors.
    values: Vec<[u8; LANES]>,
    scales: Vec<f32>,
}

impl Bytes {
    /// Packs a matrix of at most [`MAX_INNER`](super::quantise::MAX_INNER) rows; `fine` asks for two
    /// bytes of each activation.
    pub(super) fn new(
        vnni: Vnni,
        fine: bool,
        k: usize,
        n: usize,
        weight: impl Fn(usize, usize) -> f32,
        bias: impl Fn(usize) -> f32,
    ) -> Self {
        let matrix = Quantised::new(k, n, weight);
        let bias = |column| if column < n { bias(column) } else { 0.0 };
        // SAFETY: `vnni` exists, so the machine has the instructions that the function is compiled for.
        let panel = |first| unsafe { pack(&matrix, k, first, bias) };
        Self {
            panels: (0..n).step_by(PANEL).map(panel).collect(),
            k,
            n,
            fine,
            vnni,
        }
    }

    pub(super) fn columns(&self) -> usize {
        self.n
    }

    /// `out[i, ..] = a[i, ..] · b + bias` for `rows` rows; rows of `out` lie `out_stride` apart.
    /// `finish` is called on every part of `out` that is done: from its first element on, so many rows
    /// of so many columns.
    pub(super) fn multiply(
        &self,
        a: Operand<'_>,
        rows: usize,
        bytes: &mut ByteRows,
        out: &mut [f32],
        out_stride: usize,
        finish: impl FnMut(&mut [f32], usize, usize),
    ) {
        let Self { vnni: Vnni(()), .. } = self;
        // SAFETY: `self` holds a `Vnni`, so the machine has the instructions that the functions are
        // compiled for. That is all they ask: they check bounds like any safe function.
        unsafe {
            if self.fine {
                bytes.fill::<2>(a, rows, self.k);
                product::<2>(self, bytes, rows, out, out_stride, finish);
            } else {
                bytes.fill::<1>(a, rows, self.k);
                product::<1>(self, bytes, rows, out, out_stride, finish);
            }
        }
    }
}

/// The panel of a matrix that begins at a column.
#[target_feature(enable = "avx512f")]
fn pack(matrix: &Quantised, k: usize, first: usize, bias: impl Fn(usize) -> f32) -> Panel {
    let columns = |v| first + v * LANES;
    let step = |step| {
        std::array::from_fn(|v| {
            let word = |lane| matrix.word(step, columns(v) + lane);
            load_integers(&std::array::from_fn(word))
        })
    };
    let floats = |of: &dyn Fn(usize) -> f32| {
        std::array::from_fn(|v| load_floats(&std::array::from_fn(|lane| of(columns(v) + lane))))
    };
    Panel {
        steps: (0..k.div_ceil(DEPTH)).map(step).collect(),
        initial: std::array::from_fn(|v| {
            load_integers(&std::array::from_fn(|lane| {
                -128 * matrix.sum(columns(v) + lane)
            }))
        }),
        scale: floats(&|column| matrix.scale(column)),
        bias: floats(&bias),
    }
}

impl ByteRows {
    /// Rounds the first `k` columns of some rows to so many bytes each.
    #[target_feature(enable = "avx512f")]
    fn fill<const PARTS: usize>(&mut self, a: Operand<'_>, rows: usize, k: usize) {
        let stride = PARTS * k.div_ceil(LANES);
        if self.values.len() < rows * stride {
            self.values.resize(rows * stride, [0; LANES]);
        }
        if self.scales.len() < rows {
            self.scales.resize(rows, 0.0);
        }
        for row in 0..rows {
            let from = &a.values[row * a.stride..][..k];
            self.scales[row] = quantise::<PARTS>(from, &mut self.values[row * stride..][..stride]);
        }
    }
}

/// Rounds a row and tells the scale of its last bytes; NaN if anything in it is not a finite number.
#[target_feature(enable = "avx512f")]
fn quantise<const PARTS: usize>(row: &[f32], out: &mut [[u8; LANES]]) -> f32 {
    let (whole, rest) = row.as_chunks::<LANES>();
    let mut last = [0.0; LANES];
    last[..rest.len()].copy_from_slice(rest);

    // Without their signs, floats are ordered as their bits are, and what is not finite comes last.
    let mut most = magnitude(&last);
    for chunk in whole {
        most = _mm512_max_epu32(most, magnitude(chunk));
    }
    let most = f32::from_bits(_mm512_reduce_max_epu32(most));
    if !most.is_finite() {
        return f32::NAN;
    }
    let most = most.max(SMALLEST);
    // The largest activation in steps: its first byte is 127, the others are 0.
    let steps = 127.0 * 256_f32.powi(PARTS as i32 - 1);
    let factor = _mm512_set1_ps(steps / most);
    let stride = out.len() / PARTS;
    let rest = (!rest.is_empty()).then_some(&last);
    for (index, chunk) in whole.iter().chain(rest).enumerate() {
        for (part, bytes) in rounded::<PARTS>(chunk, factor).into_iter().enumerate() {
            store_bytes(bytes, &mut out[part * stride + index]);
        }
    }
    most / steps
}

/// The bits of absolute values.
#[target_feature(enable = "avx512f")]
fn magnitude(values: &[f32; LANES]) -> __m512i {
    let bits = _mm512_castps_si512(load_floats(values));
    _mm512_and_si512(bits, _mm512_set1_epi32(i32::MAX))
}

/// First bytes from 1 to 255, others from 0 to 255.
#[target_feature(enable = "avx512f")]
#[inline]
fn rounded<const PARTS: usize>(values: &[f32; LANES], factor: __m512) -> [__m128i; PARTS] {
    let half = _mm512_set1_epi32(128);
    let byte = |signed| _mm512_cvtepi32_epi8(_mm512_add_epi32(signed, half));
    let mut steps = _mm512_cvtps_epi32(_mm512_mul_ps(load_floats(values), factor));
    let mut bytes = [_mm_setzero_si128(); PARTS];
    for part in (1..PARTS).rev() {
        // The nearest high part, which leaves −128 to 127 for the low byte.
        let high = _mm512_srai_epi32::<8>(_mm512_add_epi32(steps, half));
        bytes[part] = byte(_mm512_sub_epi32(steps, _mm512_slli_epi32::<8>(high)));
        steps = high;
    }
    bytes[0] = byte(steps);
    bytes
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn product<const PARTS: usize>(
    b: &Bytes,
    a: &ByteRows,
    rows: usize,
    out: &mut [f32],
    out_stride: usize,
    mut finish: impl FnMut(&mut [f32], usize, usize),
) {
    // Panels outside: a panel stays in the first-level cache while the rows pass by.
    for (index, panel) in b.panels.iter().enumerate() {
        let first = index * PANEL;
        let columns = PANEL.min(b.n - first);
        let mut row = 0;
        while row < rows {
            let out = &mut out[row * out_stride + first..];
            let done = match rows - row {
                ROWS.. if PARTS == 1 => {
                    tile::<ROWS, PARTS>(panel, a, b.k, row, out, out_stride, columns)
                }
                4.. => tile::<4, PARTS>(panel, a, b.k, row, out, out_stride, columns),
                2.. => tile::<2, PARTS>(panel, a, b.k, row, out, out_stride, columns),
                _ => tile::<1, PARTS>(panel, a, b.k, row, out, out_stride, columns),
            };
            finish(out, done, columns);
            row += done;
        }
    }
}

/// `M` rows of the product with a panel; gives `M`. Indices are constants once the loops are unrolled,
/// which keeps the sums in registers.
#[target_feature(enable = "avx512f,avx512vnni")]
#[inline]
#[allow(clippy::needless_range_loop)]
fn tile<const M: usize, const PARTS: usize>(
    panel: &Panel,
    a: &ByteRows,
    k: usize,
    row: usize,
    out: &mut [f32],
    out_stride: usize,
    columns: usize,
) -> usize {
    let stride = k.div_ceil(LANES);
    let steps = &panel.steps[..];
    let mut rows: [[&[[u8; DEPTH]]; PARTS]; M] = [[&[]; PARTS]; M];
    for i in 0..M {
        for part in 0..PARTS {
            let first = ((row + i) * PARTS + part) * stride;
            rows[i][part] = a.values[first..][..stride].as_flattened().as_chunks().0;
        }
    }
    // Said once, so that the loop below needs no bounds checks.
    for i in 0..M {
        for part in 0..PARTS {
            assert!(rows[i][part].len() >= steps.len());
        }
    }
    let mut sums = [[panel.initial; PARTS]; M];
    for (step, weights) in steps.iter().enumerate() {
        for i in 0..M {
            for part in 0..PARTS {
                let x = _mm512_set1_epi32(i32::from_le_bytes(rows[i][part][step]));
                for v in 0..VECTORS {
                    sums[i][part][v] = _mm512_dpbusd_epi32(sums[i][part][v], x, weights[v]);
                }
            }
        }
    }
    let worth = _mm512_set1_ps(256.0);
    for i in 0..M {
        let scale = _mm512_set1_ps(a.scales[row + i]);
        let mut values = [panel.bias[0]; VECTORS];
        for v in 0..VECTORS {
            let mut sum = _mm512_cvtepi32_ps(sums[i][0][v]);
            for part in 1..PARTS {
                sum = _mm512_fmadd_ps(sum, worth, _mm512_cvtepi32_ps(sums[i][part][v]));
            }
            let scale = _mm512_mul_ps(scale, panel.scale[v]);
            values[v] = _mm512_fmadd_ps(sum, scale, panel.bias[v]);
        }
        let out = &mut out[i * out_stride..][..columns];
        if out.len() == PANEL {
            let (out, _) = out.as_chunks_mut();
            for v in 0..VECTORS {
                store_floats(values[v], &mut out[v]);
            }
        } else {
            let mut whole = [[0.0; LANES]; VECTORS];
            for v in 0..VECTORS {
                store_floats(values[v], &mut whole[v]);
            }
            out.copy_from_slice(&whole.as_flattened()[..columns]);
        }
    }
    M
}

#[target_feature(enable = "avx512f")]
#[inline]
fn load_floats(values: &[f32; LANES]) -> __m512 {
    // SAFETY: 64 bytes are read, which is the size of the array; the address needs no alignment.
    unsafe { _mm512_loadu_ps(values.as_ptr()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn load_integers(values: &[i32; LANES]) -> __m512i {
    // SAFETY: 64 bytes are read, which is the size of the array; the address needs no alignment.
    unsafe { _mm512_loadu_si512(values.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn store_floats(vector: __m512, values: &mut [f32; LANES]) {
    // SAFETY: 64 bytes are written, which is the size of the array, borrowed for this alone; the address
    // needs no alignment.
    unsafe { _mm512_storeu_ps(values.as_mut_ptr(), vector) }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn store_bytes(vector: __m128i, values: &mut [u8; LANES]) {
    // SAFETY: 16 bytes are written, which is the size of the array, borrowed for this alone; the address
    // needs no alignment.
    unsafe { _mm_storeu_si128(values.as_mut_ptr().cast(), vector) }
}

#[cfg(test)]
mod tests;
