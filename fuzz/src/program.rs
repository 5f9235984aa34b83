//! The portable session on real programs with changes in them: refused with the place named, or run
//! alike by interpreter and fused encoder.
//!
//! The input is a list of changes to a genuine program. Changed bytes of a protobuf message are
//! mostly no message; changed operations are mostly still a program.

use std::borrow::Cow;
use std::sync::LazyLock;

use coreml_proto::proto::mil_spec::argument::{Binding, binding};
use coreml_proto::proto::mil_spec::dimension::{ConstantDimension, Dimension as Size};
use coreml_proto::proto::mil_spec::value::{Value as Kind, immediate_value};
use coreml_proto::proto::mil_spec::{
    Block, Dimension, Operation, TensorType, TensorValue, Value, ValueType, tensor_value,
    value_type,
};
use coreml_proto::proto::{Model, model};
use ndarray::Array2;
use prost::Message as _;
use vacancy_sections::{MlPackage, PortableSession, Session, SessionInputs};

use super::bytes::Bytes;
use super::package::names_its_place;

macro_rules! base {
    ($name:literal) => {
        [
            include_bytes!(concat!(
                "../../tests/data/packages/",
                $name,
                ".mlpackage/Manifest.json"
            ))
            .as_slice(),
            include_bytes!(concat!(
                "../../tests/data/packages/",
                $name,
                ".mlpackage/Data/com.apple.CoreML/model.mlmodel"
            ))
            .as_slice(),
            include_bytes!(concat!(
                "../../tests/data/packages/",
                $name,
                ".mlpackage/Data/com.apple.CoreML/weights/weight.bin"
            ))
            .as_slice(),
        ]
    };
}

const BASES: [[&[u8]; 3]; 10] = [
    base!("tiny"),
    base!("mil_ops"),
    base!("decomposed"),
    base!("bert_eager"),
    base!("bert_sdpa_tanh"),
    base!("bert_compressed"),
    base!("distilbert_sdpa"),
    base!("distilbert_eager_relu"),
    base!("electra_projection"),
    base!("fused_qkv"),
];

static MODELS: LazyLock<Vec<Model>> = LazyLock::new(|| {
    BASES
        .map(|[_, model, _]| Model::decode(model).expect("the bases are sound"))
        .to_vec()
});

/// Operations that a program may hold, and two that it may not.
const OPERATIONS: [&str; 72] = [
    "const",
    "sum",
    "reduce_sum",
    "reduce_mean",
    "reduce_max",
    "reduce_min",
    "reduce_prod",
    "reduce_sum_square",
    "reduce_l2_norm",
    "linear",
    "reshape",
    "expand_dims",
    "matmul",
    "softmax",
    "squeeze",
    "layer_norm",
    "transpose",
    "constexpr_affine_dequantize",
    "slice_by_index",
    "constexpr_blockwise_shift_scale",
    "slice_by_size",
    "constexpr_lut_to_dense",
    "concat",
    "tile",
    "constexpr_sparse_to_dense",
    "identity",
    "stack",
    "cast",
    "constexpr_cast",
    "select",
    "split",
    "gather",
    "fill",
    "shape",
    "range_1d",
    "add",
    "sub",
    "mul",
    "real_div",
    "floor_div",
    "mod",
    "pow",
    "maximum",
    "minimum",
    "equal",
    "not_equal",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "logical_and",
    "logical_or",
    "logical_xor",
    "abs",
    "ceil",
    "clip",
    "erf",
    "exp",
    "floor",
    "gelu",
    "inverse",
    "log",
    "logical_not",
    "relu",
    "round",
    "rsqrt",
    "sigmoid",
    "sign",
    "silu",
    "sqrt",
    "conv",
    "",
];

const SIZES: [u64; 16] = [
    0,
    1,
    2,
    3,
    4,
    5,
    7,
    8,
    12,
    16,
    64,
    128,
    1 << 15,
    1 << 31,
    1 << 40,
    u64::MAX,
];

const INTEGERS: [i32; 12] = [
    0,
    1,
    -1,
    2,
    3,
    5,
    128,
    -128,
    1 << 20,
    i32::MAX,
    i32::MIN,
    -2,
];

const FLOATS: [f32; 10] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    1e-30,
    3e38,
    -3e38,
    f32::NAN,
    f32::INFINITY,
    f32::NEG_INFINITY,
];

/// Changes that one input makes at most.
const CHANGES: usize = 24;

