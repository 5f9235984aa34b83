//! Writing programs down.

use std::collections::HashMap;

use coreml_proto::proto::mil_spec::argument::{Binding, binding};
use coreml_proto::proto::mil_spec::dimension::{ConstantDimension, Dimension as Size};
use coreml_proto::proto::mil_spec::tensor_value::{
    RepeatedBools, RepeatedBytes, RepeatedFloats, RepeatedInts, RepeatedStrings, Value as Elements,
};
use coreml_proto::proto::mil_spec::value::{self, ImmediateValue, immediate_value};
use coreml_proto::proto::mil_spec::{
    Argument, Block, DataType, Dimension, Function, NamedValueType, Operation, Program, TensorType,
    TensorValue, Value, ValueType, value_type,
};

use crate::error::{Error, Result};
use crate::session::portable::graph::Graph;
use crate::session::portable::tensor::{Dense, Tensor};
use crate::session::portable::{interpreter, lower};

pub(super) fn floats(shape: &[usize], data: &[f32]) -> Tensor {
    Tensor::Float(Dense::new(shape, data.to_vec()).unwrap())
}

pub(super) fn ints(shape: &[usize], data: &[i32]) -> Tensor {
    Tensor::Int(Dense::new(shape, data.to_vec()).unwrap())
}

pub(super) fn bools(shape: &[usize], data: &[bool]) -> Tensor {
    Tensor::Bool(Dense::new(shape, data.to_vec()).unwrap())
}

/// The numbers from 0 on, as floats.
pub(super) fn numbers(shape: &[usize]) -> Tensor {
    let count = shape.iter().product::<usize>();
    let data: Vec<f32> = (0..count).map(|number| number as f32).collect();
    floats(shape, &data)
}

pub(super) fn of_type(dtype: DataType, shape: &[usize]) -> ValueType {
    let dimension = |&size: &usize| Dimension {
        dimension: Some(Size::Constant(ConstantDimension { size: size as u64 })),
    };
    ValueType {
        r#type: Some(value_type::Type::TensorType(TensorType {
            data_type: dtype as i32,
            rank: shape.len() as i64,
            dimensions: shape.iter().map(dimension).collect(),
            attributes: HashMap::new(),
        })),
    }
}

/// The type that a tensor is declared with.
fn type_of(tensor: &Tensor) -> ValueType {
    let dtype = match tensor {
        Tensor::Float(_) => DataType::Float32,
        Tensor::Int(_) => DataType::Int32,
        Tensor::Bool(_) => DataType::Bool,
    };
    of_type(dtype, tensor.shape())
}

pub(super) fn immediate(declared: ValueType, elements: Elements) -> Value {
    Value {
        doc_string: String::new(),
        r#type: Some(declared),
        value: Some(value::Value::ImmediateValue(ImmediateValue {
            value: Some(immediate_value::Value::Tensor(TensorValue {
                value: Some(elements),
            })),
        })),
    }
}

pub(super) fn constant(tensor: &Tensor) -> Value {
    let elements = match tensor {
        Tensor::Float(x) => Elements::Floats(RepeatedFloats {
            values: x.data().to_vec(),
        }),
        Tensor::Int(x) => Elements::Ints(RepeatedInts {
            values: x.data().to_vec(),
        }),
        Tensor::Bool(x) => Elements::Bools(RepeatedBools {
            values: x.data().to_vec(),
        }),
    };
    immediate(type_of(tensor), elements)
}

pub(super) fn text(text: &str) -> Value {
    let strings = RepeatedStrings {
        values: vec![text.to_owned()],
    };
    immediate(of_type(DataType::String, &[]), Elements::Strings(strings))
}

pub(super) fn bytes(dtype: DataType, shape: &[usize], bytes: &[u8]) -> Value {
    let bytes = RepeatedBytes {
        values: bytes.to_vec(),
    };
    immediate(of_type(dtype, shape), Elements::Bytes(bytes))
}

