use coreml_proto::proto::{
    FeatureType, FunctionDescription, Int64FeatureType, StringFeatureType,
    mil_spec::{self, dimension},
};

use super::super::spec::LabelSource;
use super::super::testing::{array, description, program};
use super::*;

const FILE: &str = "model.mlmodel";

fn spec(description: &ModelDescription) -> Result<ModelSpec> {
    read(FILE, description, &program(vec![]))
}

fn refusal(change: impl FnOnce(&mut ModelDescription)) -> String {
    let mut description = description(&[]);
    change(&mut description);
    spec(&description).unwrap_err().to_string()
}

fn input(name: &str, shape: &[i64]) -> FeatureDescription {
    array(name, ArrayDataType::Int32, shape)
}

#[test]
fn the_model_cards_description_is_read() {
    let spec = spec(&description(&[("max_seq_len", "128")])).unwrap();
    let names: Vec<_> = spec
        .inputs
        .iter()
        .map(|input| input.name.as_str())
        .collect();
    assert_eq!(names, ["input_ids", "attention_mask", "token_type_ids"]);
    for input in &spec.inputs {
        assert_eq!(input.dtype, TensorType::Int32);
        assert_eq!(input.shape, [1, 128]);
    }
    assert_eq!(
        spec.outputs,
        [TensorSpec {
            name: "logits".to_owned(),
            dtype: TensorType::Float32,
            shape: vec![1, 5],
        }]
    );
    assert_eq!(spec.max_seq_len, 128);
    assert_eq!(spec.labels, Section::ALL);
    assert_eq!(spec.label_source, LabelSource::ModelCard);
}

#[test]
fn token_type_ids_are_optional_and_the_order_is_kept() {
    let mut description = description(&[]);
    description.input.remove(2);
    description.input.swap(0, 1);
    let spec = spec(&description).unwrap();
    let names: Vec<_> = spec
        .inputs
        .iter()
        .map(|input| input.name.as_str())
        .collect();
    assert_eq!(names, ["attention_mask", "input_ids"]);
}

#[test]
fn a_float16_output_of_any_name_is_accepted() {
    let mut description = description(&[]);
    description.output = vec![array("var_123", ArrayDataType::Float16, &[1, 5])];
    let output = &spec(&description).unwrap().outputs[0];
    assert_eq!(output.name, "var_123");
    assert_eq!(output.dtype, TensorType::Float16);
}

#[test]
fn the_length_comes_from_the_shape_where_the_metadata_have_none() {
    let mut description = description(&[]);
    for input in &mut description.input {
        *input = array(&input.name, ArrayDataType::Int32, &[1, 3]);
    }
    assert_eq!(spec(&description).unwrap().max_seq_len, 3);
}

#[test]
fn a_length_that_contradicts_the_shape_is_an_error() {
    for found in [
        "64",
        "0",
        "-128",
        "",
        "128.0",
        "18446744073709551744",
        "many",
    ] {
        let refusal = spec(&description(&[("max_seq_len", found)]))
            .unwrap_err()
            .to_string();
        assert_eq!(
            refusal,
            format!(
                "model.mlmodel: metadata `max_seq_len`: expected 128, the length of an input \
                 row, found `{found}`"
            )
        );
    }
    assert!(spec(&description(&[("com.example.maxSeqLen", "64")])).is_err());
    assert!(spec(&description(&[("com.example.maxSeqLen", " 128 ")])).is_ok());
}

#[test]
fn wrong_inputs_are_named() {
    for (inputs, expected) in [
        (
            vec![],
            "inputs: expected input_ids, attention_mask and optionally token_type_ids, found no `input_ids`",
        ),
        (
            vec![input("input_ids", &[1, 8])],
            "inputs: expected input_ids, attention_mask and optionally token_type_ids, found no `attention_mask`",
        ),
        (
            vec![input("position_ids", &[1, 8])],
            "inputs: expected input_ids, attention_mask and optionally token_type_ids, found `position_ids`",
        ),
        (
            vec![input("input_ids", &[1, 8]), input("input_ids", &[1, 8])],
            "inputs: expected input_ids, attention_mask and optionally token_type_ids, found `input_ids` twice",
        ),
        (
            vec![array("input_ids", ArrayDataType::Float32, &[1, 8])],
            "input `input_ids`: expected 32-bit integers, found 32-bit floats",
        ),
        (
            vec![input("input_ids", &[])],
            "input `input_ids`: expected shape [1, 3 to 32768], found no shape",
        ),
        (
            vec![input("input_ids", &[128])],
            "input `input_ids`: expected shape [1, 3 to 32768], found [128]",
        ),
        (
            vec![input("input_ids", &[2, 128])],
            "input `input_ids`: expected shape [1, 3 to 32768], found [2, 128]",
        ),
        (
            vec![input("input_ids", &[1, 0])],
            "input `input_ids`: expected shape [1, 3 to 32768], found [1, 0]",
        ),
        (
            vec![input("input_ids", &[1, -128])],
            "input `input_ids`: expected shape [1, 3 to 32768], found [1, -128]",
        ),
        (
            vec![input("input_ids", &[1, i64::MAX])],
            "input `input_ids`: expected shape [1, 3 to 32768], found [1, 9223372036854775807]",
        ),
        (
            vec![
                input("input_ids", &[1, 128]),
                input("attention_mask", &[1, 64]),
            ],
            "input `attention_mask`: expected shape [1, 128] as of the inputs before it, found [1, 64]",
        ),
    ] {
        let refusal = refusal(|description| description.input = inputs);
        assert_eq!(refusal, format!("{FILE}: {expected}"));
    }
}

