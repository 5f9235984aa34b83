//! Memory that a run asks for.

#![cfg(feature = "model")]

use allocation_counter::measure;
use ndarray::Array2;
use vacancy_sections::{MlPackage, PortableSession, Precision, Session, SessionInputs};

fn rows(count: usize) -> [Array2<i32>; 3] {
    let tokens = |row: usize| 1 + row * 37 % 128;
    let ids = Array2::from_shape_fn((count, 128), |(row, token)| {
        ((row * 7919 + token * 131) % 12_000) as i32
    });
    let mask = Array2::from_shape_fn((count, 128), |(row, token)| i32::from(token < tokens(row)));
    [ids, mask, Array2::zeros((count, 128))]
}

#[test]
fn the_encoder_allocates_nothing_per_fragment() {
    for precision in [Precision::Float32, Precision::Int8] {
        allocates_nothing_per_fragment(precision);
    }
}

fn allocates_nothing_per_fragment(precision: Precision) {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/assets/section_classifier.mlpackage"
    );
    let session = PortableSession::new(&MlPackage::open(path).unwrap()).unwrap();
    let session = session.with_precision(precision);
    assert_eq!(session.backend().name, "portable fused encoder");
    let batches = [rows(200), rows(1), rows(30)];
    let allocations = batches.each_ref().map(|[ids, mask, types]| {
        let run = || {
            let inputs = SessionInputs::new(ids.view(), mask.view(), types.view()).unwrap();
            let logits = session.run(inputs).unwrap();
            assert!(logits.iter().all(|logit| logit.is_finite()));
        };
        run();
        let allocated = measure(run);
        (allocated.count_total, allocated.bytes_total)
    });
    // The array of logits, which the caller keeps, is all.
    let logits_of = |rows: u64| (1, rows * 5 * 4);
    let expected = [logits_of(200), logits_of(1), logits_of(30)];
    assert_eq!(allocations, expected, "{precision}");
}
