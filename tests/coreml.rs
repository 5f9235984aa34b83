//! CoreML itself: what only a Mac can tell. Elsewhere this file is empty.
//!
//! The ignored tests take minutes; docs/macos.md says how to run them.

#![cfg(all(target_os = "macos", feature = "coreml"))]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ndarray::Array2;
use serde::Deserialize;
use vacancy_sections::{
    ComputeUnits, CoreMlOptions, CoreMlSession, Error, Logits, MlPackage, ModelCache,
    PortableSession, Probe, Section, Session, SessionInputs,
};

/// What the two sessions are held to on the embedded model.
const TOLERANCE: f32 = 0.01;

/// For reference packages, whose random weights give larger logits: a share of the range of a package's
/// logits.
const RELATIVE_TOLERANCE: f32 = 0.01;

/// Packages whose exporter turned the attention mask into `(1 - mask) × -inf`. Arithmetic makes that NaN
/// where the mask is 1; CoreML may say so, and the session must then refuse the package.
const OVERFLOWING: [&str; 2] = ["bert_eager", "electra_projection"];

/// Growth of the resident memory that 10,000 calls may cause, in KiB. One leaked input array per call
/// would be more.
const GROWTH_KIB: u64 = 16 * 1024;

const UNITS: [ComputeUnits; 2] = [ComputeUnits::CpuOnly, ComputeUnits::All];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn embedded() -> MlPackage {
    MlPackage::open(root().join("assets/section_classifier.mlpackage")).unwrap()
}

/// Options that leave the user's cache alone.
fn options(cache: &Path) -> CoreMlOptions {
    CoreMlOptions::default()
        .with_compute_units(ComputeUnits::CpuOnly)
        .with_cache(ModelCache::At(cache.to_owned()))
}

/// Input arrays.
struct Inputs {
    ids: Array2<i32>,
    mask: Array2<i32>,
    types: Array2<i32>,
}

impl Inputs {
    fn new(rows: &[(Vec<i32>, Vec<i32>)], seq_len: usize) -> Self {
        let mut inputs = Self {
            ids: Array2::zeros((rows.len(), seq_len)),
            mask: Array2::zeros((rows.len(), seq_len)),
            types: Array2::zeros((rows.len(), seq_len)),
        };
        for (row, (ids, types)) in rows.iter().enumerate() {
            for (column, &id) in ids.iter().enumerate() {
                inputs.ids[[row, column]] = id;
                inputs.mask[[row, column]] = 1;
                inputs.types[[row, column]] = types.get(column).copied().unwrap_or(0);
            }
        }
        inputs
    }

    /// Rows of every length class with ids all over the vocabulary.
    fn varied(rows: usize, session: &dyn Session) -> Self {
        let vocab = session.vocab_size().unwrap();
        let seq_len = session.max_seq_len();
        let rows: Vec<(Vec<i32>, Vec<i32>)> = (0..rows)
            .map(|row| {
                let length = [3, 8, 17, 40, 90, seq_len][row % 6].min(seq_len);
                let id = |place: usize| (5 + (row * 7919 + place * 104_729) % (vocab - 5)) as i32;
                ((0..length).map(id).collect(), Vec::new())
            })
            .collect();
        Self::new(&rows, seq_len)
    }

    fn run(&self, session: &dyn Session) -> Result<Logits, Error> {
        session.run(SessionInputs::new(
            self.ids.view(),
            self.mask.view(),
            self.types.view(),
        )?)
    }
}

fn argmax(row: &[f32]) -> usize {
    (0..row.len())
        .max_by(|&a, &b| row[a].total_cmp(&row[b]))
        .unwrap()
}

/// The largest difference, after a look at every argmax that is not a near tie.
fn compare(what: &str, found: &Logits, expected: &Logits, tolerance: f32) -> f32 {
    assert_eq!(found.dim(), expected.dim(), "{what}");
    let mut largest = 0.0_f32;
    for (row, (found, expected)) in found.outer_iter().zip(expected.outer_iter()).enumerate() {
        let (found, expected) = (found.to_vec(), expected.to_vec());
        for (a, b) in found.iter().zip(&expected) {
            largest = largest.max((a - b).abs());
        }
        let (best, expected_best) = (argmax(&found), argmax(&expected));
        let margin = expected[expected_best] - expected[best];
        assert!(
            margin <= tolerance,
            "{what}: row {row}: argmax {best}, expected {expected_best}: {found:?} {expected:?}"
        );
    }
    assert!(
        largest <= tolerance,
        "{what}: difference {largest}, allowed {tolerance}"
    );
    largest
}

