//! Sums as logarithms: for scores of any size.

use super::{CLASSES, CONTENT_STATES, NONE, Node, SECTIONS};

const STATES: usize = CONTENT_STATES + SECTIONS;

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

/// The marginals of [`super::marginals`].
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
    #[cfg(test)]
    crate::steps::add(STATES);
    let mut own = [0.0; STATES];
    for (state, own) in own.iter_mut().enumerate() {
        let class = class_of(state);
        *own = node.scores[class];
        if state < CONTENT_STATES {
            *own += node.under.scores[announced_by(state)][class];
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
                let score =
                    |from: usize| before[from] + node.transitions.scores[class_of(from)][class];
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
        let transitions = &node.transitions.scores[class_of(state)];
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
