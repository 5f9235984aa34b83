//! Floors for the embedded model and both aggregators on the golden vacancies, somewhat below what was measured.

#![cfg(feature = "embedded-model")]

use serde::Deserialize;
use vacancy_sections::{
    Aggregator, Decision, MajorityVote, ScoredFragment, Section, SectionClassifier,
    SequenceAggregator,
};

const GOLDEN: &str = include_str!("../assets/golden/golden.jsonl");

#[derive(Deserialize)]
struct Vacancy {
    fragments: Vec<Fragment>,
}

#[derive(Deserialize)]
struct Fragment {
    block: usize,
    text: String,
    label: String,
    heading: bool,
}

/// Pairs of what was labelled and what was decided.
struct Outcome(Vec<(Section, bool, Decision)>);

impl Outcome {
    fn accuracy(&self) -> f64 {
        let hits = self
            .0
            .iter()
            .filter(|(label, _, d)| *label == d.section)
            .count();
        hits as f64 / self.0.len() as f64
    }

    fn heading_f1(&self) -> f64 {
        let count = |test: fn(bool, bool) -> bool| {
            self.0
                .iter()
                .filter(|(_, heading, d)| test(*heading, d.heading))
                .count() as f64
        };
        2.0 * count(|a, b| a && b) / (count(|a, _| a) + count(|_, b| b))
    }

    fn junk_recall(&self) -> f64 {
        let junk = self.0.iter().filter(|(label, ..)| *label == Section::Junk);
        let (mut all, mut found) = (0.0, 0.0);
        for (_, _, decision) in junk {
            all += 1.0;
            found += f64::from(u8::from(decision.section == Section::Junk));
        }
        found / all
    }
}

#[test]
fn the_golden_vacancies_are_understood() {
    let classifier = SectionClassifier::shared().unwrap();
    let (mut joint, mut vote) = (Outcome(Vec::new()), Outcome(Vec::new()));
    let mut alone = 0;
    for line in GOLDEN.lines() {
        let vacancy: Vacancy = serde_json::from_str(line).unwrap();
        let texts: Vec<&str> = vacancy.fragments.iter().map(|f| f.text.as_str()).collect();
        let predictions = classifier.classify_fragments(&texts).unwrap();
        let labels: Vec<Section> = vacancy
            .fragments
            .iter()
            .map(|f| f.label.parse().unwrap())
            .collect();
        alone += labels
            .iter()
            .zip(&predictions)
            .filter(|(label, prediction)| prediction.section == **label)
            .count();
        let scored: Vec<_> = vacancy
            .fragments
            .iter()
            .zip(&predictions)
            .map(|(f, p)| ScoredFragment::new(f.block, &f.text, p.probabilities))
            .collect();
        for (outcome, aggregator) in [
            (&mut joint, &SequenceAggregator::new() as &dyn Aggregator),
            (&mut vote, &MajorityVote),
        ] {
            let decisions = aggregator.aggregate(&scored).unwrap();
            let headings = vacancy.fragments.iter().map(|f| f.heading);
            let places = labels.iter().copied().zip(headings).zip(decisions);
            outcome
                .0
                .extend(places.map(|((label, heading), decision)| (label, heading, decision)));
        }
    }
    assert_eq!(joint.0.len(), 1961);
    let alone = alone as f64 / joint.0.len() as f64;
    assert!(alone > 0.922, "{alone}");
    assert!(joint.accuracy() > 0.978, "{}", joint.accuracy());
    let left = (1.0 - joint.accuracy()) / (1.0 - vote.accuracy());
    assert!(left < 0.3, "{left} of the errors of the majority vote");
    assert!(joint.heading_f1() > 0.955, "{}", joint.heading_f1());
    assert!(joint.junk_recall() > 0.95, "{}", joint.junk_recall());
}
