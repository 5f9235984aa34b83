//! A sound package, and ways to change it.

use coreml_proto::proto::mil_spec::argument::{Binding, binding};
use coreml_proto::proto::mil_spec::dimension::{ConstantDimension, Dimension as Size};
use coreml_proto::proto::mil_spec::tensor_value::{
    RepeatedInts, RepeatedStrings, Value as Elements,
};
use coreml_proto::proto::mil_spec::value::{ImmediateValue, Value as Kind, immediate_value};
use coreml_proto::proto::mil_spec::{
    Argument, Block, DataType, Dimension, NamedValueType, Operation, Program, TensorType,
    TensorValue, Value, ValueType, value_type,
};
use coreml_proto::proto::{Model, ModelDescription, model};
use prost::Message as _;

pub const MANIFEST: &str = "Manifest.json";
pub const MODEL: &str = "Data/com.apple.CoreML/model.mlmodel";
pub const WEIGHTS: &str = "Data/com.apple.CoreML/weights/weight.bin";

/// Paths and bytes, in the order of the constants above.
pub type Files = Vec<(&'static str, Vec<u8>)>;

#[derive(Clone)]
pub struct Case {
    pub name: &'static str,
    pub files: Files,
    /// What the error says, file and place included.
    pub says: &'static str,
}

macro_rules! file {
    ($path:literal) => {
        include_bytes!(concat!("../data/packages/tiny.mlpackage/", $path)).to_vec()
    };
}

pub fn tiny() -> Files {
    vec![
        (MANIFEST, file!("Manifest.json")),
        (MODEL, file!("Data/com.apple.CoreML/model.mlmodel")),
        (WEIGHTS, file!("Data/com.apple.CoreML/weights/weight.bin")),
    ]
}

/// The sound package with one file changed.
pub fn with(path: &str, change: impl FnOnce(&mut Vec<u8>)) -> Files {
    let mut files = tiny();
    let file = files.iter_mut().find(|(name, _)| *name == path).unwrap();
    change(&mut file.1);
    files
}

pub fn model() -> Model {
    Model::decode(tiny()[1].1.as_slice()).unwrap()
}

/// The sound package with its specification changed.
pub fn with_model(change: impl FnOnce(&mut Model)) -> Files {
    let mut model = model();
    change(&mut model);
    with(MODEL, |bytes| *bytes = model.encode_to_vec())
}

pub fn with_description(change: impl FnOnce(&mut ModelDescription)) -> Files {
    with_model(|model| change(model.description.as_mut().unwrap()))
}

pub fn with_program(change: impl FnOnce(&mut Program)) -> Files {
    with_model(|model| match &mut model.r#type {
        Some(model::Type::MlProgram(program)) => change(program),
        _ => panic!("the package holds an ML Program"),
    })
}

pub fn with_block(change: impl FnOnce(&mut Block)) -> Files {
    with_program(|program| {
        let main = program.functions.get_mut("main").unwrap();
        change(main.block_specializations.values_mut().next().unwrap());
    })
}

/// The position of the first operation of this type.
pub fn position(block: &Block, op: &str) -> usize {
    block
        .operations
        .iter()
        .position(|o| o.r#type == op)
        .unwrap()
}

/// The sound package with its first operation of this type changed.
pub fn with_op(op: &str, change: impl FnOnce(&mut Operation)) -> Files {
    with_block(|block| {
        let at = position(block, op);
        change(&mut block.operations[at]);
    })
}

/// The sound package with operations in front of its own.
pub fn with_ops(operations: Vec<Operation>) -> Files {
    with_block(|block| drop(block.operations.splice(0..0, operations)))
}

pub fn tensor_type(dtype: DataType, shape: &[u64]) -> ValueType {
    let dimensions = shape
        .iter()
        .map(|&size| Dimension {
            dimension: Some(Size::Constant(ConstantDimension { size })),
        })
        .collect();
    ValueType {
        r#type: Some(value_type::Type::TensorType(TensorType {
            data_type: dtype as i32,
            rank: shape.len() as i64,
            dimensions,
            ..TensorType::default()
        })),
    }
}

/// The declared type of the first output of an operation.
pub fn declare(operation: &mut Operation, dtype: DataType, shape: &[u64]) {
    operation.outputs[0].r#type = Some(tensor_type(dtype, shape));
}

pub fn immediate(r#type: ValueType, elements: Elements) -> Value {
    let tensor = TensorValue {
        value: Some(elements),
    };
    Value {
        r#type: Some(r#type),
        value: Some(Kind::ImmediateValue(ImmediateValue {
            value: Some(immediate_value::Value::Tensor(tensor)),
        })),
        ..Value::default()
    }
}

pub fn named(name: &str) -> Argument {
    bound(binding::Binding::Name(name.to_owned()))
}

/// Integers given in place; a scalar when there is one.
pub fn ints(values: &[i32]) -> Argument {
    let shape = [values.len() as u64];
    let shape = if values.len() == 1 { &[][..] } else { &shape };
    bound(binding::Binding::Value(immediate(
        tensor_type(DataType::Int32, shape),
        Elements::Ints(RepeatedInts {
            values: values.to_vec(),
        }),
    )))
}

/// A string given in place.
pub fn text(text: &str) -> Argument {
    bound(binding::Binding::Value(immediate(
        tensor_type(DataType::String, &[]),
        Elements::Strings(RepeatedStrings {
            values: vec![text.to_owned()],
        }),
    )))
}

fn bound(binding: binding::Binding) -> Argument {
    Argument {
        arguments: vec![Binding {
            binding: Some(binding),
        }],
    }
}

pub fn operation(
    op: &str,
    inputs: &[(&str, Argument)],
    (output, dtype, shape): (&str, DataType, &[u64]),
) -> Operation {
    Operation {
        r#type: op.to_owned(),
        inputs: inputs
            .iter()
            .map(|(name, argument)| ((*name).to_owned(), argument.clone()))
            .collect(),
        outputs: vec![NamedValueType {
            name: output.to_owned(),
            r#type: Some(tensor_type(dtype, shape)),
        }],
        ..Operation::default()
    }
}
