//! Sums as they are, each row scaled to a largest value of 1: ten times as fast as logarithms.

use super::{ANNOUNCED, CLASSES, NONE, Node, SECTIONS};

/// Smallest backward sum that is accepted, beside a largest of 1.
const SMALLEST_BEHIND: f64 = 1e-200;
/// Smallest value that is accepted for the largest sum of a row, before it is scaled. All factors are
/// at most 1, so that what is lost below the range of `f64` is less than 1e-307: nothing beside a
/// marginal whose forward sum is at least this and whose backward sum at least [`SMALLEST_BEHIND`].
const SMALLEST_LARGEST: f64 = 1e-50;

/// A number per state: content by announced section and section, headings by section.
#[derive(Debug, Clone, Copy)]
struct Row {
    content: [[f64; SECTIONS]; ANNOUNCED],
    headings: [f64; SECTIONS],
}

impl Row {
    const ZERO: Self = Self::all(0.0);

    const fn all(value: f64) -> Self {
        Self {
            content: [[value; SECTIONS]; ANNOUNCED],
            headings: [value; SECTIONS],
        }
    }

    fn values(&self) -> impl Iterator<Item = &f64> {
        self.content.iter().flatten().chain(&self.headings)
    }

    fn largest(&self) -> f64 {
        self.values().copied().fold(0.0, f64::max)
    }

    fn scale(&mut self, factor: f64) {
        let content = self.content.iter_mut().flatten();
        content
            .chain(&mut self.headings)
            .for_each(|value| *value *= factor);
    }

    /// Sums over the states of each class.
    fn by_class(&self) -> [f64; CLASSES] {
        let mut sums = [0.0; CLASSES];
        let (content, headings) = sums.split_at_mut(SECTIONS);
        for row in &self.content {
            for (sum, value) in content.iter_mut().zip(row) {
                *sum += value;
            }
        }
        headings.copy_from_slice(&self.headings);
        sums
    }
}

/// The factors of one node, scaled to a largest value of 1.
struct Own {
    content: [f64; SECTIONS],
    headings: [f64; SECTIONS],
}

impl Own {
    fn new(node: &Node<'_>) -> Self {
        let largest = node.scores.iter().copied().fold(f64::MIN, f64::max);
        let mut own = Self {
            content: [0.0; SECTIONS],
            headings: [0.0; SECTIONS],
        };
        let factors = own.content.iter_mut().chain(&mut own.headings);
        for (factor, score) in factors.zip(node.scores) {
            *factor = (score - largest).exp();
        }
        own
    }

    /// Multiplies the sums at `node` by what speaks for each state there.
    fn weigh(&self, node: &Node<'_>, row: &mut Row) {
        #[cfg(test)]
        crate::steps::add(CLASSES);
        for (values, under) in row.content.iter_mut().zip(&node.under.factors) {
            for ((value, own), under) in values.iter_mut().zip(&self.content).zip(under) {
                *value *= own * under;
            }
        }
        for (value, own) in row.headings.iter_mut().zip(&self.headings) {
            *value *= own * node.under.neutral;
        }
    }
}

/// The marginals of [`super::marginals`]; `None` when the scores lie so far apart that a sum would
/// leave the range of `f64`.
pub(super) fn marginals(nodes: &[Node<'_>]) -> Option<Vec<[f64; CLASSES]>> {
    let owns: Vec<Own> = nodes.iter().map(Own::new).collect();
    let forward = forward(nodes, &owns)?;
    let mut result = vec![[0.0; CLASSES]; nodes.len()];
    let mut behind = Row::all(1.0);
    let steps = nodes.iter().zip(&owns).zip(&forward).zip(&mut result);
    for (((node, own), ahead), row) in steps.rev() {
        let mut joint = *ahead;
        let content = joint.content.iter_mut().flatten();
        for (value, beta) in content.chain(&mut joint.headings).zip(behind.values()) {
            *value *= beta;
        }
        let sums = joint.by_class();
        let total: f64 = sums.iter().sum();
        *row = sums.map(|sum| sum / total);
        behind = backward(node, own, &behind)?;
    }
    Some(result)
}

/// Adds `factor` times `row` to `sums`.
fn add(sums: &mut [f64; SECTIONS], factor: f64, row: &[f64]) {
    for (sum, value) in sums.iter_mut().zip(row) {
        *sum += factor * value;
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The forward sums, each row scaled.
fn forward(nodes: &[Node<'_>], owns: &[Own]) -> Option<Vec<Row>> {
    let mut rows: Vec<Row> = Vec::with_capacity(nodes.len());
    for (node, own) in nodes.iter().zip(owns) {
        let mut row = match rows.last() {
            Some(before) => reached(node, before),
            // Nothing was announced before the first heading.
            None => {
                let mut row = Row::ZERO;
                row.content[NONE] = [1.0; SECTIONS];
                row.headings = [1.0; SECTIONS];
                row
            }
        };
        own.weigh(node, &mut row);
        let largest = row.largest();
        if largest < SMALLEST_LARGEST {
            return None;
        }
        row.scale(largest.recip());
        rows.push(row);
    }
    Some(rows)
}

/// Sums over the states before, with the transitions from them.
fn reached(node: &Node<'_>, before: &Row) -> Row {
    let transitions = &node.transitions.factors;
    let mut row = Row::ZERO;
    let (from_content, from_headings) = transitions.split_at(SECTIONS);
    for (sums, values) in row.content.iter_mut().zip(&before.content) {
        for (value, to) in values.iter().zip(from_content) {
            add(sums, *value, to);
        }
    }
    // Right after the heading that announced it; nothing announces "none".
    let announced = row.content.iter_mut().zip(&before.headings);
    for ((sums, value), to) in announced.zip(from_headings) {
        add(sums, *value, to);
    }
    for (value, to) in before.by_class().iter().zip(transitions) {
        if let Some(to) = to.get(SECTIONS..) {
            add(&mut row.headings, *value, to);
        }
    }
    row
}

/// The backward sums of the states in front of `node`, from those at `node`, scaled.
fn backward(node: &Node<'_>, own: &Own, behind: &Row) -> Option<Row> {
    let mut at = *behind;
    own.weigh(node, &mut at);
    let mut row = Row::ZERO;
    let (from_content, from_headings) = node.transitions.factors.split_at(SECTIONS);
    let to_headings = |to: &[f64; CLASSES]| {
        let to = to.get(SECTIONS..).unwrap_or_default();
        dot(to, &at.headings)
    };
    let mut content_to_headings = [0.0; SECTIONS];
    for (sum, to) in content_to_headings.iter_mut().zip(from_content) {
        *sum = to_headings(to);
    }
    for (values, at) in row.content.iter_mut().zip(&at.content) {
        let ways = from_content.iter().zip(&content_to_headings);
        for (value, (to, headings)) in values.iter_mut().zip(ways) {
            *value = dot(to, at) + headings;
        }
    }
    let ways = from_headings.iter().zip(&at.content);
    for (value, (to, at)) in row.headings.iter_mut().zip(ways) {
        *value = dot(to, at) + to_headings(to);
    }
    let largest = row.largest();
    if largest < SMALLEST_LARGEST {
        return None;
    }
    row.scale(largest.recip());
    row.values()
        .all(|value| *value >= SMALLEST_BEHIND)
        .then_some(row)
}
