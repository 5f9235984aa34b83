//! The interpreter against PyTorch: every package of `tests/data/packages` that has recorded logits.

#![cfg(feature = "model")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use ndarray::Array2;
use serde::Deserialize;
use vacancy_sections::{
    Error, MlPackage, PortableSession, Section, Session, SessionInputs, Window,
};

/// Largest difference that half-precision constants may make.
const TOLERANCE: f32 = 2e-3;

#[derive(Deserialize)]
struct Reference {
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    input_ids: Vec<i32>,
    token_type_ids: Option<Vec<i32>>,
    logits: [f32; Section::COUNT],
}

impl Row {
    fn window(&self) -> Window {
        let mut window = Window::new(self.input_ids.clone());
        if let Some(types) = &self.token_type_ids {
            window.token_type_ids.clone_from(types);
        }
        window
    }
}

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/packages")
}

fn open(name: &str) -> PortableSession {
    let package = MlPackage::open(directory().join(format!("{name}.mlpackage"))).unwrap();
    PortableSession::interpreter(&package).unwrap()
}

fn reference(name: &str) -> Reference {
    let json = std::fs::read_to_string(directory().join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&json).unwrap()
}

/// `input_ids`, `attention_mask` and `token_type_ids` of some windows.
fn inputs(windows: &[Window], len: usize) -> [Array2<i32>; 3] {
    let mut arrays = [(); 3].map(|()| Array2::zeros((windows.len(), len)));
    for (row, window) in windows.iter().enumerate() {
        let (ids, mask, types) = window.padded(len, 0);
        for (array, values) in arrays.iter_mut().zip([ids, mask, types]) {
            array.row_mut(row).assign(&ndarray::Array1::from(values));
        }
    }
    arrays
}

fn run(session: &PortableSession, windows: &[Window]) -> Result<Array2<f32>, Error> {
    let [ids, mask, types] = inputs(windows, session.max_seq_len());
    session.run(SessionInputs::new(ids.view(), mask.view(), types.view())?)
}

fn winner(logits: &[f32]) -> usize {
    (0..logits.len())
        .max_by(|&a, &b| logits[a].total_cmp(&logits[b]))
        .unwrap()
}

fn agrees_with_pytorch(name: &str) {
    let session = open(name);
    let reference = reference(name);
    let windows: Vec<Window> = reference.rows.iter().map(Row::window).collect();
    let lengths: BTreeSet<usize> = windows.iter().map(|w| w.input_ids.len()).collect();
    assert!(
        lengths.contains(&2) && lengths.contains(&128),
        "{name}: {lengths:?}"
    );

    let logits = run(&session, &windows).unwrap();
    assert_eq!(logits.shape(), [windows.len(), Section::COUNT]);
    let mut winners = BTreeSet::new();
    for (found, row) in logits.rows().into_iter().zip(&reference.rows) {
        let found = found.to_vec();
        let tokens = row.input_ids.len();
        for (found, expected) in found.iter().zip(row.logits) {
            let difference = (found - expected).abs();
            assert!(
                difference <= TOLERANCE,
                "{name}, {tokens} tokens: {difference}"
            );
        }
        assert_eq!(
            winner(&found),
            winner(&row.logits),
            "{name}, {tokens} tokens"
        );
        winners.insert(winner(&found));
    }
    // The reference would be met by constant logits if rows did not differ.
    assert!(winners.len() >= 3, "{name}: {winners:?}");
    for class in 0..Section::COUNT {
        let of_class = || reference.rows.iter().map(|row| row.logits[class]);
        let spread = of_class().fold(f32::MIN, f32::max) - of_class().fold(f32::MAX, f32::min);
        assert!(spread >= 1.0, "{name}: class {class} spreads over {spread}");
    }
}

macro_rules! packages {
    ($($name:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                agrees_with_pytorch(stringify!($name));
            }
        )*

        #[test]
        fn no_package_is_left_out() {
            let tested = BTreeSet::from([$(stringify!($name).to_owned()),*]);
            let recorded: BTreeSet<String> = std::fs::read_dir(directory())
                .unwrap()
                .filter_map(|entry| {
                    let name = entry.unwrap().file_name().into_string().unwrap();
                    name.strip_suffix(".json").map(str::to_owned)
                })
                .collect();
            assert_eq!(tested, recorded);
        }
    };
}

