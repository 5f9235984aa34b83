//! The network of the sequence aggregator against PyTorch, on the same weights.

use serde::Deserialize;
use vacancy_sections::{Aggregator, Probabilities, ScoredFragment, SequenceAggregator};

#[derive(Deserialize)]
struct Vacancy {
    fragments: Vec<Fragment>,
}

#[derive(Deserialize)]
struct Fragment {
    block: usize,
    text: String,
    probabilities: [f32; 5],
    /// What PyTorch found: probabilities of the sections, and of being a heading.
    sections: [f32; 5],
    heading: f32,
}

#[test]
fn decisions_are_those_of_pytorch() {
    let mut fragments = 0;
    for line in include_str!("data/sequence.jsonl").lines() {
        let vacancy: Vacancy = serde_json::from_str(line).unwrap();
        let scored: Vec<_> = vacancy
            .fragments
            .iter()
            .map(|fragment| {
                let probabilities = Probabilities::from_weights(fragment.probabilities).unwrap();
                ScoredFragment::new(fragment.block, &fragment.text, probabilities)
            })
            .collect();
        let decisions = SequenceAggregator::new().aggregate(&scored).unwrap();
        for (fragment, decision) in vacancy.fragments.iter().zip(&decisions) {
            let found = decision.probabilities.to_array();
            for (found, expected) in found.iter().zip(fragment.sections) {
                assert!(
                    (found - expected).abs() < 1e-4,
                    "{}: {found} {expected}",
                    fragment.text
                );
            }
            if (fragment.heading - 0.5).abs() > 1e-4 {
                assert_eq!(
                    decision.heading,
                    fragment.heading > 0.5,
                    "{}",
                    fragment.text
                );
            }
            fragments += 1;
        }
    }
    assert!(fragments > 100, "{fragments}");
}
