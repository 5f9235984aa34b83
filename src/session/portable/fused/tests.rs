//! Encoders of random shape and weights, against the definition in f64.

use std::sync::Arc;

use ndarray::Array2;
use proptest::prelude::*;

use super::kernels::{Activation, levels};
use super::weights::{Embeddings, Layer, Linear, Norm, Table, Weights};
use super::*;

/// Numbers from −1 to 1, from a seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f32 {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / 8_388_608.0 - 1.0
    }

    fn many(&mut self, count: usize, size: f32) -> Vec<f32> {
        (0..count).map(|_| self.next() * size).collect()
    }

    fn linear(&mut self, inputs: usize, outputs: usize) -> Linear {
        Linear {
            weight: self.many(inputs * outputs, 2.0 / (inputs as f32).sqrt()),
            bias: self.many(outputs, 0.3),
            inputs,
            outputs,
        }
    }

    fn norm(&mut self, width: usize) -> Norm {
        Norm {
            scale: self.many(width, 0.3).iter().map(|x| 1.0 + x).collect(),
            shift: self.many(width, 0.2),
            epsilon: 1e-5,
        }
    }

    fn table(&mut self, rows: usize, width: usize) -> Table {
        Table {
            values: Arc::new(self.many(rows * width, 1.0)),
            width,
        }
    }
}

#[derive(Debug, Clone)]
struct Shape {
    heads: usize,
    head_width: usize,
    layers: usize,
    inner: usize,
    /// Width of the embeddings, where it is not the encoder's.
    embedding: Option<usize>,
    types: bool,
    activation: Activation,
    pooler: Option<Activation>,
}

const WORDS: usize = 30;

fn weights(shape: &Shape, seq_len: usize, seed: u64) -> Weights {
    let mut random = Random(seed | 1);
    let hidden = shape.heads * shape.head_width;
    let width = shape.embedding.unwrap_or(hidden);
    let layers = (0..shape.layers)
        .map(|_| Layer {
            query: random.linear(hidden, hidden),
            key: random.linear(hidden, hidden),
            value: random.linear(hidden, hidden),
            scale: 1.0 / (shape.head_width as f32).sqrt(),
            output: random.linear(hidden, hidden),
            attention_norm: random.norm(hidden),
            up: random.linear(hidden, shape.inner),
            activation: shape.activation,
            down: random.linear(shape.inner, hidden),
            norm: random.norm(hidden),
        })
        .collect();
    let mut classifier = Vec::new();
    if let Some(activation) = shape.pooler {
        classifier.push((random.linear(hidden, hidden), activation));
    }
    classifier.push((random.linear(hidden, 5), Activation::Identity));
    Weights {
        embeddings: Embeddings {
            words: random.table(WORDS, width),
            positions: random.table(seq_len, width),
            types: shape.types.then(|| random.table(2, width)),
            norm: random.norm(width),
            projection: shape.embedding.map(|width| random.linear(width, hidden)),
        },
        heads: shape.heads,
        layers,
        classifier,
    }
}

/// The definition, one fragment at a time, in f64.
mod definition {
    use super::*;

    fn linear(linear: &Linear, x: &[f64]) -> Vec<f64> {
        (0..linear.outputs)
            .map(|output| {
                let terms = (0..linear.inputs).map(|i| f64::from(linear.at(output, i)) * x[i]);
                terms.sum::<f64>() + f64::from(linear.bias[output])
            })
            .collect()
    }

    fn norm(norm: &Norm, x: &[f64]) -> Vec<f64> {
        let count = x.len() as f64;
        let mean = x.iter().sum::<f64>() / count;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
        let scale = 1.0 / (variance + f64::from(norm.epsilon)).sqrt();
        let weights = norm.scale.iter().zip(&norm.shift);
        x.iter()
            .zip(weights)
            .map(|(x, (a, b))| (x - mean) * scale * f64::from(*a) + f64::from(*b))
            .collect()
    }

    fn add(x: &[f64], y: &[f64]) -> Vec<f64> {
        x.iter().zip(y).map(|(x, y)| x + y).collect()
    }

