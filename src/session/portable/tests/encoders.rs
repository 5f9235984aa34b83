//! Programs of random BERT-shaped classifiers: the fused encoder against the interpreter.

use coreml_proto::proto::mil_spec::{DataType, Operation, Program};
use ndarray::{Array2, Axis};
use proptest::prelude::*;

use super::build::{Arg, floats, graph, ints, of_type, op, program, text};
use crate::session::portable::fused::{self, FusedEncoder};
use crate::session::portable::graph::Graph;
use crate::session::portable::interpreter;
use crate::session::portable::precision::Precision;
use crate::session::portable::tensor::Tensor;
use crate::session::{Logits, SessionInputs};

const SEQ_LEN: usize = 24;
const WORDS: usize = 17;
const CLASSES: usize = 5;

/// What the program computes, and how it says so.
#[derive(Debug, Clone)]
struct Shape {
    heads: usize,
    head_width: usize,
    layers: usize,
    inner: usize,
    activation: &'static str,
    pooler: bool,
    types: bool,
    /// Width of the embeddings, where it is not the encoder's.
    embedding: Option<usize>,
    /// What scores are multiplied with.
    scale: f32,
    /// The scale stands at the query instead of the scores.
    early_scale: bool,
    /// The mask is selected instead of multiplied.
    select: bool,
    /// The value is computed before query and key, and sums are turned around.
    turned: bool,
}

fn shapes() -> impl Strategy<Value = Shape> {
    let sizes = (1..5_usize, 1..24_usize, 1..4_usize, 1..40_usize);
    let activation = prop::sample::select(vec!["EXACT", "TANH_APPROXIMATION", "relu"]);
    let embedding = prop::option::of(1..24_usize);
    let ways = prop::array::uniform5(any::<bool>());
    (sizes, activation, embedding, ways).prop_map(|(sizes, activation, embedding, ways)| {
        let (heads, head_width, layers, inner) = sizes;
        let [pooler, types, early_scale, select, turned] = ways;
        Shape {
            heads,
            head_width,
            layers,
            inner,
            activation,
            pooler,
            types,
            embedding,
            scale: 1.0 / (head_width as f32).sqrt(),
            early_scale,
            select,
            turned,
        }
    })
}

/// Writes a program down, operation by operation.
struct Writer {
    operations: Vec<Operation>,
    state: u64,
    turned: bool,
}

impl Writer {
    fn random(&mut self, shape: &[usize], size: f32, around: f32) -> Tensor {
        let count = shape.iter().product();
        let data: Vec<f32> = (0..count)
            .map(|_| {
                // xorshift64
                self.state ^= self.state << 13;
                self.state ^= self.state >> 7;
                self.state ^= self.state << 17;
                around + size * ((self.state >> 40) as f32 / 8_388_608.0 - 1.0)
            })
            .collect();
        floats(shape, &data)
    }

    /// Adds an operation with a float result of this shape, and returns its name.
    fn add(&mut self, name: &str, arguments: Vec<(&str, Arg)>, shape: &[usize]) -> String {
        let output = format!("value{}", self.operations.len());
        let declared = of_type(DataType::Float32, shape);
        let operation = op(name, arguments, &[(&output, declared)]);
        self.operations.push(operation);
        output
    }

    fn sum(&mut self, a: Arg, b: Arg, shape: &[usize]) -> String {
        let (x, y) = if self.turned { (b, a) } else { (a, b) };
        self.add("add", vec![("x", x), ("y", y)], shape)
    }

    fn linear(&mut self, x: &str, inputs: usize, shape: &[usize]) -> String {
        let outputs = shape[shape.len() - 1];
        let weight = self.random(&[outputs, inputs], 2.0 / (inputs as f32).sqrt(), 0.0);
        let bias = self.random(&[outputs], 0.3, 0.0);
        let arguments = vec![
            ("x", Arg::from(x)),
            ("weight", weight.into()),
            ("bias", bias.into()),
        ];
        self.add("linear", arguments, shape)
    }

