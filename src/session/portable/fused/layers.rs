//! The layers of an encoder, their matrices packed.

// The sizes and indices follow from the weights' shapes, all checked before.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use super::kernels::{Activation, Matrix, Packer};
use super::weights::{Layer, Linear, Norm};

/// Softmax runs on powers of two.
const LOG2_E: f32 = std::f32::consts::LOG2_E;

/// What follows the attention of a layer.
#[derive(Debug)]
pub(super) struct Rest {
    pub(super) output: Matrix,
    pub(super) attention_norm: Norm,
    pub(super) up: Matrix,
    pub(super) activation: Activation,
    pub(super) down: Matrix,
    pub(super) norm: Norm,
}

/// A layer that computes the state of every token.
#[derive(Debug)]
pub(super) struct FullLayer {
    pub(super) qkv: Matrix,
    pub(super) rest: Rest,
}

/// The last layer computes the state of the first token only.
///
/// Its scores are `q · (K x) = (Kᵀ q) · x` (the key's bias adds the same to all scores of a row and
/// falls out of the softmax) and its context is `V Σ p x + bias` (the probabilities `p` sum to one):
/// neither keys nor values of the other tokens are needed.
#[derive(Debug)]
pub(super) struct LastLayer {
    pub(super) query: Matrix,
    /// Per head, `[head width, hidden]`.
    pub(super) keys: Vec<Matrix>,
    /// Per head, `[hidden, head width]`.
    pub(super) values: Vec<Matrix>,
    pub(super) rest: Rest,
}

pub(super) fn pack(packer: Packer, linear: &Linear, factor: f32) -> Matrix {
    packer.pack(
        linear.inputs,
        linear.outputs,
        |row, column| linear.at(column, row) * factor,
        |column| linear.bias[column] * factor,
    )
}

impl Rest {
    fn new(packer: Packer, layer: Layer) -> Self {
        Self {
            output: pack(packer, &layer.output, 1.0),
            attention_norm: layer.attention_norm,
            up: pack(packer, &layer.up, 1.0),
            activation: layer.activation,
            down: pack(packer, &layer.down, 1.0),
            norm: layer.norm,
        }
    }
}

impl FullLayer {
    pub(super) fn new(packer: Packer, layer: Layer) -> Self {
        let hidden = layer.query.inputs;
        let parts = [
            (&layer.query, layer.scale * LOG2_E),
            (&layer.key, 1.0),
            (&layer.value, 1.0),
        ];
        let part = |column: usize| {
            let (linear, factor) = parts[column / hidden];
            (linear, column % hidden, factor)
        };
        let qkv = packer.pack(
            hidden,
            3 * hidden,
            |row, column| {
                let (linear, column, factor) = part(column);
                linear.at(column, row) * factor
            },
            |column| {
                let (linear, column, factor) = part(column);
                linear.bias[column] * factor
            },
        );
        Self {
            qkv,
            rest: Rest::new(packer, layer),
        }
    }
}

impl LastLayer {
    pub(super) fn new(packer: Packer, heads: usize, layer: Layer) -> Self {
        let hidden = layer.query.inputs;
        let width = hidden / heads;
        let keys = |head: usize| {
            let weight = |row, column| layer.key.at(head * width + row, column);
            packer.pack(width, hidden, weight, |_| 0.0)
        };
        let values = |head: usize| {
            let weight = |row, column| layer.value.at(head * width + column, row);
            let bias = |column| layer.value.bias[head * width + column];
            packer.pack(hidden, width, weight, bias)
        };
        Self {
            query: pack(packer, &layer.query, layer.scale * LOG2_E),
            keys: (0..heads).map(keys).collect(),
            values: (0..heads).map(values).collect(),
            rest: Rest::new(packer, layer),
        }
    }
}
