//! Exact marginals of a linear chain by the forward–backward algorithm.
//!
//! A fragment's class is its section, as content or as a heading. The state of the chain is the
//! class and, for content, the section that the last heading announced ("none" before the first
//! heading), so that the chain returns to "requirements" after a benefit among the requirements.

use crate::section::Section;

const SECTIONS: usize = Section::COUNT;
/// Content of each section, then headings of each section.
pub(super) const CLASSES: usize = 2 * SECTIONS;
/// Sections that can have been announced, and none.
pub(super) const ANNOUNCED: usize = SECTIONS + 1;
/// Announced section before the first heading.
const NONE: usize = SECTIONS;
const CONTENT_STATES: usize = ANNOUNCED * SECTIONS;
const STATES: usize = CONTENT_STATES + SECTIONS;

/// Scores of going from a class to a class.
pub(super) type Transitions = [[f64; CLASSES]; CLASSES];
/// Scores of content of a section under an announced section.
pub(super) type Under = [[f64; SECTIONS]; ANNOUNCED];

/// What the chain knows of one fragment. All scores are finite natural logarithms.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'a> {
    /// Of the classes.
    pub(super) scores: [f64; CLASSES],
    pub(super) under: &'a Under,
    /// From the fragment before; not used for the first.
    pub(super) transitions: &'a Transitions,
}

/// Content `section` under `announced`.
fn content(announced: usize, section: usize) -> usize {
    announced * SECTIONS + section
}

fn heading(section: usize) -> usize {
    CONTENT_STATES + section
}

/// The class of a state.
fn class_of(state: usize) -> usize {
    if state < CONTENT_STATES {
        state % SECTIONS
    } else {
        state - CONTENT_STATES + SECTIONS
    }
}

/// The announced section that content after this state stands under.
fn announced_by(state: usize) -> usize {
    if state < CONTENT_STATES {
        state / SECTIONS
    } else {
        state - CONTENT_STATES
    }
}

/// Probability of every class for every fragment, each row summing to 1. Linear in the number of
/// fragments.
pub(super) fn marginals(nodes: &[Node<'_>]) -> Vec<[f64; CLASSES]> {
    let forward = forward(nodes);
    let mut result = vec![[0.0; CLASSES]; nodes.len()];
    let mut behind = [0.0; STATES];
    for (index, node) in nodes.iter().enumerate().rev() {
        if let (Some(alpha), Some(row)) = (forward.get(index), result.get_mut(index)) {
            let mut joint = [0.0; STATES];
            for ((joint, alpha), beta) in joint.iter_mut().zip(alpha).zip(&behind) {
                *joint = alpha + beta;
            }
            let total = log_sum(&joint);
            for (state, score) in joint.iter().enumerate() {
                row[class_of(state)] += (score - total).exp();
            }
        }
        behind = backward(node, &behind);
    }
    result
}

/// The score of each state at its own fragment.
fn own_scores(node: &Node<'_>) -> [f64; STATES] {
    let mut own = [0.0; STATES];
    for (state, own) in own.iter_mut().enumerate() {
        let class = class_of(state);
        *own = node.scores[class];
        if state < CONTENT_STATES {
            *own += node.under[announced_by(state)][class];
        }
    }
    own
}

/// Logarithms of the forward sums, shifted so that each row sums to 1.
fn forward(nodes: &[Node<'_>]) -> Vec<[f64; STATES]> {
    let mut rows: Vec<[f64; STATES]> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let own = own_scores(node);
        let mut row = [f64::NEG_INFINITY; STATES];
        if let Some(before) = rows.last() {
            for (state, value) in row.iter_mut().enumerate() {
                let class = class_of(state);
                let score = |from: usize| before[from] + node.transitions[class_of(from)][class];
                let sum = if state < CONTENT_STATES {
                    // Under the same announced section, or right after the heading that announced it.
                    let announced = announced_by(state);
                    let mut scores = [f64::NEG_INFINITY; SECTIONS + 1];
                    for (section, slot) in scores.iter_mut().take(SECTIONS).enumerate() {
                        *slot = score(content(announced, section));
                    }
                    if announced != NONE {
                        scores[SECTIONS] = score(heading(announced));
                    }
                    log_sum(&scores)
                } else {
                    let mut scores = [0.0; STATES];
                    for (from, slot) in scores.iter_mut().enumerate() {
                        *slot = score(from);
                    }
                    log_sum(&scores)
                };
                *value = sum + own[state];
            }
        } else {
            for section in 0..SECTIONS {
                row[content(NONE, section)] = own[content(NONE, section)];
                row[heading(section)] = own[heading(section)];
            }
        }
        let total = log_sum(&row);
        rows.push(row.map(|value| value - total));
    }
    rows
}

/// The backward sums of the states in front of `node`, from those at `node`, shifted likewise.
fn backward(node: &Node<'_>, behind: &[f64; STATES]) -> [f64; STATES] {
    let own = own_scores(node);
    let mut row = [0.0; STATES];
    for (state, value) in row.iter_mut().enumerate() {
        let transitions = &node.transitions[class_of(state)];
        let announced = announced_by(state);
        let mut scores = [0.0; CLASSES];
        for section in 0..SECTIONS {
            for (slot, to) in [
                (section, content(announced, section)),
                (SECTIONS + section, heading(section)),
            ] {
                scores[slot] = transitions[slot] + own[to] + behind[to];
            }
        }
        *value = log_sum(&scores);
    }
    let total = log_sum(&row);
    row.map(|value| value - total)
}

/// Logarithm of the sum of exponentials; minus infinity for nothing but minus infinities.
fn log_sum(scores: &[f64]) -> f64 {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return largest;
    }
    let sum: f64 = scores.iter().map(|score| (score - largest).exp()).sum();
    largest + sum.ln()
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
                    score += node.transitions[classes[index - 1]][class];
                }
                if class < SECTIONS {
                    score += node.under[announced][class];
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
                    under,
                    transitions,
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
        let transitions = [[0.0; CLASSES]; CLASSES];
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
}