    fn norm(&mut self, x: &str, width: usize) -> String {
        let arguments = vec![
            ("x", Arg::from(x)),
            ("axes", [-1].into()),
            ("gamma", self.random(&[width], 0.3, 1.0).into()),
            ("beta", self.random(&[width], 0.2, 0.0).into()),
            ("epsilon", 1e-5.into()),
        ];
        self.add("layer_norm", arguments, &[1, SEQ_LEN, width])
    }

    fn look_up(&mut self, indices: &str, rows: usize, width: usize) -> String {
        let table = self.random(&[rows, width], 1.0, 0.0);
        let arguments = vec![
            ("x", table.into()),
            ("indices", Arg::from(indices)),
            ("axis", 0.into()),
        ];
        self.add("gather", arguments, &[1, SEQ_LEN, width])
    }

    /// Something large below zero for padding, 0 elsewhere: `[1, 1, 1, tokens]`.
    fn mask(&mut self, select: bool) -> String {
        let shape = [1, 1, 1, SEQ_LEN];
        let declared = of_type(DataType::Int32, &shape);
        let axes = vec![("x", Arg::from("attention_mask")), ("axes", [1, 2].into())];
        self.operations
            .push(op("expand_dims", axes, &[("mask4", declared)]));
        let to = |kind| vec![("x", Arg::from("mask4")), ("dtype", text(kind).into())];
        if select {
            let declared = of_type(DataType::Bool, &shape);
            self.operations
                .push(op("cast", to("bool"), &[("kept", declared)]));
            let arguments = vec![
                ("cond", Arg::from("kept")),
                ("a", 0.0.into()),
                ("b", (-1e9).into()),
            ];
            return self.add("select", arguments, &shape);
        }
        let mask = self.add("cast", to("fp32"), &shape);
        let arguments = vec![("x", 1.0.into()), ("y", Arg::from(&*mask))];
        let padding = self.add("sub", arguments, &shape);
        let arguments = vec![("x", Arg::from(&*padding)), ("y", (-1e9).into())];
        self.add("mul", arguments, &shape)
    }

    /// `[1, tokens, hidden]` to `[1, heads, tokens, head width]`.
    fn heads(&mut self, x: &str, heads: usize, width: usize) -> String {
        let shape = [1, SEQ_LEN as i32, heads as i32, width as i32];
        let arguments = vec![("x", Arg::from(x)), ("shape", shape.into())];
        let split = self.add("reshape", arguments, &[1, SEQ_LEN, heads, width]);
        let arguments = vec![("x", Arg::from(&*split)), ("perm", [0, 2, 1, 3].into())];
        self.add("transpose", arguments, &[1, heads, SEQ_LEN, width])
    }

    fn scale(&mut self, x: &str, factor: f32, shape: &[usize]) -> String {
        self.add(
            "mul",
            vec![("x", Arg::from(x)), ("y", factor.into())],
            shape,
        )
    }

