//! The encoder with its matrices packed, run over the real tokens of many fragments at once.

// The sizes of buffers and indices into them follow from the weights' shapes and the fragments'
// lengths, all checked before.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use fearless_simd::Level;

use super::batch::{Fragment, Rows, Tables};
use super::kernels::{
    Activation, AttentionScratch, ByteRows, MAX_PANEL, Matrix, Operand, Packer, add_and_normalise,
    add_embeddings, attend, attend_first, normalise,
};
use super::layers::{FullLayer, LastLayer, Rest, pack};
use super::scratch::Scratch;
use super::weights::{Embeddings, Norm, Table, Weights};

/// A BERT-shaped classifier, ready to run.
#[derive(Debug)]
pub(super) struct Encoder {
    level: Level,
    heads: usize,
    hidden: usize,
    words: Table,
    positions: Table,
    types: Option<Table>,
    norm: Norm,
    projection: Option<Matrix>,
    layers: Vec<FullLayer>,
    last: Option<LastLayer>,
    classifier: Vec<(Matrix, Activation)>,
}

impl Encoder {
    pub(super) fn new(weights: Weights, packer: Packer) -> Self {
        let Weights {
            embeddings,
            heads,
            mut layers,
            classifier,
        } = weights;
        let Embeddings {
            words,
            positions,
            types,
            norm,
            projection,
        } = embeddings;
        let hidden = projection.as_ref().map_or(words.width, |p| p.outputs);
        // From the last layer on one token of a row is left: bytes would gain little time there, so that
        // their error is not worth it.
        let floats = packer.floats();
        // What is rounded first goes through all layers: its error counts most.
        let first = packer.finely();
        let last = layers
            .pop()
            .map(|layer| LastLayer::new(floats, heads, layer));
        Self {
            level: packer.level(),
            heads,
            hidden,
            words,
            positions,
            types,
            norm,
            projection: projection.map(|linear| pack(first, &linear, 1.0)),
            layers: layers
                .into_iter()
                .zip(std::iter::once(first).chain(std::iter::repeat(packer)))
                .map(|(layer, packer)| FullLayer::new(packer, layer))
                .collect(),
            last,
            classifier: classifier
                .into_iter()
                .map(|(linear, activation)| (pack(floats, &linear, 1.0), activation))
                .collect(),
        }
    }

    /// Whether there is anything that a packer for bytes packs in bytes.
    pub(super) fn may_round(&self) -> bool {
        self.projection.is_some() || !self.layers.is_empty()
    }

    /// Shape and instruction set.
    pub(super) fn describe(&self) -> String {
        let instructions = format!("{:?}", self.level);
        format!(
            "a BERT-shaped program: {} layers, width {}, {} heads; {}",
            self.layers.len() + usize::from(self.last.is_some()),
            self.hidden,
            self.heads,
            instructions.split('(').next().unwrap_or_default(),
        )
    }

    /// What ids and types of a row must stay below.
    pub(super) fn tables(&self) -> Tables {
        Tables {
            words: self.words.rows(),
            types: self.types.as_ref().map(Table::rows),
        }
    }

    /// Columns of the result.
    pub(super) fn logits(&self) -> usize {
        self.classifier
            .last()
            .map_or(self.hidden, |(packed, _)| packed.columns())
    }

    /// Logits of fragments, `[fragments, logits]`. Ids and types were checked against
    /// [`tables`](Self::tables), lengths against the table of positions.
    pub(super) fn run(
        &self,
        rows: Rows<'_>,
        fragments: &[Fragment],
        scratch: &mut Scratch,
        out: &mut [f32],
    ) {
        let tokens: usize = fragments.iter().map(|fragment| fragment.len()).sum();
        self.embed(rows, fragments, tokens, scratch);
        for layer in &self.layers {
            self.full_layer(layer, fragments, tokens, scratch);
        }
        self.pick_first(fragments, scratch);
        if let Some(layer) = &self.last {
            self.last_layer(layer, fragments, scratch);
        }
        self.classify(fragments.len(), scratch, out);
    }

    fn embed(&self, rows: Rows<'_>, fragments: &[Fragment], tokens: usize, scratch: &mut Scratch) {
        let width = self.words.width;
        let states = room(&mut scratch.states, tokens * self.hidden);
        let sums = match self.projection {
            Some(_) => room(&mut scratch.wide, tokens * width),
            None => &mut *states,
        };
        let mut sums_of = sums.chunks_exact_mut(width);
        for fragment in fragments {
            for ((position, (id, kind)), sum) in
                rows.tokens(*fragment).enumerate().zip(&mut sums_of)
            {
                add_embeddings(
                    self.level,
                    self.words.row(id),
                    self.positions.row(position),
                    self.types.as_ref().map(|types| types.row(kind)),
                    sum,
                );
            }
        }
        normalise(self.level, &self.norm, sums);
        if let Some(projection) = &self.projection {
            let sums = Operand {
                values: &scratch.wide,
                stride: width,
            };
            let bytes = &mut scratch.bytes;
            projection.multiply_densely(sums, tokens, Activation::Identity, bytes, states);
        }
    }

