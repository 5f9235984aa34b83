#[path = "../../../../../../src/session/portable/fused/kernels/mod.rs"]
mod kernels;
#[path = "../../../../../../src/session/portable/fused/weights.rs"]
mod weights;

use std::time::Instant;

use fearless_simd::Level;
use gemm::Parallelism;
use kernels::{Activation, ByteRows, Operand, Packer, Vnni};

/// The best rate of many runs.
fn rate([m, k, n]: [usize; 3], mut run: impl FnMut()) -> f64 {
    let best = (0..100)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64()
        })
        .fold(f64::MAX, f64::min);
    2.0 * (m * k * n) as f64 / best / 1e9
}

fn noise(count: usize, step: usize) -> Vec<f32> {
    let at = |i: usize| (i * step % 1009) as f32 / 1009.0 - 0.5;
    (0..count).map(at).collect()
}

/// GFLOP/s of this crate, without GELU and with it, in integers where the machine can, of `gemm` and of
/// `matrixmultiply`.
pub fn rates(m: usize, k: usize, n: usize) -> [f64; 5] {
    let level = Level::new();
    let (a, b) = (noise(m * k, 7919), noise(k * n, 104_729));
    let mut out = vec![0.0; m * n];
    let mut bytes = ByteRows::default();
    let mut own = |vnni, activation| {
        let packer = Packer::new(level, vnni);
        let matrix = packer.pack(k, n, |row, column| b[row * n + column], |_| 0.1);
        rate([m, k, n], || {
            matrix.multiply_densely(Operand::new(&a, k), m, activation, &mut bytes, &mut out);
        })
    };
    let (plain, gelu) = (own(None, Activation::Identity), own(None, Activation::Gelu));
    let int8 = own(Vnni::detect(), Activation::Identity);
    let (rows, columns) = (k as isize, n as isize);
    let by_gemm = rate([m, k, n], || {
        // SAFETY: the three matrices are m × n, m × k and k × n, row-major and without gaps.
        unsafe {
            gemm::gemm(
                m,
                n,
                k,
                out.as_mut_ptr(),
                1,
                columns,
                false,
                a.as_ptr(),
                1,
                rows,
                b.as_ptr(),
                1,
                columns,
                0.0,
                1.0,
                false,
                false,
                false,
                Parallelism::None,
            );
        }
    });
    let by_matrixmultiply = rate([m, k, n], || {
        // SAFETY: as above.
        unsafe {
            matrixmultiply::sgemm(
                m,
                k,
                n,
                1.0,
                a.as_ptr(),
                rows,
                1,
                b.as_ptr(),
                columns,
                1,
                0.0,
                out.as_mut_ptr(),
                columns,
                1,
            );
        }
    });
    [plain, gelu, int8, by_gemm, by_matrixmultiply]
}
