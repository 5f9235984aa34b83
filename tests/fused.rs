//! The fused encoder against PyTorch's recorded logits and against the interpreter, on every package
//! of `tests/data/packages` that has recorded logits, and on the model in `assets`.

#![cfg(feature = "model")]

use std::num::NonZeroUsize;
use std::path::PathBuf;

use ndarray::{Array2, ArrayView2, Axis, concatenate, s};
use serde::Deserialize;
use vacancy_sections::{Error, Logits, MlPackage, PortableSession, Session, SessionInputs};

/// Packages in the shape of BERT.
const ENCODERS: [&str; 7] = [
    "bert_compressed",
    "bert_eager",
    "bert_sdpa_tanh",
    "distilbert_eager_relu",
    "distilbert_sdpa",
    "electra_projection",
    "fused_qkv",
];

/// Packages that pool over all tokens, or are no encoder at all.
const OTHERS: [&str; 2] = ["decomposed", "mil_ops"];

fn package(name: &str) -> MlPackage {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let path = match name {
        "assets" => root.join("assets/section_classifier.mlpackage"),
        _ => root.join(format!("tests/data/packages/{name}.mlpackage")),
    };
    MlPackage::open(path).unwrap()
}

#[derive(Deserialize)]
struct Reference {
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    input_ids: Vec<i32>,
    #[serde(default)]
    token_type_ids: Vec<i32>,
    logits: Vec<f32>,
}

struct Batch {
    ids: Array2<i32>,
    mask: Array2<i32>,
    types: Array2<i32>,
}

impl Batch {
    fn run(&self, session: &PortableSession) -> Result<Logits, Error> {
        run(
            session,
            self.ids.view(),
            self.mask.view(),
            self.types.view(),
        )
    }

    fn select(&self, rows: &[usize]) -> Self {
        Self {
            ids: self.ids.select(Axis(0), rows),
            mask: self.mask.select(Axis(0), rows),
            types: self.types.select(Axis(0), rows),
        }
    }
}

fn run(
    session: &PortableSession,
    ids: ArrayView2<'_, i32>,
    mask: ArrayView2<'_, i32>,
    types: ArrayView2<'_, i32>,
) -> Result<Logits, Error> {
    session.run(SessionInputs::new(ids, mask, types)?)
}

/// The recorded rows of a package and PyTorch's logits.
fn recorded(name: &str) -> (Batch, Logits) {
    let path = format!(
        "{}/tests/data/packages/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let json = std::fs::read_to_string(path).unwrap();
    let reference: Reference = serde_json::from_str(&json).unwrap();
    let rows = &reference.rows;
    let at = |values: &[i32], token: usize| values.get(token).copied().unwrap_or(0);
    let shape = (rows.len(), 128);
    let batch = Batch {
        ids: Array2::from_shape_fn(shape, |(row, token)| at(&rows[row].input_ids, token)),
        mask: Array2::from_shape_fn(shape, |(row, token)| {
            i32::from(token < rows[row].input_ids.len())
        }),
        types: Array2::from_shape_fn(shape, |(row, token)| at(&rows[row].token_type_ids, token)),
    };
    let logits = Array2::from_shape_fn((rows.len(), 5), |(row, class)| rows[row].logits[class]);
    (batch, logits)
}

/// Rows of made-up ids, of every length that comes up.
fn made_up(vocabulary: usize, lengths: &[usize]) -> Batch {
    let shape = (lengths.len(), 128);
    Batch {
        ids: Array2::from_shape_fn(shape, |(row, token)| {
            if token < lengths[row] {
                ((row * 7919 + token * 104_729 + 13) % vocabulary) as i32
            } else {
                0
            }
        }),
        mask: Array2::from_shape_fn(shape, |(row, token)| i32::from(token < lengths[row])),
        types: Array2::zeros(shape),
    }
}

fn largest_difference(a: &Logits, b: &Logits) -> f32 {
    assert_eq!(a.shape(), b.shape());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

fn spread(logits: &Logits) -> f32 {
    let most = logits.iter().copied().fold(f32::MIN, f32::max);
    most - logits.iter().copied().fold(f32::MAX, f32::min)
}

fn sessions(name: &str) -> (PortableSession, PortableSession) {
    let package = package(name);
    (
        PortableSession::new(&package).unwrap(),
        PortableSession::interpreter(&package).unwrap(),
    )
}

#[test]
fn encoders_are_recognised() {
    for name in ENCODERS.into_iter().chain(["assets"]) {
        let backend = sessions(name).0.backend();
        assert_eq!(backend.name, "portable fused encoder", "{name}: {backend}");
        assert!(
            backend.reason.starts_with("a BERT-shaped program: "),
            "{backend}"
        );
    }
}

#[test]
fn other_programs_run_on_the_interpreter_and_the_reason_is_told() {
    for name in OTHERS {
        let backend = sessions(name).0.backend();
        assert_eq!(backend.name, "portable interpreter", "{name}: {backend}");
        let reason = backend
            .reason
            .strip_prefix("the program is not shaped like BERT: ");
        assert!(
            reason.is_some_and(|reason| reason.contains("found")),
            "{backend}"
        );
    }
}

#[test]
fn logits_are_those_of_the_interpreter_and_of_pytorch() {
    for name in ENCODERS {
        let (fused, interpreter) = sessions(name);
        let (batch, pytorch) = recorded(name);
        let found = batch.run(&fused).unwrap();
        let difference = largest_difference(&found, &batch.run(&interpreter).unwrap());
        assert!(difference <= 1e-4 * spread(&found), "{name}: {difference}");
        let difference = largest_difference(&found, &pytorch);
        assert!(difference <= 2e-3, "{name}: {difference} from PyTorch");
    }
}

#[test]
fn the_model_of_the_crate_gives_the_interpreters_logits() {
    let (fused, interpreter) = sessions("assets");
    let batch = made_up(12_000, &[1, 2, 3, 12, 31, 32, 33, 77, 127, 128]);
    let found = batch.run(&fused).unwrap();
    let difference = largest_difference(&found, &batch.run(&interpreter).unwrap());
    assert!(difference <= 1e-4 * spread(&found), "{difference}");
}

#[test]
fn neither_company_nor_threads_change_a_bit() {
    for name in ["assets", "electra_projection"] {
        let package = package(name);
        let session = PortableSession::new(&package).unwrap();
        let lengths: Vec<usize> = (0..70).map(|row| 1 + (row * 37) % 128).collect();
        let batch = made_up(session.vocab_size().unwrap(), &lengths);
        let together = batch.run(&session).unwrap();
        for row in 0..lengths.len() {
            let alone = batch.select(&[row]).run(&session).unwrap();
            assert_eq!(alone.row(0), together.row(row), "{name}: row {row}");
        }
        let backwards: Vec<usize> = (0..lengths.len()).rev().collect();
        let reversed = batch.select(&backwards).run(&session).unwrap();
        assert_eq!(reversed.slice(s![..;-1, ..]), together, "{name}");
        for threads in [2, 3, 200] {
            let threads = NonZeroUsize::new(threads).unwrap();
            let session = session.clone().with_threads(threads);
            assert_eq!(
                batch.run(&session).unwrap(),
                together,
                "{name}: {threads} threads"
            );
        }
    }
}

#[test]
fn one_session_serves_many_threads() {
    let session = PortableSession::new(&package("bert_eager")).unwrap();
    let (batch, _) = recorded("bert_eager");
    let expected = batch.run(&session).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5 {
                    assert_eq!(batch.run(&session).unwrap(), expected);
                }
            });
        }
    });
}