#[test]
fn the_embedded_package_agrees_with_the_portable_session() {
    let cache = tempfile::tempdir().unwrap();
    let package = embedded();
    let portable = PortableSession::new(&package).unwrap();
    let inputs = Inputs::varied(100, &portable);
    let expected = inputs.run(&portable).unwrap();
    for units in UNITS {
        let options = options(cache.path()).with_compute_units(units);
        let session = CoreMlSession::from_package(&package, &options, Some(&portable)).unwrap();
        let found = inputs.run(&session).unwrap();
        let difference = compare(units.name(), &found, &expected, TOLERANCE);
        println!(
            "{units}: largest difference {difference}; {}",
            session.backend()
        );
        // One row alone takes another path than a batch.
        for row in [0, 50, 99] {
            let alone = Inputs {
                ids: inputs.ids.slice(ndarray::s![row..=row, ..]).to_owned(),
                mask: inputs.mask.slice(ndarray::s![row..=row, ..]).to_owned(),
                types: inputs.types.slice(ndarray::s![row..=row, ..]).to_owned(),
            };
            let found = alone.run(&session).unwrap();
            let expected = expected.slice(ndarray::s![row..=row, ..]).to_owned();
            compare(units.name(), &found, &expected, TOLERANCE);
        }
    }
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
    logits: [f32; Section::COUNT],
}