    fn layer(&mut self, shape: &Shape, states: &str, mask: &str) -> String {
        let (heads, width) = (shape.heads, shape.head_width);
        let hidden = heads * width;
        let (all, per_head) = ([1, SEQ_LEN, hidden], [1, heads, SEQ_LEN, width]);
        let square = [1, heads, SEQ_LEN, SEQ_LEN];
        let part = |writer: &mut Self| {
            let linear = writer.linear(states, hidden, &all);
            writer.heads(&linear, heads, width)
        };
        let early = shape.turned.then(|| part(self));
        let mut query = part(self);
        let key = part(self);
        let value = early.unwrap_or_else(|| part(self));
        if shape.early_scale {
            query = self.scale(&query, shape.scale, &per_head);
        }
        let arguments = vec![
            ("x", Arg::from(&*query)),
            ("y", Arg::from(&*key)),
            ("transpose_y", true.into()),
        ];
        let mut scores = self.add("matmul", arguments, &square);
        if !shape.early_scale {
            scores = self.scale(&scores, shape.scale, &square);
        }
        let masked = self.sum(Arg::from(&*scores), mask.into(), &square);
        let arguments = vec![("x", Arg::from(&*masked)), ("axis", (-1).into())];
        let shares = self.add("softmax", arguments, &square);
        let arguments = vec![("x", Arg::from(&*shares)), ("y", Arg::from(&*value))];
        let context = self.add("matmul", arguments, &per_head);
        let arguments = vec![("x", Arg::from(&*context)), ("perm", [0, 2, 1, 3].into())];
        let context = self.add("transpose", arguments, &[1, SEQ_LEN, heads, width]);
        let flat = [1, SEQ_LEN as i32, hidden as i32];
        let arguments = vec![("x", Arg::from(&*context)), ("shape", flat.into())];
        let context = self.add("reshape", arguments, &all);
        let output = self.linear(&context, hidden, &all);
        let sum = self.sum(Arg::from(&*output), states.into(), &all);
        let states = self.norm(&sum, hidden);

        let inner = [1, SEQ_LEN, shape.inner];
        let up = self.linear(&states, hidden, &inner);
        let between = match shape.activation {
            "relu" => self.add("relu", vec![("x", Arg::from(&*up))], &inner),
            mode => {
                let arguments = vec![("x", Arg::from(&*up)), ("mode", text(mode).into())];
                self.add("gelu", arguments, &inner)
            }
        };
        let down = self.linear(&between, shape.inner, &all);
        let sum = self.sum(Arg::from(&*down), Arg::from(&*states), &all);
        self.norm(&sum, hidden)
    }
}

fn write(shape: &Shape, seed: u64) -> Program {
    let mut writer = Writer {
        operations: Vec::new(),
        state: seed | 1,
        turned: shape.turned,
    };
    let hidden = shape.heads * shape.head_width;
    let width = shape.embedding.unwrap_or(hidden);
    let embedded = [1, SEQ_LEN, width];
    let mut states = writer.look_up("input_ids", WORDS, width);
    if shape.types {
        let types = writer.look_up("token_type_ids", 2, width);
        states = writer.sum(Arg::from(&*states), Arg::from(&*types), &embedded);
    }
    let positions = writer.random(&embedded, 1.0, 0.0);
    states = writer.sum(Arg::from(&*states), positions.into(), &embedded);
    states = writer.norm(&states, width);
    if shape.embedding.is_some() {
        states = writer.linear(&states, width, &[1, SEQ_LEN, hidden]);
    }
    let mask = writer.mask(shape.select);
    for _ in 0..shape.layers {
        states = writer.layer(shape, &states, &mask);
    }
    let arguments = vec![
        ("x", Arg::from(&*states)),
        ("begin", [0, 0, 0].into()),
        ("end", [1, 1, hidden as i32].into()),
        ("squeeze_mask", [false, true, false].into()),
    ];
    let mut first = writer.add("slice_by_index", arguments, &[1, hidden]);
    if shape.pooler {
        first = writer.linear(&first, hidden, &[1, hidden]);
        first = writer.add("tanh", vec![("x", Arg::from(&*first))], &[1, hidden]);
    }
    writer.linear(&first, hidden, &[1, CLASSES]);
    let mut operations = writer.operations;
    if let Some(output) = operations
        .last_mut()
        .and_then(|last| last.outputs.first_mut())
    {
        output.name = "out".to_owned();
    }
    let row = ints(&[1, SEQ_LEN], &[0; SEQ_LEN]);
    let inputs = ["input_ids", "attention_mask", "token_type_ids"].map(|name| (name, &row));
    program(&inputs, operations)
}

struct Batch {
    ids: Array2<i32>,
    mask: Array2<i32>,
    types: Array2<i32>,
}

