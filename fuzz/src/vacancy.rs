//! A whole vacancy on a tiny model: every stage, every way in.

use std::sync::LazyLock;

use vacancy_sections::{
    Encoder, Encoding, MlPackage, PortableSession, Result, Section, SectionClassifier,
    VacancySections, Window,
};

use super::aggregator::sums_to_one;
use super::bytes::{Bytes, text};

macro_rules! tiny {
    ($path:literal) => {
        (
            $path,
            include_bytes!(concat!("../../tests/data/packages/tiny.mlpackage/", $path)).as_slice(),
        )
    };
}

/// Words by their length and last byte, onto the sixteen rows of the tiny model.
struct Words;

impl Encoder for Words {
    fn encode(&self, fragment: &str) -> Result<Encoding> {
        let ids: Vec<i32> = fragment
            .split_whitespace()
            .map(|word| i32::from((word.len() as u8).wrapping_mul(7) ^ word.as_bytes()[0]) % 16)
            .collect();
        let windows = ids
            .chunks(self.max_seq_len())
            .map(|ids| Window::new(ids.to_vec()));
        let mut windows: Vec<_> = windows.collect();
        if windows.is_empty() {
            windows.push(Window::new(vec![2]));
        }
        Ok(Encoding::new(windows))
    }

    fn max_seq_len(&self) -> usize {
        8
    }

    fn vocab_size(&self) -> usize {
        16
    }

    fn pad_id(&self) -> i32 {
        0
    }
}

/// Longest text taken; beyond it an error.
const LIMIT: usize = 4096;

static CLASSIFIER: LazyLock<SectionClassifier> = LazyLock::new(|| {
    let package = MlPackage::from_files([
        tiny!("Manifest.json"),
        tiny!("Data/com.apple.CoreML/model.mlmodel"),
        tiny!("Data/com.apple.CoreML/weights/weight.bin"),
    ])
    .expect("the package is sound");
    let session = PortableSession::new(&package).expect("its program is supported");
    let builder = SectionClassifier::builder().session(session).encoder(Words);
    builder
        .max_text_bytes(LIMIT)
        .build()
        .expect("the parts fit")
});

pub fn check(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    let html = bytes.byte().is_multiple_of(2);
    let source = text(bytes.rest());
    let result = if html {
        CLASSIFIER.classify_vacancy_html(&source)
    } else {
        CLASSIFIER.classify_vacancy(&source)
    };
    match result {
        Ok(sections) => {
            assert!(source.len() <= LIMIT);
            fits(&sections, &source);
        }
        Err(error) => assert!(source.len() > LIMIT, "{error}"),
    }
}

fn fits(sections: &VacancySections, source: &str) {
    let mut end = 0;
    for fragment in &sections.fragments {
        assert!(!fragment.text.is_empty());
        assert!(fragment.span.start >= end && fragment.span.slice(source).is_some());
        end = fragment.span.end;
        sums_to_one(fragment.probabilities);
        sums_to_one(fragment.prediction.probabilities);
    }
    // Each fragment is in one passage or heading.
    let passages = Section::ALL
        .iter()
        .flat_map(|section| sections.passages(*section));
    let mut ranges: Vec<_> = passages.map(|passage| passage.fragments.clone()).collect();
    ranges.extend(
        sections
            .headings
            .iter()
            .map(|heading| heading.fragments.clone()),
    );
    ranges.sort_by_key(|range| range.start);
    let mut next = 0;
    for range in ranges {
        assert_eq!(range.start, next);
        next = range.end;
    }
    assert_eq!(next, sections.fragments.len());
}