#[test]
fn the_reference_packages_agree_with_pytorch() {
    let cache = tempfile::tempdir().unwrap();
    let folder = root().join("tests/data/packages");
    let mut compared = 0;
    let mut names: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    names.sort();
    for json in names {
        let name = json.file_stem().unwrap().to_str().unwrap();
        let Reference { rows } = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
        let package = MlPackage::open(folder.join(format!("{name}.mlpackage"))).unwrap();
        let portable = PortableSession::new(&package).unwrap();
        let expected = Logits::from_shape_fn((rows.len(), Section::COUNT), |(row, column)| {
            rows[row].logits[column]
        });
        let values = || expected.iter().copied();
        let range = values().fold(f32::MIN, f32::max) - values().fold(f32::MAX, f32::min);
        let tokens: Vec<_> = rows
            .into_iter()
            .map(|row| (row.input_ids, row.token_type_ids))
            .collect();
        let inputs = Inputs::new(&tokens, portable.max_seq_len());
        for units in UNITS {
            // The probe would speak first; what is wanted here are the figures.
            let options = options(cache.path())
                .with_compute_units(units)
                .with_probe(Probe::Off);
            let session = CoreMlSession::from_package(&package, &options, None).unwrap();
            let what = format!("{name}, {units}");
            match inputs.run(&session) {
                Err(Error::NonFiniteLogits { .. }) if OVERFLOWING.contains(&name) => {
                    println!("{what}: not finite, as its mask is (1 - mask) × -inf");
                }
                found => {
                    let tolerance = RELATIVE_TOLERANCE * range;
                    let difference = compare(&what, &found.unwrap(), &expected, tolerance);
                    println!("{what}: largest difference {difference}, allowed {tolerance}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared >= 10, "only {compared} comparisons");
}

#[test]
fn a_package_is_compiled_once_and_a_broken_copy_again() {
    let cache = tempfile::tempdir().unwrap();
    let package = embedded();
    let open = || CoreMlSession::from_package(&package, &options(cache.path()), None).unwrap();
    let first = open();
    assert!(
        first.backend().reason.contains("compiled now"),
        "{}",
        first.backend()
    );
    assert!(open().backend().reason.contains("from the cache"));

    let entries = || -> Vec<PathBuf> {
        fs::read_dir(cache.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect()
    };
    let [entry] = entries().try_into().unwrap();
    assert_eq!(entry.extension().unwrap(), "mlmodelc");
    let inputs = Inputs::varied(6, &PortableSession::new(&package).unwrap());
    let expected = inputs.run(&first).unwrap();
    drop(first);
    // As the system does when it clears caches: files go, directories stay.
    let removed = Command::new("find")
        .arg(&entry)
        .args(["-type", "f", "-delete"])
        .status();
    assert!(removed.unwrap().success());
    let rebuilt = open();
    assert!(
        rebuilt
            .backend()
            .reason
            .contains("the cached copy was broken"),
        "{}",
        rebuilt.backend()
    );
    assert_eq!(inputs.run(&rebuilt).unwrap(), expected);
    assert_eq!(entries(), [entry]);
}

#[test]
fn a_compiled_model_is_loaded_where_it_lies() {
    let cache = tempfile::tempdir().unwrap();
    let package = embedded();
    let portable = PortableSession::new(&package).unwrap();
    let options = options(cache.path());
    let session = CoreMlSession::from_package(&package, &options, Some(&portable)).unwrap();
    let compiled = fs::read_dir(cache.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let direct = CoreMlSession::open(&compiled, &options, Some(&portable)).unwrap();
    assert_eq!(direct.labels(), package.spec().labels);
    assert_eq!(direct.max_seq_len(), package.spec().max_seq_len);
    let inputs = Inputs::varied(6, &portable);
    assert_eq!(inputs.run(&direct).unwrap(), inputs.run(&session).unwrap());
}

#[test]
fn without_a_cache_the_model_still_runs() {
    let package = embedded();
    let portable = PortableSession::new(&package).unwrap();
    let options = CoreMlOptions::default()
        .with_compute_units(ComputeUnits::CpuOnly)
        .with_cache(ModelCache::Off);
    let session = CoreMlSession::from_package(&package, &options, Some(&portable)).unwrap();
    let inputs = Inputs::varied(6, &portable);
    let expected = inputs.run(&portable).unwrap();
    compare(
        "no cache",
        &inputs.run(&session).unwrap(),
        &expected,
        TOLERANCE,
    );
}

#[test]
fn what_is_no_model_is_an_error_and_no_crash() {
    let folder = tempfile::tempdir().unwrap();
    let junk = folder.path().join("junk.mlmodelc");
    fs::create_dir(&junk).unwrap();
    fs::write(junk.join("coremldata.bin"), [0xFF; 64]).unwrap();
    let error = CoreMlSession::open(&junk, &CoreMlOptions::default(), None).unwrap_err();
    assert!(matches!(error, Error::Session { .. }), "{error}");
    println!("{error}");
    let missing = folder.path().join("missing.mlmodelc");
    let error = CoreMlSession::open(&missing, &CoreMlOptions::default(), None).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
}

#[cfg(feature = "embedded-model")]
#[test]
fn the_classifier_runs_on_coreml_and_agrees_with_the_portable_one() {
    use vacancy_sections::{Backend, SectionClassifier};

    let text = fs::read_to_string(root().join("assets/sample_vacancy.txt")).unwrap();
    let build = |backend| {
        SectionClassifier::builder()
            .backend(backend)
            .build()
            .unwrap()
    };
    let portable = build(Backend::Portable);
    let expected = portable.classify_vacancy(&text).unwrap();
    for backend in [Backend::Auto, Backend::CoreMl(ComputeUnits::CpuOnly)] {
        let classifier = build(backend);
        // A silent fall back to the portable session would pass everything else.
        assert_eq!(
            classifier.backend().name,
            "CoreML",
            "{}",
            classifier.backend()
        );
        let found = classifier.classify_vacancy(&text).unwrap();
        let texts = |passages: &[vacancy_sections::Passage]| -> Vec<String> {
            passages
                .iter()
                .map(|passage| passage.text.clone())
                .collect()
        };
        assert_eq!(
            texts(&found.responsibilities),
            texts(&expected.responsibilities)
        );
        assert_eq!(texts(&found.requirements), texts(&expected.requirements));
        assert_eq!(texts(&found.terms), texts(&expected.terms));
        assert_eq!(texts(&found.notes), texts(&expected.notes));
    }
}

#[test]
fn many_openers_share_one_cache_entry() {
    let cache = tempfile::tempdir().unwrap();
    let package = embedded();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                CoreMlSession::from_package(&package, &options(cache.path()), None).unwrap();
            });
        }
    });
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 1);
}

#[test]
#[ignore = "takes minutes; docs/macos.md says how to run it"]
fn eight_threads_get_what_one_gets() {
    let cache = tempfile::tempdir().unwrap();
    let package = embedded();
    let portable = PortableSession::new(&package).unwrap();
    let inputs: Vec<Inputs> = (1..=8)
        .map(|rows| Inputs::varied(rows, &portable))
        .collect();
    let expected: Vec<Logits> = inputs.iter().map(|i| i.run(&portable).unwrap()).collect();
    for units in UNITS {
        let options = options(cache.path()).with_compute_units(units);
        let session = CoreMlSession::from_package(&package, &options, Some(&portable)).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (session, inputs, expected) = (&session, &inputs, &expected);
                scope.spawn(move || {
                    for round in 0..250 {
                        let which = (thread + round) % inputs.len();
                        let found = inputs[which].run(session).unwrap();
                        compare(units.name(), &found, &expected[which], TOLERANCE);
                    }
                });
            }
        });
        println!("{units}: 8 threads × 250 calls agree with the portable session");
    }
}

/// Resident memory of this process, in KiB.
fn resident_kib() -> u64 {
    let output = Command::new("ps")
        .args(["-o", "rss=", "-p", &std::process::id().to_string()])
        .output()
        .unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap()
}

#[test]
#[ignore = "takes minutes; docs/macos.md says how to run it, by itself"]
fn ten_thousand_calls_do_not_grow() {
    let cache = tempfile::tempdir().unwrap();
    let package = embedded();
    let portable = PortableSession::new(&package).unwrap();
    for units in UNITS {
        let options = options(cache.path()).with_compute_units(units);
        let session = CoreMlSession::from_package(&package, &options, None).unwrap();
        for rows in [1, 8] {
            let inputs = Inputs::varied(rows, &portable);
            let calls = |count: usize| {
                for _ in 0..count {
                    inputs.run(&session).unwrap();
                }
            };
            // Pools and caches fill first.
            calls(1_000);
            let before = resident_kib();
            calls(10_000);
            let after = resident_kib();
            println!("{units}, {rows} rows: {before} KiB before, {after} KiB after 10,000 calls");
            assert!(
                after.saturating_sub(before) < GROWTH_KIB,
                "{units}, {rows} rows: grew from {before} to {after} KiB"
            );
        }
    }
}