packages!(
    bert_compressed,
    bert_eager,
    bert_sdpa_tanh,
    decomposed,
    distilbert_eager_relu,
    distilbert_sdpa,
    electra_projection,
    fused_qkv,
    mil_ops,
);

#[test]
fn vocab_size_is_the_number_of_rows_of_the_word_embeddings() {
    for (name, expected) in [
        ("bert_compressed", 24),
        ("bert_eager", 32),
        ("bert_sdpa_tanh", 40),
        ("distilbert_eager_relu", 24),
        ("electra_projection", 32),
        ("mil_ops", 40),
    ] {
        assert_eq!(open(name).vocab_size(), Some(expected), "{name}");
    }
}

#[test]
fn rows_do_not_touch_each_other() {
    let session = open("bert_sdpa_tanh");
    let windows: Vec<Window> = reference("bert_sdpa_tanh")
        .rows
        .iter()
        .map(Row::window)
        .collect();
    let together = run(&session, &windows).unwrap();
    for (row, window) in windows.iter().enumerate() {
        let alone = run(&session, std::slice::from_ref(window)).unwrap();
        assert_eq!(alone.row(0), together.row(row));
    }
    assert_eq!(run(&session, &[]).unwrap().shape(), [0, 5]);
}

#[test]
fn padding_ids_do_not_reach_the_logits() {
    let session = open("fused_qkv");
    let window = Window::new(vec![2, 9, 17, 3]);
    let [ids, mask, types] = inputs(std::slice::from_ref(&window), 128);
    let mut other = ids.clone();
    other.slice_mut(ndarray::s![.., 4..]).fill(11);
    let logits = |ids: &Array2<i32>| {
        let inputs = SessionInputs::new(ids.view(), mask.view(), types.view()).unwrap();
        session.run(inputs).unwrap()
    };
    assert_eq!(logits(&ids), logits(&other));
}

#[test]
fn a_token_outside_the_table_is_an_error() {
    let session = open("bert_eager");
    for id in [32, -1, i32::MAX, i32::MIN] {
        let error = run(
            &session,
            &[Window::new(vec![2, 3]), Window::new(vec![2, id, 3])],
        );
        let message = error.unwrap_err().to_string();
        assert!(message.contains(&id.to_string()), "{message}");
        assert!(message.contains("row 1"), "{message}");
    }
}

#[test]
fn a_token_type_outside_the_table_names_the_operation() {
    let session = open("bert_eager");
    let mut window = Window::new(vec![2, 9, 3]);
    window.token_type_ids = vec![0, 2, 0];
    match run(&session, &[window]).unwrap_err() {
        Error::Op {
            file,
            op,
            place,
            reason,
        } => {
            assert_eq!(file, "Data/com.apple.CoreML/model.mlmodel");
            assert_eq!(op, "gather");
            assert!(place.contains("token_type"), "{place}");
            assert!(reason.contains("2 rows"), "{reason}");
        }
        other => panic!("{other}"),
    }
}

#[test]
fn rows_of_another_length_are_an_error() {
    let session = open("bert_eager");
    let ids = Array2::<i32>::zeros((1, 64));
    let error = session
        .run(SessionInputs::new(ids.view(), ids.view(), ids.view()).unwrap())
        .unwrap_err();
    assert_eq!(error.to_string(), "tokens in a row: expected 128, found 64");
}

#[test]
fn a_fully_masked_row_is_no_panic() {
    for name in ["bert_eager", "bert_sdpa_tanh", "fused_qkv", "mil_ops"] {
        let session = open(name);
        let zeros = Array2::<i32>::zeros((1, 128));
        let inputs = SessionInputs::new(zeros.view(), zeros.view(), zeros.view()).unwrap();
        assert_eq!(session.run(inputs).unwrap().shape(), [1, 5], "{name}");
    }
}