    fn full_layer(
        &self,
        layer: &FullLayer,
        fragments: &[Fragment],
        tokens: usize,
        scratch: &mut Scratch,
    ) {
        let hidden = self.hidden;
        // Vectors are read across the end of a row, even of a narrow one.
        let stride = (3 * hidden).max(MAX_PANEL);
        let qkv = room(&mut scratch.wide, (tokens + 1) * stride + MAX_PANEL);
        let states = Operand {
            values: &scratch.states,
            stride: hidden,
        };
        let bytes = &mut scratch.bytes;
        layer
            .qkv
            .multiply(states, tokens, Activation::Identity, bytes, qkv, stride);

        let context = room(&mut scratch.context, tokens * hidden);
        let longest = fragments
            .iter()
            .map(|fragment| fragment.len())
            .max()
            .unwrap_or(0);
        let padded = longest.next_multiple_of(MAX_PANEL);
        let width = hidden / self.heads;
        let mut room = AttentionScratch {
            keys: room(&mut scratch.keys, width * padded),
            scores: room(&mut scratch.scores, longest * padded),
        };
        let mut first = 0;
        for fragment in fragments {
            let end = first + fragment.len();
            let rows = Operand {
                values: &qkv[first * stride..],
                stride,
            };
            attend(
                self.level,
                rows,
                fragment.len(),
                self.heads,
                width,
                &mut room,
                &mut context[first * hidden..end * hidden],
            );
            first = end;
        }
        let Scratch {
            states,
            context,
            wide,
            bytes,
            ..
        } = scratch;
        self.rest(&layer.rest, tokens, states, context, wide, bytes);
    }

    /// Output projection, residual, norm, feed-forward, residual, norm; `wide` and `bytes` are room.
    fn rest(
        &self,
        rest: &Rest,
        rows: usize,
        states: &mut [f32],
        context: &mut [f32],
        wide: &mut Vec<f32>,
        bytes: &mut ByteRows,
    ) {
        let hidden = self.hidden;
        let states = &mut states[..rows * hidden];
        let mixed = room(wide, rows * hidden);
        rest.output.multiply_densely(
            Operand::new(context, hidden),
            rows,
            Activation::Identity,
            bytes,
            mixed,
        );
        add_and_normalise(self.level, &rest.attention_norm, states, mixed);
        let inner = rest.up.columns();
        let between = room(wide, rows * inner);
        rest.up.multiply_densely(
            Operand::new(states, hidden),
            rows,
            rest.activation,
            bytes,
            between,
        );
        rest.down.multiply_densely(
            Operand::new(between, inner),
            rows,
            Activation::Identity,
            bytes,
            context,
        );
        add_and_normalise(self.level, &rest.norm, states, context);
    }

    /// The first token's state of each fragment goes to `first`.
    fn pick_first(&self, fragments: &[Fragment], scratch: &mut Scratch) {
        let hidden = self.hidden;
        let first = room(&mut scratch.first, fragments.len() * hidden);
        let mut token = 0;
        for (fragment, row) in fragments.iter().zip(first.chunks_exact_mut(hidden)) {
            row.copy_from_slice(&scratch.states[token * hidden..][..hidden]);
            token += fragment.len();
        }
    }

    fn last_layer(&self, layer: &LastLayer, fragments: &[Fragment], scratch: &mut Scratch) {
        let (hidden, heads) = (self.hidden, self.heads);
        let (width, all) = (hidden / heads, heads * hidden);
        let rows = fragments.len();
        let Scratch {
            states,
            first,
            context,
            wide,
            keys,
            scores,
            bytes,
        } = scratch;

        let query = room(context, rows * hidden);
        let operand = Operand {
            values: first,
            stride: hidden,
        };
        let identity = Activation::Identity;
        layer
            .query
            .multiply_densely(operand, rows, identity, bytes, query);
        let carried = room(wide, rows * all);
        for (head, key) in layer.keys.iter().enumerate() {
            let query = Operand {
                values: &query[head * width..],
                stride: hidden,
            };
            let out = &mut carried[head * hidden..];
            key.multiply(query, rows, identity, bytes, out, all);
        }

        let mixed = room(keys, rows * all);
        let longest = fragments
            .iter()
            .map(|fragment| fragment.len())
            .max()
            .unwrap_or(0);
        let scores = room(scores, longest);
        let mut token = 0;
        for ((fragment, carried), mixed) in fragments
            .iter()
            .zip(carried.chunks_exact(all))
            .zip(mixed.chunks_exact_mut(all))
        {
            let states = &states[token * hidden..][..fragment.len() * hidden];
            attend_first(self.level, carried, states, hidden, scores, mixed);
            token += fragment.len();
        }

        for (head, value) in layer.values.iter().enumerate() {
            let mixed = Operand {
                values: &mixed[head * hidden..],
                stride: all,
            };
            let out = &mut context[head * width..];
            value.multiply(mixed, rows, identity, bytes, out, hidden);
        }
        self.rest(&layer.rest, rows, first, context, wide, bytes);
    }

    fn classify(&self, rows: usize, scratch: &mut Scratch, out: &mut [f32]) {
        let Scratch {
            first,
            context,
            wide,
            bytes,
            ..
        } = scratch;
        let (mut from, mut to) = (context, wide);
        let mut width = self.hidden;
        room(from, rows * width).copy_from_slice(&first[..rows * width]);
        for (layer, activation) in &self.classifier {
            let operand = Operand {
                values: from,
                stride: width,
            };
            width = layer.columns();
            let out = room(to, rows * width);
            layer.multiply_densely(operand, rows, *activation, bytes, out);
            std::mem::swap(&mut from, &mut to);
        }
        out.copy_from_slice(&from[..rows * width]);
    }
}

/// This many elements of a buffer, which grows if it must; their content is whatever was there.
fn room(buffer: &mut Vec<f32>, length: usize) -> &mut [f32] {
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    &mut buffer[..length]
}
