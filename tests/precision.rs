//! Products in 8-bit integers beside those in floats, on the embedded model and the golden vacancies.

#![cfg(feature = "embedded-model")]

use std::num::NonZeroUsize;

use ndarray::{Array2, Axis};
use serde::Deserialize;
use vacancy_sections::{
    Encoder, Error, Logits, MlPackage, PortableSession, Precision, SectionClassifier, Session,
    SessionInputs, WordPieceEncoder,
};

const GOLDEN: &str = include_str!("../assets/golden/golden.jsonl");

#[derive(Deserialize)]
struct Vacancy {
    fragments: Vec<Fragment>,
}

#[derive(Deserialize)]
struct Fragment {
    text: String,
}

/// Whether this machine has the byte dot product.
fn has_vnni() -> bool {
    #[cfg(target_arch = "x86_64")]
    let found = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni");
    #[cfg(not(target_arch = "x86_64"))]
    let found = false;
    found
}

fn open(path: &str) -> MlPackage {
    MlPackage::open(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn sessions() -> [PortableSession; 2] {
    let session = PortableSession::new(&open("assets/section_classifier.mlpackage")).unwrap();
    let integers = session.clone().with_precision(Precision::Int8);
    [session, integers]
}

struct Batch([Array2<i32>; 3]);

impl Batch {
    /// The windows of all golden fragments.
    fn golden() -> Self {
        let assets = concat!(env!("CARGO_MANIFEST_DIR"), "/assets");
        let encoder = WordPieceEncoder::from_dir(assets).unwrap();
        let mut rows = Vec::new();
        for line in GOLDEN.lines() {
            let vacancy: Vacancy = serde_json::from_str(line).unwrap();
            for fragment in vacancy.fragments {
                let encoding = encoder.encode(&fragment.text).unwrap();
                rows.extend(encoding.windows.into_iter().map(|window| window.input_ids));
            }
        }
        let shape = (rows.len(), 128);
        let ids = |row: usize, token: usize| rows[row].get(token).copied();
        Self([
            Array2::from_shape_fn(shape, |(row, token)| ids(row, token).unwrap_or(0)),
            Array2::from_shape_fn(shape, |(row, token)| i32::from(ids(row, token).is_some())),
            Array2::zeros(shape),
        ])
    }

    fn rows(&self, rows: &[usize]) -> Self {
        Self(self.0.each_ref().map(|part| part.select(Axis(0), rows)))
    }

    fn run(&self, session: &PortableSession) -> Logits {
        let [ids, mask, types] = &self.0;
        let inputs = SessionInputs::new(ids.view(), mask.view(), types.view()).unwrap();
        session.run(inputs).unwrap()
    }
}

fn strongest(logits: &Logits) -> Vec<Option<usize>> {
    let strongest = |row: ndarray::ArrayView1<'_, f32>| {
        (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]))
    };
    logits.rows().into_iter().map(strongest).collect()
}

#[test]
fn integers_agree_with_floats_on_the_golden_vacancies() {
    let [floats, integers] = sessions();
    let batch = Batch::golden();
    let (exact, found) = (batch.run(&floats), batch.run(&integers));
    assert!(exact.nrows() >= 1961, "{}", exact.nrows());
    let (sections, exact_sections) = (strongest(&found), strongest(&exact));
    let same = sections.iter().zip(&exact_sections).filter(|(a, b)| a == b);
    let agreement = same.count() as f64 / exact.nrows() as f64;
    assert!(agreement >= 0.998, "{agreement}");
    let difference = (&found - &exact)
        .iter()
        .fold(0.0, |most, x| x.abs().max(most));
    assert!(difference <= 0.05, "{difference}");
    // Where there is no such instruction, the bits are those of floats.
    assert_eq!(found == exact, !has_vnni(), "{}", integers.backend());
}

#[test]
fn neither_company_nor_threads_change_a_bit() {
    let [_, session] = sessions();
    let some: Vec<usize> = (0..1961).step_by(17).collect();
    let batch = Batch::golden().rows(&some);
    let together = batch.run(&session);
    for row in 0..some.len() {
        let alone = batch.rows(&[row]).run(&session);
        assert_eq!(alone.row(0), together.row(row), "row {row}");
    }
    for threads in [2, 3] {
        let threads = NonZeroUsize::new(threads).unwrap();
        let session = session.clone().with_threads(threads);
        assert_eq!(batch.run(&session), together, "{threads} threads");
    }
}

#[test]
fn the_backend_tells_what_computes() {
    let [floats, integers] = sessions();
    let (floats_told, told) = (floats.backend(), integers.backend());
    assert_eq!(told.name, floats_told.name);
    assert!(floats_told.reason.ends_with("; float32"), "{floats_told}");
    let expected = if has_vnni() {
        "; int8 by AVX-512 VNNI"
    } else {
        "; float32 instead of int8: no AVX-512 VNNI on this machine"
    };
    assert!(told.reason.ends_with(expected), "{told}");
    let back = integers.with_precision(Precision::Float32);
    assert_eq!(back.backend(), floats_told);
    let batch = Batch::golden().rows(&[0, 1, 2]);
    assert_eq!(batch.run(&back), batch.run(&floats));
}

#[test]
fn the_interpreter_computes_in_floats_and_says_so() {
    let package = open("tests/data/packages/bert_eager.mlpackage");
    let session = PortableSession::interpreter(&package).unwrap();
    let asked = session.clone().with_precision(Precision::Int8);
    assert_eq!(asked.backend().name, "portable interpreter");
    assert_eq!(
        asked.backend().reason,
        "chosen by the caller; float32 instead of int8: the interpreter knows no other numbers"
    );
    assert_eq!(
        asked.with_precision(Precision::Float32).backend(),
        session.backend()
    );

    let package = open("tests/data/packages/decomposed.mlpackage");
    let asked = PortableSession::new(&package)
        .unwrap()
        .with_precision(Precision::Int8);
    let reason = asked.backend().reason;
    assert!(
        reason.starts_with("the program is not shaped like BERT: "),
        "{reason}"
    );
    assert!(reason.contains("float32 instead of int8: "), "{reason}");
}

#[test]
fn the_builder_hands_the_precision_on() {
    let classifier = SectionClassifier::builder()
        .backend(vacancy_sections::Backend::Portable)
        .precision(Precision::Int8)
        .build()
        .unwrap();
    let reason = classifier.backend().reason;
    assert!(reason.contains("int8"), "{reason}");

    let [session, _] = sessions();
    let error = SectionClassifier::builder()
        .session(session)
        .precision(Precision::Int8)
        .build();
    assert!(
        matches!(&error, Err(Error::Builder { reason }) if reason.starts_with("precision is set")),
        "{error:?}"
    );
}
