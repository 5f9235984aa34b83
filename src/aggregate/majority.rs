//! The model card's aggregation: one label per block, by vote.

use super::{Aggregator, Decision, ScoredFragment};
use crate::error::Result;
use crate::prediction::Probabilities;
use crate::section::Section;

/// Gives every fragment of a block the label that most of them have ("take the majority label per
/// chunk", model card).
///
/// A tie goes to the label with the larger summed probability, then to the lower id. The decision's
/// probabilities are the mean over the block.
///
/// ```
/// use vacancy_sections::{Aggregator, MajorityVote, Probabilities, ScoredFragment, Section};
///
/// let duty = Probabilities::from_weights([0.9, 0.1, 0.0, 0.0, 0.0])?;
/// let skill = Probabilities::from_weights([0.4, 0.6, 0.0, 0.0, 0.0])?;
/// let block = [duty, skill, duty].map(|p| ScoredFragment::new(0, "…", p));
/// let decisions = MajorityVote.aggregate(&block)?;
/// assert!(decisions.iter().all(|d| d.section == Section::Responsibilities));
/// # Ok::<(), vacancy_sections::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct MajorityVote;

impl Aggregator for MajorityVote {
    fn aggregate(&self, fragments: &[ScoredFragment<'_>]) -> Result<Vec<Decision>> {
        let mut decisions = Vec::with_capacity(fragments.len());
        for block in fragments.chunk_by(|a, b| a.block == b.block) {
            let probabilities =
                Probabilities::weighted_mean(block.iter().map(|f| (f.probabilities, 1.0)))?;
            let decision = Decision::new(elect(block), probabilities);
            decisions.extend(std::iter::repeat_n(decision, block.len()));
        }
        Ok(decisions)
    }
}

fn elect(block: &[ScoredFragment<'_>]) -> Section {
    let mut votes = Section::ALL.map(|section| (section, (0_usize, 0.0_f64)));
    for fragment in block {
        let best = fragment.probabilities.best();
        for ((section, vote), probability) in
            votes.iter_mut().zip(fragment.probabilities.to_array())
        {
            vote.0 += usize::from(*section == best);
            vote.1 += f64::from(probability);
        }
    }
    let [mut elected, others @ ..] = votes;
    for other in others {
        if other.1 > elected.1 {
            elected = other;
        }
    }
    elected.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragment(block: usize, weights: [f32; 5]) -> ScoredFragment<'static> {
        ScoredFragment::new(block, "x", Probabilities::from_weights(weights).unwrap())
    }

    fn sections(fragments: &[ScoredFragment<'_>]) -> Vec<Section> {
        let decisions = MajorityVote.aggregate(fragments).unwrap();
        decisions.into_iter().map(|d| d.section).collect()
    }

    #[test]
    fn the_majority_wins_against_a_larger_probability() {
        let weak = [0.3, 0.25, 0.2, 0.15, 0.1];
        let strong = [0.0, 0.0, 1.0, 0.0, 0.0];
        let block = [fragment(0, weak), fragment(0, strong), fragment(0, weak)];
        assert_eq!(sections(&block), [Section::Responsibilities; 3]);
    }

    #[test]
    fn a_tie_goes_to_the_larger_summed_probability() {
        let block = [
            fragment(0, [0.6, 0.1, 0.1, 0.1, 0.1]),
            fragment(0, [0.0, 0.0, 0.9, 0.1, 0.0]),
        ];
        assert_eq!(sections(&block), [Section::Terms; 2]);
    }

    #[test]
    fn an_even_tie_goes_to_the_lower_id() {
        let block = [
            fragment(0, [0.0, 0.0, 0.0, 1.0, 0.0]),
            fragment(0, [0.0, 1.0, 0.0, 0.0, 0.0]),
        ];
        assert_eq!(sections(&block), [Section::Requirements; 2]);
    }

    #[test]
    fn blocks_do_not_vote_for_each_other() {
        let fragments = [
            fragment(0, [0.0, 0.0, 0.0, 0.0, 1.0]),
            fragment(1, [0.0, 1.0, 0.0, 0.0, 0.0]),
            fragment(1, [0.0, 1.0, 0.0, 0.0, 0.0]),
        ];
        assert_eq!(
            sections(&fragments),
            [Section::Junk, Section::Requirements, Section::Requirements]
        );
    }

    #[test]
    fn probabilities_are_the_mean_of_the_block() {
        let block = [
            fragment(0, [1.0, 0.0, 0.0, 0.0, 0.0]),
            fragment(0, [0.5, 0.5, 0.0, 0.0, 0.0]),
        ];
        let decisions = MajorityVote.aggregate(&block).unwrap();
        assert_eq!(
            decisions[1].probabilities.to_array(),
            [0.75, 0.25, 0.0, 0.0, 0.0]
        );
    }

    #[test]
    fn no_fragments_give_no_decisions() {
        assert_eq!(MajorityVote.aggregate(&[]).unwrap(), []);
    }
}
