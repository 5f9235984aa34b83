//! Matrix products of the encoder beside those of `gemm` and `matrixmultiply`, on one thread.
//!
//! The crate's kernels are compiled from where they are; the modules below repeat their path.

mod session;

/// Rows, inner dimension, columns: a vacancy on the embedded model, one on the shape of
/// rubert-tiny, and the first tokens of a vacancy's fragments.
const SHAPES: [[usize; 3]; 10] = [
    [388, 192, 576],
    [388, 192, 192],
    [388, 192, 256],
    [388, 256, 192],
    [388, 312, 936],
    [388, 312, 312],
    [388, 312, 600],
    [388, 600, 312],
    [27, 192, 192],
    [27, 256, 192],
];

fn main() {
    println!("GFLOP/s, best of 100\n");
    println!("| rows × inner × columns | this crate | with GELU | int8 | gemm | matrixmultiply |");
    println!("|---|---|---|---|---|---|");
    for [m, k, n] in SHAPES {
        let rates = session::portable::fused::rates(m, k, n);
        let cells: Vec<String> = rates.iter().map(|rate| format!("{rate:.0}")).collect();
        println!("| {m} × {k} × {n} | {} |", cells.join(" | "));
    }
}