    /// Φ by Simpson's rule.
    fn normal_distribution(x: f64) -> f64 {
        let steps = 200;
        let width = x / f64::from(steps);
        let density = |t: f64| (-t * t / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let sum: f64 = (0..steps)
            .map(|step| {
                let t = f64::from(step) * width;
                density(t) + 4.0 * density(t + width / 2.0) + density(t + width)
            })
            .sum();
        0.5 + sum * width / 6.0
    }

    fn activation(activation: Activation, x: f64) -> f64 {
        match activation {
            Activation::Identity => x,
            Activation::Gelu => x * normal_distribution(x),
            Activation::GeluTanh => {
                let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
                0.5 * x * (1.0 + inner.tanh())
            }
            Activation::Relu => x.max(0.0),
            Activation::Tanh => x.tanh(),
        }
    }

    fn attention(layer: &Layer, heads: usize, states: &[Vec<f64>], token: usize) -> Vec<f64> {
        let all = |part: &Linear| -> Vec<Vec<f64>> {
            states.iter().map(|state| linear(part, state)).collect()
        };
        let (queries, keys, values) = (all(&layer.query), all(&layer.key), all(&layer.value));
        let width = queries[0].len() / heads;
        let mut context = Vec::new();
        for head in 0..heads {
            let columns = head * width..(head + 1) * width;
            let weights: Vec<f64> = keys
                .iter()
                .map(|key| {
                    let products = columns.clone().map(|i| queries[token][i] * key[i]);
                    (products.sum::<f64>() * f64::from(layer.scale)).exp()
                })
                .collect();
            let total: f64 = weights.iter().sum();
            context.extend(columns.map(|i| {
                let terms = weights.iter().zip(&values).map(|(w, value)| w * value[i]);
                terms.sum::<f64>() / total
            }));
        }
        context
    }

    pub(super) fn logits(weights: &Weights, ids: &[i32], types: &[i32]) -> Vec<f64> {
        let embeddings = &weights.embeddings;
        let wide = |row: &[f32]| -> Vec<f64> { row.iter().map(|x| f64::from(*x)).collect() };
        let mut states: Vec<Vec<f64>> = ids
            .iter()
            .zip(types)
            .enumerate()
            .map(|(position, (id, kind))| {
                let mut sum = wide(embeddings.words.row(*id as usize));
                sum = add(&sum, &wide(embeddings.positions.row(position)));
                if let Some(table) = &embeddings.types {
                    sum = add(&sum, &wide(table.row(*kind as usize)));
                }
                let sum = norm(&embeddings.norm, &sum);
                match &embeddings.projection {
                    Some(projection) => linear(projection, &sum),
                    None => sum,
                }
            })
            .collect();
        for layer in &weights.layers {
            states = (0..states.len())
                .map(|token| {
                    let context = attention(layer, weights.heads, &states, token);
                    let x = norm(
                        &layer.attention_norm,
                        &add(&states[token], &linear(&layer.output, &context)),
                    );
                    let inner: Vec<f64> = linear(&layer.up, &x)
                        .iter()
                        .map(|x| activation(layer.activation, *x))
                        .collect();
                    norm(&layer.norm, &add(&x, &linear(&layer.down, &inner)))
                })
                .collect();
        }
        let mut state = states.swap_remove(0);
        for (part, kind) in &weights.classifier {
            state = linear(part, &state)
                .iter()
                .map(|x| activation(*kind, *x))
                .collect();
        }
        state
    }
}

fn floats(weights: Weights, level: Level) -> FusedEncoder {
    FusedEncoder::with_instructions(weights, Precision::Float32, level, None)
}

/// On a machine without the instruction, floats once more.
fn integers(weights: Weights, level: Level) -> FusedEncoder {
    FusedEncoder::with_instructions(weights, Precision::Int8, level, Vnni::detect())
}

fn activations() -> impl Strategy<Value = Activation> {
    prop_oneof![
        Just(Activation::Gelu),
        Just(Activation::GeluTanh),
        Just(Activation::Relu),
        Just(Activation::Tanh),
    ]
}

fn shapes() -> impl Strategy<Value = Shape> {
    (
        (1..5_usize, 1..40_usize, 1..4_usize, 1..70_usize),
        prop::option::of(1..40_usize),
        any::<bool>(),
        activations(),
        prop::option::of(activations()),
    )
        .prop_map(
            |((heads, head_width, layers, inner), embedding, types, activation, pooler)| Shape {
                heads,
                head_width,
                layers,
                inner,
                embedding,
                types,
                activation,
                pooler,
            },
        )
}

struct Batch {
    ids: Array2<i32>,
    mask: Array2<i32>,
    types: Array2<i32>,
}

impl Batch {
    fn new(lengths: &[usize], seq_len: usize, seed: u64) -> Self {
        let mut random = Random(seed | 1);
        let mut below = |limit: usize| ((random.next() + 1.0) / 2.0 * limit as f32) as i32;
        let shape = (lengths.len(), seq_len);
        Self {
            ids: Array2::from_shape_fn(shape, |_| below(WORDS).min(WORDS as i32 - 1)),
            types: Array2::from_shape_fn(shape, |_| below(2).min(1)),
            mask: Array2::from_shape_fn(shape, |(row, token)| i32::from(token < lengths[row])),
        }
    }