#[test]
fn rows_that_repeat_get_the_same_logits_each() {
    let session = PortableSession::new(&package("bert_eager")).unwrap();
    let (batch, _) = recorded("bert_eager");
    let rows = [3, 0, 3, 1, 1, 3, 0];
    let found = batch.select(&rows).run(&session).unwrap();
    let all = batch.run(&session).unwrap();
    for (found, row) in found.rows().into_iter().zip(rows) {
        assert_eq!(found, all.row(row));
    }
}

#[test]
fn what_stands_in_the_padding_does_not_matter() {
    let session = PortableSession::new(&package("bert_eager")).unwrap();
    let batch = made_up(32, &[5, 40]);
    let filled = Batch {
        ids: &batch.ids + &batch.mask.mapv(|mask| if mask == 0 { 9 } else { 0 }),
        mask: batch.mask.clone(),
        types: batch.mask.mapv(|mask| 1 - mask),
    };
    assert_eq!(filled.run(&session).unwrap(), batch.run(&session).unwrap());
}

#[test]
fn masks_with_holes_get_the_interpreters_logits() {
    let (fused, interpreter) = sessions("bert_eager");
    let mut batch = made_up(32, &[12, 20, 9, 128]);
    batch.mask[[1, 4]] = 0;
    batch.mask[[2, 0]] = 0;
    batch.mask[[3, 127]] = 0;
    let found = batch.run(&fused).unwrap();
    let expected = batch.run(&interpreter).unwrap();
    assert_eq!(found.slice(s![1..3, ..]), expected.slice(s![1..3, ..]));
    assert!(largest_difference(&found, &expected) <= 1e-4 * spread(&found));
    assert_ne!(
        found.row(1),
        made_up(32, &[12, 20]).run(&fused).unwrap().row(1)
    );
}

#[test]
fn inputs_may_be_laid_out_in_any_way() {
    let session = PortableSession::new(&package("bert_eager")).unwrap();
    let batch = made_up(32, &[5, 40, 128]);
    let turned = [&batch.ids, &batch.mask, &batch.types]
        .map(|array| array.t().as_standard_layout().into_owned());
    let [ids, mask, types] = turned.each_ref().map(|array| array.t());
    assert_eq!(
        run(&session, ids, mask, types).unwrap(),
        batch.run(&session).unwrap()
    );
}

#[test]
fn ids_and_types_outside_the_tables_are_errors() {
    let session = PortableSession::new(&package("bert_eager")).unwrap();
    let batch = made_up(32, &[5, 40]);
    let mut wrong = batch.select(&[0, 1]);
    wrong.ids[[1, 2]] = 32;
    let message = wrong.run(&session).unwrap_err().to_string();
    assert!(message.contains("found 32 in row 1"), "{message}");
    let mut wrong = batch.select(&[0, 1]);
    wrong.types[[0, 3]] = 2;
    let message = wrong.run(&session).unwrap_err().to_string();
    assert!(
        message.contains("token type") && message.contains("found 2 in row 0"),
        "{message}"
    );
}

#[test]
fn no_rows_give_no_logits() {
    let session = PortableSession::new(&package("bert_eager")).unwrap();
    let batch = made_up(32, &[5]);
    assert_eq!(batch.select(&[]).run(&session).unwrap().shape(), [0, 5]);
    let two = concatenate![Axis(0), batch.ids, batch.ids];
    assert_eq!(two.shape(), [2, 128]);
}
