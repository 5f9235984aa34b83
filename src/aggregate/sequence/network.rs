//! A small recurrent network over the fragments of a vacancy.
//!
//! Features and the mean of the words' rows make a vector of each fragment; two layers of gated sums
//! carry what was read forwards and backwards; two linear layers decide. A gated sum is
//! `s = z·s + (1 − z)·c` with gate and candidate computed from the fragment alone, so that everything
//! but the sum itself is a matrix product over all fragments.

use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use super::features::Evidence;
use crate::section::Section;

/// Width of the vectors.
pub(super) const HIDDEN: usize = 48;
/// The five sections as content, then the five as headings.
pub(super) const CLASSES: usize = 2 * Section::COUNT;

/// Fragments that are read together: more than any posting has, and little memory for a text that is
/// no posting. Longer ones are read piece by piece.
const PIECE: usize = 512;

/// `x · weights + bias`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Linear {
    /// `[inputs, outputs]`.
    pub(super) weights: Array2<f32>,
    pub(super) bias: Array1<f32>,
}

impl Linear {
    fn apply(&self, x: ArrayView2<'_, f32>) -> Array2<f32> {
        x.dot(&self.weights) + &self.bias
    }
}

/// What is learned.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Network {
    /// A row per feature, and the bias of the vectors.
    pub(super) read: Linear,
    /// A row of [`HIDDEN`] numbers per bucket, each to be multiplied with `word_scale`.
    pub(super) words: Vec<i8>,
    pub(super) word_scale: f32,
    /// Gates forwards, gates backwards, candidates forwards, candidates backwards.
    pub(super) first: Linear,
    pub(super) mix: Linear,
    pub(super) second: Linear,
    pub(super) gather: Linear,
    pub(super) decide: Linear,
}

impl Network {
    /// Probabilities of the classes, a row per fragment.
    pub(super) fn classes(&self, evidence: &Evidence) -> Vec<[f32; CLASSES]> {
        let mut found = Vec::with_capacity(evidence.len());
        for start in (0..evidence.len()).step_by(PIECE) {
            let end = evidence.len().min(start.saturating_add(PIECE));
            let logits = self.logits(&self.vectors(evidence, start, end));
            found.extend(logits.rows().into_iter().map(|row| {
                let mut classes = [0.0; CLASSES];
                for (class, logit) in classes.iter_mut().zip(row) {
                    *class = *logit;
                }
                softmax(classes)
            }));
        }
        found
    }

    /// The vectors of fragments `start..end`.
    fn vectors(&self, evidence: &Evidence, start: usize, end: usize) -> Array2<f32> {
        let mut vectors = Array2::zeros((end.saturating_sub(start), HIDDEN));
        let (rows, _) = self.words.as_chunks::<HIDDEN>();
        for (index, mut vector) in (start..end).zip(vectors.rows_mut()) {
            let words = evidence.words(index);
            #[cfg(test)]
            crate::steps::add(words.len() + 1);
            // Exact up to a hundred thousand words, and no text is too long for it.
            let mut sums = [0.0_f32; HIDDEN];
            for row in words.iter().filter_map(|word| rows.get(*word)) {
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += f32::from(*value);
                }
            }
            let factor = self.word_scale / words.len().max(1) as f32;
            for ((value, sum), bias) in vector.iter_mut().zip(sums).zip(&self.read.bias) {
                *value = bias + factor * sum;
            }
            evidence.visit(index, |feature, share| {
                if feature < self.read.weights.nrows() {
                    vector.scaled_add(share, &self.read.weights.row(feature));
                }
            });
            vector.mapv_inplace(rectified);
        }
        vectors
    }

    fn logits(&self, vectors: &Array2<f32>) -> Array2<f32> {
        let once = carried(&self.first, vectors);
        let mixed = self.mix.apply(once.view()).mapv_into(rectified);
        let twice = carried(&self.second, &mixed);
        let gathered = self.gather.apply(twice.view()).mapv_into(rectified);
        self.decide.apply(gathered.view())
    }
}

/// The vectors, beside each the sums of those before and of those behind it.
fn carried(layer: &Linear, vectors: &Array2<f32>) -> Array2<f32> {
    let parts = layer.apply(vectors.view());
    let count = vectors.nrows();
    let mut joined = Array2::zeros((count, 3 * HIDDEN));
    joined.slice_mut(s![.., ..HIDDEN]).assign(vectors);
    for direction in 0..2 {
        let column = |part: usize| part * HIDDEN..(part + 1) * HIDDEN;
        let gates = parts.slice(s![.., column(direction)]);
        let candidates = parts.slice(s![.., column(2 + direction)]);
        let mut sums = joined.slice_mut(s![.., column(1 + direction)]);
        let mut state = [0.0; HIDDEN];
        for step in 0..count {
            #[cfg(test)]
            crate::steps::add(1);
            let row = if direction == 0 {
                step
            } else {
                count - 1 - step
            };
            let inputs = gates.row(row).into_iter().zip(candidates.row(row));
            let mut outputs = sums.index_axis_mut(Axis(0), row);
            for ((state, (gate, candidate)), output) in
                state.iter_mut().zip(inputs).zip(outputs.iter_mut())
            {
                // A sigmoid without an exponential.
                let keep = 0.5 + 0.5 * gate / (1.0 + gate.abs());
                *state = keep * *state + (1.0 - keep) * candidate;
                *output = *state;
            }
        }
    }
    joined
}

fn rectified(value: f32) -> f32 {
    value.max(0.0)
}

fn softmax(logits: [f32; CLASSES]) -> [f32; CLASSES] {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights = logits.map(|logit| (logit - largest).exp());
    let total: f32 = weights.iter().sum();
    weights.map(|weight| weight / total)
}

#[cfg(test)]
mod tests;