#[test]
fn wrong_outputs_are_named() {
    let logits = |dtype, shape: &[i64]| array("logits", dtype, shape);
    for (outputs, expected) in [
        (vec![], "outputs: expected one output, found 0"),
        (
            vec![logits(ArrayDataType::Float32, &[1, 5]); 2],
            "outputs: expected one output, found 2",
        ),
        (
            vec![logits(ArrayDataType::Double, &[1, 5])],
            "output `logits`: expected 32-bit or 16-bit floats, found 64-bit floats",
        ),
        (
            vec![logits(ArrayDataType::InvalidArrayDataType, &[1, 5])],
            "output `logits`: expected 32-bit or 16-bit floats, found element type 0",
        ),
        (
            vec![logits(ArrayDataType::Float32, &[1, 4])],
            "output `logits`: expected shape [1, 5], found [1, 4]",
        ),
        (
            vec![logits(ArrayDataType::Float32, &[5])],
            "output `logits`: expected shape [1, 5], found [5]",
        ),
        (
            vec![logits(ArrayDataType::Float32, &[])],
            "output `logits`: expected shape [1, 5], found no shape",
        ),
    ] {
        let refusal = refusal(|description| description.output = outputs);
        assert_eq!(refusal, format!("{FILE}: {expected}"));
    }
}

#[test]
fn features_that_are_no_arrays_are_named() {
    for (r#type, expected) in [
        (None, "no type"),
        (
            Some(feature_type::Type::StringType(StringFeatureType {})),
            "a string",
        ),
        (
            Some(feature_type::Type::Int64Type(Int64FeatureType {})),
            "a number",
        ),
    ] {
        let feature_type = FeatureType {
            r#type,
            ..FeatureType::default()
        };
        let refusal = refusal(|description| description.output[0].r#type = Some(feature_type));
        assert_eq!(
            refusal,
            format!("{FILE}: output `logits`: expected an array, found {expected}")
        );
    }
}

#[test]
fn models_of_several_functions_are_refused() {
    let refusal = refusal(|description| {
        description.functions = vec![FunctionDescription::default(); 2];
    });
    assert_eq!(
        refusal,
        "model.mlmodel: functions: expected a model with the one function `main`, found 2 \
         described functions"
    );
}

#[test]
fn stateful_models_are_refused() {
    let refusal = refusal(|description| {
        description.state = vec![FeatureDescription::default()];
    });
    assert_eq!(
        refusal,
        "model.mlmodel: state: expected a model without state, found a stateful model"
    );
}

#[test]
fn an_output_without_shape_has_the_shape_of_the_program() {
    let value = |sizes: &[u64]| mil_spec::Operation {
        outputs: vec![mil_spec::NamedValueType {
            name: "logits".to_owned(),
            r#type: Some(mil_spec::ValueType {
                r#type: Some(value_type::Type::TensorType(mil_spec::TensorType {
                    dimensions: sizes
                        .iter()
                        .map(|&size| mil_spec::Dimension {
                            dimension: Some(Dimension::Constant(dimension::ConstantDimension {
                                size,
                            })),
                        })
                        .collect(),
                    ..mil_spec::TensorType::default()
                })),
            }),
        }],
        ..mil_spec::Operation::default()
    };
    let mut description = description(&[]);
    description.output = vec![array("logits", ArrayDataType::Float32, &[])];
    let spec = read(FILE, &description, &program(vec![value(&[1, 5])])).unwrap();
    assert_eq!(spec.outputs[0].shape, [1, 5]);
    for (sizes, found) in [(&[1, 6][..], "[1, 6]"), (&[u64::MAX, 5], "no shape")] {
        let refusal = read(FILE, &description, &program(vec![value(sizes)]))
            .unwrap_err()
            .to_string();
        assert!(refusal.ends_with(found), "{refusal}");
    }
}