pub fn check(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    let which = bytes.index(BASES.len());
    let mut model = MODELS[which].clone();
    if let Some(model::Type::MlProgram(program)) = &mut model.r#type
        && let Some(main) = program.functions.get_mut("main")
    {
        let mut blocks: Vec<_> = main.block_specializations.values_mut().collect();
        let count = blocks.len();
        let block = &mut *blocks[bytes.index(count)];
        for _ in 0..CHANGES {
            if bytes.is_empty() {
                break;
            }
            change(block, &mut bytes);
        }
    }
    let [manifest, _, weights] = BASES[which];
    let package = MlPackage::from_files([
        ("Manifest.json", Cow::Borrowed(manifest)),
        (
            "Data/com.apple.CoreML/model.mlmodel",
            model.encode_to_vec().into(),
        ),
        (
            "Data/com.apple.CoreML/weights/weight.bin",
            Cow::Borrowed(weights),
        ),
    ]);
    let package = match package {
        Ok(package) => package,
        Err(error) => return names_its_place(&error),
    };
    let interpreter = match PortableSession::interpreter(&package) {
        Ok(session) => session,
        Err(error) => return names_its_place(&error),
    };
    let fused = PortableSession::new(&package).expect("what the interpreter takes is taken");
    alike(&interpreter, &fused);
}

fn alike(interpreter: &PortableSession, fused: &PortableSession) {
    let len = interpreter.max_seq_len();
    let rows = interpreter.vocab_size().unwrap_or(8).clamp(1, 8);
    let ids = Array2::from_shape_fn((1, len), |(_, token)| {
        if token < 5 {
            ((token * 3 + 2) % rows) as i32
        } else {
            0
        }
    });
    let mask = Array2::from_shape_fn((1, len), |(_, token)| i32::from(token < 5));
    let types = Array2::zeros((1, len));
    let run = |session: &PortableSession| {
        let inputs = SessionInputs::new(ids.view(), mask.view(), types.view());
        session.run(inputs.expect("the three have one shape"))
    };
    match (run(interpreter), run(fused)) {
        (Ok(slow), Ok(fast)) => {
            assert_eq!(slow.shape(), [1, 5]);
            assert_eq!(fast.shape(), [1, 5]);
            let pairs = || slow.iter().zip(&fast);
            // Huge and vanishing numbers lose their last digits one way or the other.
            if pairs().all(|(a, b)| a.abs() < 1e3 && b.abs() < 1e3) {
                for (a, b) in pairs() {
                    assert!((a - b).abs() <= 0.05 * (1.0 + a.abs()), "{slow} and {fast}");
                }
            }
        }
        (Err(error), Err(_)) => {
            assert!(!error.to_string().is_empty());
        }
        (Err(error), Ok(_)) => panic!("the interpreter alone fails: {error}"),
        (Ok(_), Err(error)) => panic!("the fused encoder alone fails: {error}"),
    }
}

