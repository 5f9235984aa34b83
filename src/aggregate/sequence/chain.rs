//! Exact marginals of a linear chain by the forward–backward algorithm.
//!
//! A fragment's class is its section, as content or as a heading. The state of the chain is the
//! class and, for content, the section that the last heading announced ("none" before the first
//! heading), so that the chain returns to "requirements" after a benefit among the requirements.

mod exact;
mod scaled;

use crate::section::Section;

const SECTIONS: usize = Section::COUNT;
/// Content of each section, then headings of each section.
pub(super) const CLASSES: usize = 2 * SECTIONS;
/// Sections that can have been announced, and none.
pub(super) const ANNOUNCED: usize = SECTIONS + 1;
/// Announced section before the first heading.
const NONE: usize = SECTIONS;
const CONTENT_STATES: usize = ANNOUNCED * SECTIONS;

/// Scores of pairs, and the factors that they stand for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table<const ROWS: usize, const COLUMNS: usize> {
    /// Natural logarithms, all finite.
    scores: [[f64; COLUMNS]; ROWS],
    /// Their exponentials, scaled so that none is above 1.
    factors: [[f64; COLUMNS]; ROWS],
    /// The same of a score of 0.
    neutral: f64,
}

/// From a class (row) to a class.
pub(super) type Transitions = Table<CLASSES, CLASSES>;
/// Content of a section under an announced section (row).
pub(super) type Under = Table<ANNOUNCED, SECTIONS>;

impl<const ROWS: usize, const COLUMNS: usize> Table<ROWS, COLUMNS> {
    pub(super) fn new(scores: [[f64; COLUMNS]; ROWS]) -> Self {
        let largest = scores.iter().flatten().copied().fold(0.0, f64::max);
        Self {
            scores,
            factors: scores.map(|row| row.map(|score| (score - largest).exp())),
            neutral: (-largest).exp(),
        }
    }
}

/// What the chain knows of one fragment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'a> {
    /// Of the classes; finite natural logarithms.
    pub(super) scores: [f64; CLASSES],
    pub(super) under: &'a Under,
    /// From the fragment before; not used for the first.
    pub(super) transitions: &'a Transitions,
}