impl Batch {
    fn new(lengths: &[usize], seed: u64) -> Self {
        let shape = (lengths.len(), SEQ_LEN);
        let number = |row: usize, token: usize| {
            let mixed = seed ^ (row * SEQ_LEN + token) as u64;
            mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32
        };
        Self {
            ids: Array2::from_shape_fn(shape, |(row, at)| (number(row, at) % WORDS as u64) as i32),
            mask: Array2::from_shape_fn(shape, |(row, at)| i32::from(at < lengths[row])),
            types: Array2::from_shape_fn(shape, |(row, at)| (number(row, at) >> 8 & 1) as i32),
        }
    }

    fn rows(&self, rows: &[usize]) -> Self {
        Self {
            ids: self.ids.select(Axis(0), rows),
            mask: self.mask.select(Axis(0), rows),
            types: self.types.select(Axis(0), rows),
        }
    }

    fn run(&self, encoder: &FusedEncoder, threads: usize) -> Logits {
        let inputs =
            SessionInputs::new(self.ids.view(), self.mask.view(), self.types.view()).unwrap();
        let (logits, others) = encoder.run(inputs, threads).unwrap();
        assert!(others.is_empty());
        logits
    }

    fn interpret(&self, graph: &Graph) -> Vec<f32> {
        let row = |array: &Array2<i32>, row: usize| ints(&[1, SEQ_LEN], &array.row(row).to_vec());
        (0..self.ids.nrows())
            .flat_map(|index| {
                let inputs = [
                    ("input_ids", &row(&self.ids, index)),
                    ("attention_mask", &row(&self.mask, index)),
                    ("token_type_ids", &row(&self.types, index)),
                ];
                let logits = interpreter::run(graph, &inputs).unwrap();
                logits.float().unwrap().data().to_vec()
            })
            .collect()
    }
}

const FEATURES: fused::Features<'static> = fused::Features {
    input_ids: "input_ids",
    attention_mask: "attention_mask",
    token_type_ids: "token_type_ids",
};

#[test]
fn scores_that_are_turned_around_or_made_larger_are_left_to_the_interpreter() {
    for early_scale in [false, true] {
        for scale in [0.0, -0.5, 1.5, -7328.0, 42_000.0] {
            let shape = Shape {
                heads: 2,
                head_width: 4,
                layers: 1,
                inner: 8,
                activation: "EXACT",
                pooler: true,
                types: true,
                embedding: None,
                scale,
                early_scale,
                select: false,
                turned: false,
            };
            let graph = graph(&write(&shape, 7)).unwrap();
            assert!(
                fused::recognise(&graph, FEATURES, SEQ_LEN).is_err(),
                "{scale}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn programs_are_recognised_and_give_the_interpreters_logits(
        shape in shapes(),
        lengths in prop::collection::vec(1..=SEQ_LEN, 1..10),
        seed in any::<u64>(),
        threads in 2..5_usize,
    ) {
        let graph = graph(&write(&shape, seed)).unwrap();
        let weights = fused::recognise(&graph, FEATURES, SEQ_LEN).map_err(TestCaseError::fail)?;
        let encoder = FusedEncoder::new(weights, Precision::Float32);
        let batch = Batch::new(&lengths, seed.rotate_left(23));
        let expected = batch.interpret(&graph);
        let spread = expected.iter().copied().fold(f32::MIN, f32::max)
            - expected.iter().copied().fold(f32::MAX, f32::min);
        let found = batch.run(&encoder, 1);
        for (found, expected) in found.iter().zip(expected) {
            prop_assert!((found - expected).abs() <= 1e-4 * spread, "{found} {expected}, spread {spread}");
        }
        prop_assert_eq!(&batch.run(&encoder, threads), &found);
        for row in 0..lengths.len() {
            // In its own company, twice, and among the others from behind.
            let twice = batch.rows(&[row, row]).run(&encoder, 1);
            prop_assert_eq!(twice.row(0), found.row(row));
            prop_assert_eq!(twice.row(1), found.row(row));
        }
        let backwards: Vec<usize> = (0..lengths.len()).rev().collect();
        let reversed = batch.rows(&backwards).run(&encoder, threads);
        for (position, row) in backwards.into_iter().enumerate() {
            prop_assert_eq!(reversed.row(position), found.row(row));
        }
    }
}