    fn run(&self, encoder: &FusedEncoder, threads: usize) -> Logits {
        let inputs =
            SessionInputs::new(self.ids.view(), self.mask.view(), self.types.view()).unwrap();
        let (logits, others) = encoder.run(inputs, threads).unwrap();
        assert!(others.is_empty());
        logits
    }

    fn rows(&self, rows: &[usize]) -> Self {
        let axis = ndarray::Axis(0);
        Self {
            ids: self.ids.select(axis, rows),
            mask: self.mask.select(axis, rows),
            types: self.types.select(axis, rows),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn logits_follow_the_definition_and_no_batch_changes_a_bit(
        shape in shapes(),
        lengths in prop::collection::vec(1..41_usize, 1..9),
        seed in any::<u64>(),
        threads in 2..5_usize,
    ) {
        let seq_len = 40;
        let weights = weights(&shape, seq_len, seed);
        let batch = Batch::new(&lengths, seq_len, seed.rotate_left(17));
        let expected: Vec<Vec<f64>> = lengths
            .iter()
            .enumerate()
            .map(|(row, &length)| {
                let values = |array: &Array2<i32>| array.row(row).to_vec();
                let (ids, types) = (values(&batch.ids), values(&batch.types));
                definition::logits(&weights, &ids[..length], &types[..length])
            })
            .collect();
        let all = || expected.iter().flatten().copied();
        let spread = all().fold(f64::MIN, f64::max) - all().fold(f64::MAX, f64::min);
        for level in levels() {
            let encoder = floats(weights.clone(), level);
            let found = batch.run(&encoder, 1);
            for (found, expected) in found.iter().zip(all()) {
                let difference = (f64::from(*found) - expected).abs();
                prop_assert!(difference <= 1e-4 * spread, "{level:?}: {found} {expected}");
            }
            prop_assert_eq!(&batch.run(&encoder, threads), &found);
            for row in 0..lengths.len() {
                let alone = batch.rows(&[row]).run(&encoder, 1);
                prop_assert_eq!(alone.row(0), found.row(row), "{:?}: row {}", level, row);
            }
            let backwards: Vec<usize> = (0..lengths.len()).rev().collect();
            let reversed = batch.rows(&backwards).run(&encoder, 1);
            for (position, row) in backwards.into_iter().enumerate() {
                prop_assert_eq!(reversed.row(position), found.row(row));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn nothing_changes_a_bit_in_integers_either(
        shape in shapes(),
        lengths in prop::collection::vec(1..41_usize, 1..9),
        seed in any::<u64>(),
        threads in 2..5_usize,
    ) {
        let encoder = integers(weights(&shape, 40, seed), Level::new());
        let batch = Batch::new(&lengths, 40, seed.rotate_left(17));
        let found = batch.run(&encoder, 1);
        prop_assert!(found.iter().all(|logit| logit.is_finite()));
        prop_assert_eq!(&batch.run(&encoder, threads), &found);
        for row in 0..lengths.len() {
            let alone = batch.rows(&[row]).run(&encoder, 1);
            prop_assert_eq!(alone.row(0), found.row(row), "row {}", row);
        }
    }
}

#[test]
fn integers_stay_near_the_floats_and_are_not_the_same() {
    let shape = Shape {
        heads: 3,
        head_width: 21,
        layers: 2,
        inner: 150,
        embedding: Some(40),
        types: true,
        activation: Activation::Gelu,
        pooler: Some(Activation::Tanh),
    };
    let weights = weights(&shape, 40, 11);
    let batch = Batch::new(&[1, 7, 40, 22], 40, 3);
    let level = Level::new();
    let exact = batch.run(&floats(weights.clone(), level), 1);
    let found = batch.run(&integers(weights, level), 1);
    let most = (&found - &exact)
        .iter()
        .fold(0.0, |most, x| x.abs().max(most));
    assert!(most < 0.1, "{most}");
    assert_eq!(most > 0.0, Vnni::detect().is_some());
}

fn small(layers: usize, embedding: Option<usize>) -> Shape {
    Shape {
        heads: 2,
        head_width: 8,
        layers,
        inner: 24,
        embedding,
        types: false,
        activation: Activation::Gelu,
        pooler: Some(Activation::Tanh),
    }
}

#[test]
fn what_computes_is_told() {
    let told_of = |shape, precision, vnni| {
        let weights = weights(&shape, 8, 1);
        let encoder = FusedEncoder::with_instructions(weights, precision, Level::new(), vnni);
        let text = encoder.describe();
        text.rsplit("; ").next().unwrap_or_default().to_owned()
    };
    let told = |precision, vnni| told_of(small(2, None), precision, vnni);
    let vnni = Vnni::detect();
    assert_eq!(told(Precision::Float32, vnni), "float32");
    assert_eq!(
        told(Precision::Int8, None),
        "float32 instead of int8: no AVX-512 VNNI on this machine"
    );
    if vnni.is_some() {
        let told = |shape| told_of(shape, Precision::Int8, vnni);
        for shape in [small(2, None), small(1, Some(4))] {
            assert_eq!(told(shape), "int8 by AVX-512 VNNI");
        }
        let expected = "float32 instead of int8: no layer but the last";
        assert_eq!(told(small(1, None)), expected);
    }
}

/// The last layer and the classifier see one token of a row and are not rounded.
#[test]
fn bytes_spare_what_sees_the_first_token_only() {
    let batch = Batch::new(&[9, 1, 5], 9, 7);
    let same = |layers| {
        let run = |encoder: FusedEncoder| batch.run(&encoder, 1);
        let weights = || weights(&small(layers, None), 9, 3);
        run(floats(weights(), Level::new())) == run(integers(weights(), Level::new()))
    };
    assert!(same(1));
    assert_eq!(same(2), Vnni::detect().is_none());
}

/// A damaged model must not look like one that is sure of itself.
#[test]
fn weights_that_are_no_numbers_give_logits_that_are_none() {
    let activations = [
        Activation::Gelu,
        Activation::GeluTanh,
        Activation::Relu,
        Activation::Tanh,
    ];
    type Damage = fn(&mut Weights);
    let damages: [(&str, Damage); 5] = [
        ("word", |w| {
            Arc::make_mut(&mut w.embeddings.words.values).fill(f32::NAN);
        }),
        ("query", |w| w.layers[0].query.weight[0] = f32::NAN),
        ("key", |w| w.layers[1].key.weight[0] = f32::NAN),
        ("up", |w| w.layers[1].up.weight[0] = f32::NAN),
        ("scores", |w| w.layers[0].scale = f32::INFINITY),
    ];
    for activation in activations {
        let shape = Shape {
            heads: 2,
            head_width: 9,
            layers: 2,
            inner: 30,
            embedding: None,
            types: true,
            activation,
            pooler: Some(activation),
        };
        let whole = weights(&shape, 40, 5);
        let batch = Batch::new(&[1, 7, 40], 40, 3);
        for level in levels() {
            for encoder in [floats, integers] {
                let sound = batch.run(&encoder(whole.clone(), level), 1);
                assert!(sound.iter().all(|logit| logit.is_finite()));
                for (name, damage) in damages {
                    let mut damaged = whole.clone();
                    damage(&mut damaged);
                    let found = batch.run(&encoder(damaged, level), 1);
                    assert!(
                        found.iter().all(|logit| logit.is_nan()),
                        "{name}, {activation:?}, {level:?}: {found}"
                    );
                }
            }
        }
    }
}
