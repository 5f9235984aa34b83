//! Each stage, and all of them together, on the sample vacancy and on made-up token ids.

use std::hint::black_box;
use std::path::PathBuf;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use ndarray::Array2;
use vacancy_sections::{
    Aggregator, Chunker, Document, MajorityVote, MlPackage, PortableSession, RazdelChunker,
    ScoredFragment, SectionClassifier, SequenceAggregator, Session, SessionInputs,
};

const VACANCY: &str = include_str!("../assets/sample_vacancy.txt");

fn main() {
    divan::main();
}

fn package(name: &str) -> MlPackage {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name);
    MlPackage::open(path).expect("a package of this repository")
}

fn assets() -> MlPackage {
    package("assets/section_classifier.mlpackage")
}

#[divan::bench]
fn document(bencher: Bencher) {
    bencher
        .counter(BytesCount::of_str(VACANCY))
        .bench(|| Document::from_plain(black_box(VACANCY)));
}

#[divan::bench]
fn chunk(bencher: Bencher) {
    let document = Document::from_plain(VACANCY);
    bencher.counter(BytesCount::of_str(VACANCY)).bench(|| {
        for block in document.blocks() {
            black_box(RazdelChunker.chunk(black_box(block.text())));
        }
    });
}

#[divan::bench]
fn aggregate(bencher: Bencher) {
    let classifier = SectionClassifier::embedded().expect("the embedded model");
    let prediction = classifier
        .classify_fragment("Знание SQL")
        .expect("a prediction");
    let fragments: Vec<_> = (0..27)
        .map(|index| ScoredFragment::new(index / 2, "Знание SQL", prediction.probabilities))
        .collect();
    bencher
        .counter(ItemsCount::new(fragments.len()))
        .bench(|| MajorityVote.aggregate(black_box(&fragments)));
}

/// The default aggregator on the fragments of the vacancy.
#[divan::bench]
fn decode(bencher: Bencher) {
    let classifier = SectionClassifier::embedded().expect("the embedded model");
    let sections = classifier.classify_vacancy(VACANCY).expect("sections");
    let fragments: Vec<_> = sections
        .fragments
        .iter()
        .enumerate()
        .map(|(index, fragment)| ScoredFragment::new(index, &fragment.text, fragment.probabilities))
        .collect();
    bencher
        .counter(ItemsCount::new(fragments.len()))
        .bench(|| SequenceAggregator::new().aggregate(black_box(&fragments)));
}

#[divan::bench]
fn load_session(bencher: Bencher) {
    bencher.bench(|| PortableSession::new(&assets()));
}

#[divan::bench]
fn load_classifier(bencher: Bencher) {
    bencher.bench(SectionClassifier::embedded);
}

/// Rows of so many tokens each, without repetition.
fn rows(count: usize, tokens: usize) -> [Array2<i32>; 3] {
    let ids = Array2::from_shape_fn((count, 128), |(row, token)| {
        if token < tokens {
            ((row * 7919 + token * 131 + 5) % 12_000) as i32
        } else {
            0
        }
    });
    let mask = Array2::from_shape_fn((count, 128), |(_, token)| i32::from(token < tokens));
    let types = Array2::zeros((count, 128));
    [ids, mask, types]
}

fn session(bencher: Bencher, session: &dyn Session, count: usize, tokens: usize) {
    let [ids, mask, types] = rows(count, tokens);
    let inputs =
        SessionInputs::new(ids.view(), mask.view(), types.view()).expect("arrays of one shape");
    bencher
        .counter(ItemsCount::new(count * tokens))
        .bench(|| session.run(black_box(inputs)));
}

#[divan::bench(args = [(1, 12), (1, 128), (27, 12), (27, 128)])]
fn infer_fused(bencher: Bencher, (count, tokens): (usize, usize)) {
    let encoder = PortableSession::new(&assets()).expect("the model of this crate");
    session(bencher, &encoder, count, tokens);
}

#[divan::bench(args = [(1, 12)], sample_count = 20)]
fn infer_interpreter(bencher: Bencher, (count, tokens): (usize, usize)) {
    let interpreter = PortableSession::interpreter(&assets()).expect("the model of this crate");
    session(bencher, &interpreter, count, tokens);
}

/// CoreML, where it is: the same rows with each set of compute units.
#[cfg(all(feature = "coreml", target_os = "macos"))]
mod coreml {
    use divan::Bencher;
    use vacancy_sections::{ComputeUnits, CoreMlOptions, CoreMlSession};

    fn bench(bencher: Bencher, units: ComputeUnits, (count, tokens): (usize, usize)) {
        let options = CoreMlOptions::default().with_compute_units(units);
        let session = CoreMlSession::from_package(&super::assets(), &options, None)
            .expect("CoreML runs the model of this crate");
        super::session(bencher, &session, count, tokens);
    }

    #[divan::bench(args = [(1, 12), (1, 128), (27, 12), (27, 128)])]
    fn infer_all(bencher: Bencher, rows: (usize, usize)) {
        bench(bencher, ComputeUnits::All, rows);
    }

    #[divan::bench(args = [(1, 12), (1, 128), (27, 12), (27, 128)])]
    fn infer_cpu_only(bencher: Bencher, rows: (usize, usize)) {
        bench(bencher, ComputeUnits::CpuOnly, rows);
    }

    #[divan::bench(args = [(1, 12), (1, 128), (27, 12), (27, 128)])]
    fn infer_cpu_and_neural_engine(bencher: Bencher, rows: (usize, usize)) {
        bench(bencher, ComputeUnits::CpuAndNeuralEngine, rows);
    }
}

#[divan::bench]
fn end_to_end(bencher: Bencher) {
    let classifier = SectionClassifier::embedded().expect("the embedded model");
    bencher
        .counter(BytesCount::of_str(VACANCY))
        .bench(|| classifier.classify_vacancy(black_box(VACANCY)));
}