/// What an argument of an operation is bound to.
#[derive(Clone)]
pub(super) enum Arg {
    /// The value of this name.
    Name(String),
    Names(Vec<&'static str>),
    /// A value in place.
    Value(Value),
}

impl Arg {
    fn argument(self) -> Argument {
        let bindings = match self {
            Self::Name(name) => vec![binding::Binding::Name(name)],
            Self::Names(names) => names
                .into_iter()
                .map(|name| binding::Binding::Name(name.to_owned()))
                .collect(),
            Self::Value(value) => vec![binding::Binding::Value(value)],
        };
        Argument {
            arguments: bindings
                .into_iter()
                .map(|binding| Binding {
                    binding: Some(binding),
                })
                .collect(),
        }
    }
}

impl From<&str> for Arg {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<Value> for Arg {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}

impl From<Tensor> for Arg {
    fn from(tensor: Tensor) -> Self {
        Self::Value(constant(&tensor))
    }
}

impl From<i32> for Arg {
    fn from(number: i32) -> Self {
        ints(&[], &[number]).into()
    }
}

impl From<f32> for Arg {
    fn from(number: f32) -> Self {
        floats(&[], &[number]).into()
    }
}

impl From<bool> for Arg {
    fn from(truth: bool) -> Self {
        bools(&[], &[truth]).into()
    }
}

impl<const N: usize> From<[i32; N]> for Arg {
    fn from(list: [i32; N]) -> Self {
        ints(&[N], &list).into()
    }
}

impl<const N: usize> From<[bool; N]> for Arg {
    fn from(list: [bool; N]) -> Self {
        bools(&[N], &list).into()
    }
}

pub(super) fn op(
    name: &str,
    arguments: Vec<(&str, Arg)>,
    outputs: &[(&str, ValueType)],
) -> Operation {
    Operation {
        r#type: name.to_owned(),
        inputs: arguments
            .into_iter()
            .map(|(name, argument)| (name.to_owned(), argument.argument()))
            .collect(),
        outputs: outputs
            .iter()
            .map(|(name, declared)| named(name, declared.clone()))
            .collect(),
        blocks: Vec::new(),
        attributes: HashMap::new(),
    }
}

/// A `const` operation.
pub(super) fn constant_op(name: &str, value: Value) -> Operation {
    let declared = value.r#type.clone().unwrap();
    let mut operation = op("const", Vec::new(), &[(name, declared)]);
    operation.attributes.insert("val".to_owned(), value);
    operation
}

fn named(name: &str, declared: ValueType) -> NamedValueType {
    NamedValueType {
        name: name.to_owned(),
        r#type: Some(declared),
    }
}

/// A program with the function `main`, inputs of the types of these tensors, and the output `out`.
pub(super) fn program(inputs: &[(&str, &Tensor)], operations: Vec<Operation>) -> Program {
    let block = Block {
        inputs: Vec::new(),
        outputs: vec!["out".to_owned()],
        operations,
        attributes: HashMap::new(),
    };
    let function = Function {
        inputs: inputs
            .iter()
            .map(|(name, tensor)| named(name, type_of(tensor)))
            .collect(),
        opset: "CoreML6".to_owned(),
        block_specializations: HashMap::from([("CoreML6".to_owned(), block)]),
        attributes: HashMap::new(),
    };
    Program {
        version: 1,
        functions: HashMap::from([("main".to_owned(), function)]),
        doc_string: String::new(),
        attributes: HashMap::new(),
    }
}

/// Lowers a program that has no weight file.
pub(super) fn graph(program: &Program) -> Result<Graph> {
    let limits = lower::Limits::of_package(1 << 20);
    lower::lower("model.mlmodel", program, "out", limits, &|reference| {
        Err(Error::Package {
            file: reference.file_name.clone(),
            place: "test".to_owned(),
            reason: "there is no weight file".to_owned(),
        })
    })
}

/// Lowers and runs a program.
pub(super) fn run(inputs: &[(&str, &Tensor)], operations: Vec<Operation>) -> Result<Tensor> {
    interpreter::run(&graph(&program(inputs, operations))?, inputs)
}

/// Runs one operation on the input `x`, and once more with `x` as a constant: both must give
/// `expected`, which is also what the output is declared as.
pub(super) fn check(name: &str, x: &Tensor, arguments: Vec<(&str, Arg)>, expected: &Tensor) {
    for x_argument in [Arg::from("input"), Arg::from(x.clone())] {
        let mut arguments = arguments.clone();
        arguments.push(("x", x_argument));
        let operation = op(name, arguments, &[("out", type_of(expected))]);
        let found = run(&[("input", x)], vec![operation]).unwrap();
        assert_close(name, &found, expected);
    }
}

pub(super) fn assert_close(name: &str, found: &Tensor, expected: &Tensor) {
    if let (Tensor::Float(found), Tensor::Float(expected)) = (found, expected) {
        assert_eq!(found.shape(), expected.shape(), "{name}");
        for (found, expected) in found.data().iter().zip(expected.data()) {
            let error = (found - expected).abs();
            assert!(
                error <= 1e-6 * expected.abs().max(1.0),
                "{name}: {found}, expected {expected}"
            );
        }
    } else {
        assert_eq!(found, expected, "{name}");
    }
}
