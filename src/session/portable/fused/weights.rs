//! What an encoder is made of, as read from a program: plain matrices, nothing packed.

use std::sync::Arc;

use super::kernels::Activation;

/// `y = W x + b`, `W` as `[outputs, inputs]` in row-major order (the layout of MIL's `linear`).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Linear {
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Vec<f32>,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
}

impl Linear {
    /// `W[output, input]`.
    #[allow(
        clippy::indexing_slicing,
        reason = "the packers go over `outputs` and `inputs`, which `weight` was checked to hold"
    )]
    pub(super) fn at(&self, output: usize, input: usize) -> f32 {
        self.weight[output * self.inputs + input]
    }
}

/// LayerNorm over the last axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Norm {
    pub(crate) scale: Vec<f32>,
    pub(crate) shift: Vec<f32>,
    pub(crate) epsilon: f32,
}

/// A table of rows, row-major; the embedding table is shared with the program that it was read from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    pub(crate) values: Arc<Vec<f32>>,
    pub(crate) width: usize,
}

impl Table {
    pub(super) fn rows(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    #[allow(
        clippy::indexing_slicing,
        reason = "ids, types and positions are checked against the table before a run begins"
    )]
    pub(super) fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.width..][..self.width]
    }
}

/// The sum of the embeddings, its norm, and the projection to the encoder's width (ELECTRA).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Embeddings {
    pub(crate) words: Table,
    /// One row per position; constant summands are part of it.
    pub(crate) positions: Table,
    pub(crate) types: Option<Table>,
    pub(crate) norm: Norm,
    pub(crate) projection: Option<Linear>,
}

/// One layer: attention, residual, norm, feed-forward, residual, norm.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layer {
    pub(crate) query: Linear,
    pub(crate) key: Linear,
    pub(crate) value: Linear,
    /// What scores are multiplied with before the softmax, such as 1/√(head width).
    pub(crate) scale: f32,
    pub(crate) output: Linear,
    pub(crate) attention_norm: Norm,
    pub(crate) up: Linear,
    pub(crate) activation: Activation,
    pub(crate) down: Linear,
    pub(crate) norm: Norm,
}

/// A BERT-shaped classifier.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weights {
    pub(crate) embeddings: Embeddings,
    pub(crate) heads: usize,
    pub(crate) layers: Vec<Layer>,
    /// Linear layers over the first token's state, each with what follows it; the last gives the
    /// logits.
    pub(crate) classifier: Vec<(Linear, Activation)>,
}