/// Probability of every class for every fragment, each row summing to 1. Linear in the number of
/// fragments.
pub(super) fn marginals(nodes: &[Node<'_>]) -> Vec<[f64; CLASSES]> {
    scaled::marginals(nodes).unwrap_or_else(|| exact::marginals(nodes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    struct Scores {
        classes: Vec<[f64; CLASSES]>,
        under: Vec<Under>,
        transitions: Vec<Transitions>,
    }

    impl Scores {
        fn nodes(&self) -> Vec<Node<'_>> {
            let parts = self.classes.iter().zip(&self.under).zip(&self.transitions);
            parts
                .map(|((scores, under), transitions)| Node {
                    scores: *scores,
                    under,
                    transitions,
                })
                .collect()
        }
    }

    /// Sums over all sequences of classes; the announced section follows from the classes.
    fn enumerated(nodes: &[Node<'_>]) -> Vec<[f64; CLASSES]> {
        let mut sums = vec![[0.0; CLASSES]; nodes.len()];
        let mut total = 0.0;
        for code in 0..CLASSES.pow(nodes.len() as u32) {
            let mut rest = code;
            let classes: Vec<usize> = nodes
                .iter()
                .map(|_| {
                    let class = rest % CLASSES;
                    rest /= CLASSES;
                    class
                })
                .collect();
            let (mut announced, mut score) = (SECTIONS, 0.0);
            for (index, (node, &class)) in nodes.iter().zip(&classes).enumerate() {
                score += node.scores[class];
                if index > 0 {
                    score += node.transitions.scores[classes[index - 1]][class];
                }
                if class < SECTIONS {
                    score += node.under.scores[announced][class];
                } else {
                    announced = class - SECTIONS;
                }
            }
            let weight = f64::exp(score);
            total += weight;
            for (row, class) in sums.iter_mut().zip(classes) {
                row[class] += weight;
            }
        }
        sums.iter_mut().flatten().for_each(|sum| *sum /= total);
        sums
    }

    fn scores(length: std::ops::RangeInclusive<usize>, size: f64) -> impl Strategy<Value = Scores> {
        length.prop_flat_map(move |n| {
            let value = -size..size;
            (
                prop::collection::vec(prop::array::uniform10(value.clone()), n),
                prop::collection::vec(
                    prop::array::uniform6(prop::array::uniform5(value.clone())),
                    n,
                ),
                prop::collection::vec(prop::array::uniform10(prop::array::uniform10(value)), n),
            )
                .prop_map(|(classes, under, transitions)| Scores {
                    classes,
                    under: under.into_iter().map(Table::new).collect(),
                    transitions: transitions.into_iter().map(Table::new).collect(),
                })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn marginals_are_those_of_the_enumeration(scores in scores(1..=4, 4.0)) {
            let nodes = scores.nodes();
            for (found, expected) in marginals(&nodes).iter().zip(enumerated(&nodes)) {
                for (found, expected) in found.iter().zip(expected) {
                    prop_assert!((found - expected).abs() < 1e-9, "{found} {expected}");
                }
            }
        }

        /// Up to scores that no training gives, none is too large for plain sums; and where they
        /// answer, they say what the logarithms say.
        #[test]
        fn both_ways_agree(
            scores in (0.1..60.0_f64).prop_flat_map(|size| scores(1..=60, size)),
        ) {
            let nodes = scores.nodes();
            let largest = scores.classes.iter().flatten().fold(0.0_f64, |a, b| a.max(b.abs()));
            let Some(found) = scaled::marginals(&nodes) else {
                prop_assert!(largest > 10.0);
                return Ok(());
            };
            for (found, expected) in found.iter().zip(exact::marginals(&nodes)) {
                for (found, expected) in found.iter().zip(expected) {
                    prop_assert!((found - expected).abs() < 1e-9, "{found} {expected}");
                }
            }
        }

        #[test]
        fn marginals_sum_to_one_however_large_the_scores(scores in scores(1..=30, 1e6)) {
            for row in marginals(&scores.nodes()) {
                prop_assert!(row.iter().all(|p| (0.0..=1.0 + 1e-9).contains(p)));
                prop_assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn no_node_has_no_marginals() {
        assert!(marginals(&[]).is_empty());
    }

    /// A benefit among the requirements does not end the requirements.
    #[test]
    fn the_announced_section_is_remembered() {
        let mut under = [[0.0; SECTIONS]; ANNOUNCED];
        for (section, row) in under.iter_mut().take(SECTIONS).enumerate() {
            row[section] = 2.0;
        }
        let (under, transitions) = (Table::new(under), Table::new([[0.0; CLASSES]; CLASSES]));
        let (requirements, terms) = (Section::Requirements.id(), Section::Terms.id());
        let certain = |class: usize| {
            let mut scores = [0.0; CLASSES];
            scores[class] = 20.0;
            scores
        };
        let mut unknown = [0.0; CLASSES];
        unknown[SECTIONS..].fill(-20.0);
        let nodes =
            [certain(SECTIONS + requirements), certain(terms), unknown].map(|scores| Node {
                scores,
                under: &under,
                transitions: &transitions,
            });
        let last = marginals(&nodes)[2];
        let expected = 2_f64.exp() / (2_f64.exp() + 4.0);
        assert!((last[requirements] - expected).abs() < 1e-6);
    }

    /// What no heading announced lies e^1000 behind after the first half, and catches up.
    #[test]
    fn what_is_far_behind_is_not_forgotten() {
        let lean = |none: f64| {
            let mut under = [[0.0; SECTIONS]; ANNOUNCED];
            under[NONE] = [none; SECTIONS];
            Table::new(under)
        };
        let (against, for_none) = (lean(-10.0), lean(10.0));
        let transitions = Table::new([[0.0; CLASSES]; CLASSES]);
        let nodes: Vec<_> = (0..200)
            .map(|index| {
                let mut scores = [0.0; CLASSES];
                // A heading at the beginning, or none at all.
                scores[SECTIONS..].fill(if index == 0 { 0.0 } else { -1e4 });
                Node {
                    scores,
                    under: if index < 100 { &against } else { &for_none },
                    transitions: &transitions,
                }
            })
            .collect();
        assert!(scaled::marginals(&nodes).is_none());
        // As much for as against, and five headings to choose from as there are five contents.
        let headings: f64 = marginals(&nodes)[0][SECTIONS..].iter().sum();
        assert!((headings - 0.5).abs() < 1e-9, "{headings}");
    }
}
