//! Aggregators: a decision for every fragment, with probabilities.

use vacancy_sections::{
    Aggregator, BlockKind, MajorityVote, Probabilities, ScoredFragment, Section, SequenceAggregator,
};

use super::bytes::{Bytes, text};

pub fn check(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    let thresholds = [None, Some(0.0), Some(0.5), Some(1.1), Some(f32::NAN)];
    let threshold = bytes.pick(&thresholds);
    let mut rows = Vec::new();
    let mut block = 0;
    while !bytes.is_empty() {
        let layout = bytes.byte();
        block += usize::from(layout & 3);
        let kinds = [
            BlockKind::Paragraph,
            BlockKind::ListItem,
            BlockKind::Heading,
        ];
        let kind = kinds[usize::from(layout >> 2 & 3) % kinds.len()];
        let emphasis = layout & 16 != 0;
        let mut logits = [0.0; Section::COUNT];
        for logit in &mut logits {
            *logit = (f32::from(bytes.byte()) - 128.0) * if layout & 32 == 0 { 0.1 } else { 2e36 };
        }
        let probabilities = Probabilities::from_logits(logits).expect("these logits are finite");
        let len = usize::from(bytes.byte());
        rows.push((block, text(bytes.take(len)), probabilities, kind, emphasis));
    }
    let fragments: Vec<_> = rows
        .iter()
        .map(|(block, text, probabilities, kind, emphasis)| {
            ScoredFragment::new(*block, text, *probabilities).in_block(*kind, *emphasis)
        })
        .collect();
    let mut sequence = SequenceAggregator::new();
    if let Some(threshold) = threshold {
        sequence = sequence.with_junk_threshold(threshold);
    }
    for aggregator in [&sequence as &dyn Aggregator, &MajorityVote] {
        let decisions = aggregator
            .aggregate(&fragments)
            .expect("any fragments are decided");
        assert_eq!(decisions.len(), fragments.len());
        for decision in decisions {
            sums_to_one(decision.probabilities);
        }
    }
}

pub fn sums_to_one(probabilities: Probabilities) {
    let values = probabilities.to_array().map(f64::from);
    assert!(
        values.iter().all(|value| (0.0..=1.0).contains(value)),
        "{values:?}"
    );
    let sum: f64 = values.iter().sum();
    assert!((sum - 1.0).abs() < 1e-6, "{values:?} sum to {sum}");
}