fn change(block: &mut Block, bytes: &mut Bytes<'_>) {
    let operations = block.operations.len();
    if operations == 0 {
        return;
    }
    let at = bytes.index(operations);
    match bytes.byte() % 16 {
        0 => block.operations[at].r#type = OPERATIONS[bytes.index(OPERATIONS.len())].to_owned(),
        1 => block.operations.swap(at, bytes.index(operations)),
        2 => drop(block.operations.remove(at)),
        3 => {
            let copy = block.operations[at].clone();
            block.operations.insert(bytes.index(operations), copy);
        }
        4 => {
            // A chain: the output of one operation goes where that of another did.
            let name = output(&block.operations[bytes.index(operations)]);
            rebind(&mut block.operations[at], &name, bytes);
        }
        5 => {
            let name = [
                "input_ids",
                "attention_mask",
                "token_type_ids",
                "nothing",
                "",
            ];
            let name = bytes.pick(&name);
            rebind(&mut block.operations[at], name, bytes);
        }
        6 => {
            let mut names = argument_names(&block.operations[at]);
            if !names.is_empty() {
                let name = names.swap_remove(bytes.index(names.len()));
                block.operations[at].inputs.remove(&name);
            }
        }
        7 => {
            let names = argument_names(&block.operations[at]);
            if let Some(name) = names.get(bytes.index(names.len())) {
                let to =
                    bytes.pick(&["x", "y", "axis", "axes", "perm", "epsilon", "weight", "end"]);
                if let Some(argument) = block.operations[at].inputs.remove(name) {
                    block.operations[at].inputs.insert(to.to_owned(), argument);
                }
            }
        }
        8 | 9 => {
            let outputs = &mut block.operations[at].outputs;
            let count = outputs.len();
            if let Some(named) = outputs.get_mut(bytes.index(count)) {
                change_type(named.r#type.as_mut(), bytes);
            }
        }
        10 => {
            let name = output(&block.operations[at]);
            if let Some(first) = block.outputs.first_mut() {
                *first = name;
            }
        }
        11 => {
            let other = output(&block.operations[bytes.index(operations)]);
            if let Some(named) = block.operations[at].outputs.first_mut() {
                named.name = other;
            }
        }
        _ => change_value(&mut block.operations[at], bytes),
    }
}

fn output(operation: &Operation) -> String {
    operation
        .outputs
        .first()
        .map(|named| named.name.clone())
        .unwrap_or_default()
}

/// Sorted: the order of a hash map would make an input mean another change in each run.
fn argument_names(operation: &Operation) -> Vec<String> {
    let mut names: Vec<String> = operation.inputs.keys().cloned().collect();
    names.sort_unstable();
    names
}

fn rebind(operation: &mut Operation, to: &str, bytes: &mut Bytes<'_>) {
    let names = argument_names(operation);
    let Some(argument) = names
        .get(bytes.index(names.len()))
        .and_then(|name| operation.inputs.get_mut(name))
    else {
        return;
    };
    let binding = Binding {
        binding: Some(binding::Binding::Name(to.to_owned())),
    };
    if bytes.byte().is_multiple_of(4) {
        argument.arguments.push(binding);
    } else {
        argument.arguments = vec![binding];
    }
}

fn change_type(declared: Option<&mut ValueType>, bytes: &mut Bytes<'_>) {
    let Some(ValueType {
        r#type:
            Some(value_type::Type::TensorType(TensorType {
                data_type,
                rank,
                dimensions,
                ..
            })),
    }) = declared
    else {
        return;
    };
    let sized = |size| Dimension {
        dimension: Some(Size::Constant(ConstantDimension { size })),
    };
    match bytes.byte() % 6 {
        0 => *data_type = bytes.pick(&[0, 1, 2, 10, 11, 12, 21, 22, 23, 24, 31, 33, 99]),
        1 => {
            dimensions.pop();
            *rank = i64::try_from(dimensions.len()).expect("few dimensions");
        }
        2 => {
            dimensions.push(sized(bytes.pick(&SIZES)));
            *rank = i64::try_from(dimensions.len()).expect("few dimensions");
        }
        3 => *rank = bytes.pick(&[-1, 0, 1, 2, i64::MAX]),
        _ => {
            let count = dimensions.len();
            if let Some(dimension) = dimensions.get_mut(bytes.index(count)) {
                *dimension = sized(bytes.pick(&SIZES));
            }
        }
    }
}

/// Changes the value of a constant, or of a value given in place.
fn change_value(operation: &mut Operation, bytes: &mut Bytes<'_>) {
    let mut names: Vec<String> = operation.attributes.keys().cloned().collect();
    names.sort_unstable();
    let attribute = names.get(bytes.index(names.len()));
    let value = if let Some(value) = attribute.and_then(|name| operation.attributes.get_mut(name)) {
        value
    } else {
        let names = argument_names(operation);
        let argument = names
            .get(bytes.index(names.len()))
            .and_then(|name| operation.inputs.get_mut(name));
        let Some(Binding {
            binding: Some(binding::Binding::Value(value)),
        }) = argument.and_then(|argument| argument.arguments.first_mut())
        else {
            return;
        };
        value
    };
    if bytes.byte().is_multiple_of(4) {
        return change_type(value.r#type.as_mut(), bytes);
    }
    match &mut value.value {
        Some(Kind::BlobFileValue(reference)) => {
            // Mostly where a blob can be.
            reference.offset = 64 * u64::from(bytes.byte());
        }
        Some(Kind::ImmediateValue(immediate)) => {
            if let Some(immediate_value::Value::Tensor(tensor)) = &mut immediate.value {
                change_tensor(tensor, bytes);
            }
        }
        None => *value = Value::default(),
    }
}

fn change_tensor(tensor: &mut TensorValue, bytes: &mut Bytes<'_>) {
    fn set<T: Copy>(values: &mut Vec<T>, bytes: &mut Bytes<'_>, to: T) {
        match bytes.byte() % 4 {
            0 => values.push(to),
            1 => drop(values.pop()),
            _ => {
                let count = values.len();
                if let Some(value) = values.get_mut(bytes.index(count)) {
                    *value = to;
                }
            }
        }
    }
    match &mut tensor.value {
        Some(tensor_value::Value::Ints(ints)) => {
            let to = bytes.pick(&INTEGERS);
            set(&mut ints.values, bytes, to);
        }
        Some(tensor_value::Value::LongInts(ints)) => {
            let to = i64::from(bytes.pick(&INTEGERS));
            set(&mut ints.values, bytes, to);
        }
        Some(tensor_value::Value::Floats(floats)) => {
            let to = bytes.pick(&FLOATS);
            set(&mut floats.values, bytes, to);
        }
        Some(tensor_value::Value::Doubles(doubles)) => {
            let to = f64::from(bytes.pick(&FLOATS));
            set(&mut doubles.values, bytes, to);
        }
        Some(tensor_value::Value::Bools(bools)) => {
            let to = bytes.byte().is_multiple_of(2);
            set(&mut bools.values, bytes, to);
        }
        Some(tensor_value::Value::Bytes(raw)) => {
            let to = bytes.byte();
            set(&mut raw.values, bytes, to);
        }
        Some(tensor_value::Value::Strings(strings)) => {
            let to = bytes.pick(&["EXACT", "TANH_APPROXIMATION", "int32", "fp16", "bool", ""]);
            if let Some(text) = strings.values.first_mut() {
                *text = to.to_owned();
            }
        }
        None => {}
    }
}
