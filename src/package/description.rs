//! From the model's description to a [`ModelSpec`]: what a section classifier must look like.

use std::collections::HashMap;

use coreml_proto::proto::{
    ArrayFeatureType, FeatureDescription, ModelDescription,
    array_feature_type::ArrayDataType,
    feature_type,
    mil_spec::{Program, dimension::Dimension, value_type},
};

use super::spec::{ModelSpec, TensorSpec, TensorType};
use super::{labels, quote};
use crate::error::{Error, Result};
use crate::section::Section;

/// Inputs without which the model is no encoder of token ids.
const REQUIRED_INPUTS: [&str; 2] = ["input_ids", "attention_mask"];

/// The third input of the model card; DistilBERT and its like have none.
const OPTIONAL_INPUT: &str = "token_type_ids";

/// Shortest row: one word piece between the two special tokens.
const MIN_SEQ_LEN: usize = 3;

/// Longest row: above the largest context of an encoder in use; a row costs its square.
const MAX_SEQ_LEN: usize = 1 << 15;

/// Last part of the metadata key `max_seq_len`, as [`labels::last_part`] gives it.
const MAX_SEQ_LEN_KEY: &str = "maxseqlen";

/// Reads and checks the description of a section classifier.
///
/// # Errors
///
/// [`Error::Mismatch`] when it is not one, or when its metadata contradict its shapes.
pub(super) fn read(
    file: &str,
    description: &ModelDescription,
    program: &Program,
) -> Result<ModelSpec> {
    let check = Check { file };
    if !description.functions.is_empty() {
        return Err(check.mismatch(
            "functions",
            "a model with the one function `main`",
            format!("{} described functions", description.functions.len()),
        ));
    }
    if !description.state.is_empty() {
        return Err(check.mismatch("state", "a model without state", "a stateful model"));
    }
    let (inputs, row_length) = check.inputs(&description.input)?;
    let output = check.output(&description.output, program)?;

    let no_metadata = HashMap::new();
    let metadata = description
        .metadata
        .as_ref()
        .map_or(&no_metadata, |metadata| &metadata.user_defined);
    from_tensors(file, inputs, output, row_length, metadata)
}

/// The specification of a model of known tensors, completed by its user-defined metadata.
///
/// # Errors
///
/// [`Error::Mismatch`] when the metadata contradict the length of a row or name other labels.
pub(crate) fn from_tensors(
    file: &str,
    inputs: Vec<TensorSpec>,
    output: TensorSpec,
    row_length: usize,
    metadata: &HashMap<String, String>,
) -> Result<ModelSpec> {
    let max_seq_len = Check { file }.max_seq_len(metadata, row_length)?;
    let (labels, label_source) = labels::read(file, metadata)?;
    Ok(ModelSpec {
        inputs,
        outputs: vec![output],
        max_seq_len,
        labels,
        label_source,
    })
}

struct Check<'a> {
    file: &'a str,
}

impl Check<'_> {
    /// The inputs, and the length of a row, which they share.
    fn inputs(&self, features: &[FeatureDescription]) -> Result<(Vec<TensorSpec>, usize)> {
        let expected = || {
            format!(
                "{} and optionally {OPTIONAL_INPUT}",
                REQUIRED_INPUTS.join(", ")
            )
        };
        // A fourth input is refused by its name or as a repetition of one of the three.
        let mut inputs: Vec<TensorSpec> = Vec::new();
        let mut row_length = None;
        for feature in features {
            let name = feature.name.as_str();
            if !REQUIRED_INPUTS.contains(&name) && name != OPTIONAL_INPUT {
                return Err(self.mismatch("inputs", expected(), quote::text(name)));
            }
            if inputs.iter().any(|input| input.name == name) {
                return Err(self.mismatch("inputs", expected(), format!("`{name}` twice")));
            }
            let what = format!("input `{name}`");
            let array = self.array(&what, feature)?;
            if array.data_type != ArrayDataType::Int32 as i32 {
                return Err(self.mismatch(
                    &what,
                    "32-bit integers",
                    element_type_name(array.data_type),
                ));
            }
            let length = match array.shape.as_slice() {
                [1, length] => usize::try_from(*length)
                    .ok()
                    .filter(|length| (MIN_SEQ_LEN..=MAX_SEQ_LEN).contains(length)),
                _ => None,
            }
            .ok_or_else(|| {
                self.mismatch(
                    &what,
                    format!("shape [1, {MIN_SEQ_LEN} to {MAX_SEQ_LEN}]"),
                    quote::shape(&array.shape),
                )
            })?;
            let row_length = *row_length.get_or_insert(length);
            if length != row_length {
                return Err(self.mismatch(
                    &what,
                    format!("shape [1, {row_length}] as of the inputs before it"),
                    quote::shape(&array.shape),
                ));
            }
            inputs.push(TensorSpec {
                name: name.to_owned(),
                dtype: TensorType::Int32,
                shape: vec![1, length],
            });
        }
        for name in REQUIRED_INPUTS {
            if !inputs.iter().any(|input| input.name == name) {
                return Err(self.mismatch("inputs", expected(), format!("no `{name}`")));
            }
        }
        let row_length =
            row_length.ok_or_else(|| self.mismatch("inputs", expected(), "no inputs"))?;
        Ok((inputs, row_length))
    }

    /// The one output: the logits.
    fn output(&self, features: &[FeatureDescription], program: &Program) -> Result<TensorSpec> {
        let [feature] = features else {
            return Err(self.mismatch("outputs", "one output", features.len().to_string()));
        };
        let name = feature.name.as_str();
        let what = format!("output {}", quote::text(name));
        let array = self.array(&what, feature)?;
        let dtype = match ArrayDataType::try_from(array.data_type) {
            Ok(ArrayDataType::Float32) => TensorType::Float32,
            Ok(ArrayDataType::Float16) => TensorType::Float16,
            _ => {
                return Err(self.mismatch(
                    &what,
                    "32-bit or 16-bit floats",
                    element_type_name(array.data_type),
                ));
            }
        };
        // Some converters leave the shape of an output to the program.
        let shape = if array.shape.is_empty() {
            program_output_shape(program, name)
        } else {
            array.shape.clone()
        };
        if shape != [1, LOGITS] {
            return Err(self.mismatch(&what, format!("shape [1, {LOGITS}]"), quote::shape(&shape)));
        }
        Ok(TensorSpec {
            name: name.to_owned(),
            dtype,
            shape: vec![1, Section::COUNT],
        })
    }

    fn array<'a>(
        &self,
        what: &str,
        feature: &'a FeatureDescription,
    ) -> Result<&'a ArrayFeatureType> {
        let found = match feature.r#type.as_ref().and_then(|t| t.r#type.as_ref()) {
            Some(feature_type::Type::MultiArrayType(array)) => return Ok(array),
            Some(feature_type::Type::ImageType(_)) => "an image",
            Some(feature_type::Type::StringType(_)) => "a string",
            Some(feature_type::Type::DictionaryType(_)) => "a dictionary",
            Some(feature_type::Type::SequenceType(_)) => "a sequence",
            Some(feature_type::Type::Int64Type(_) | feature_type::Type::DoubleType(_)) => {
                "a number"
            }
            Some(feature_type::Type::StateType(_)) => "a state",
            None => "no type",
        };
        Err(self.mismatch(what, "an array", found))
    }

    /// The row length, which the metadata, where they name one, must confirm.
    fn max_seq_len(&self, metadata: &HashMap<String, String>, row_length: usize) -> Result<usize> {
        let mut claims: Vec<_> = metadata
            .iter()
            .filter(|(key, _)| labels::last_part(key) == MAX_SEQ_LEN_KEY)
            .collect();
        // The outcome does not hang on the order of a hash map.
        claims.sort_unstable();
        for (key, claim) in claims {
            if claim.trim().parse() != Ok(row_length) {
                return Err(self.mismatch(
                    &format!("metadata {}", quote::text(key)),
                    format!("{row_length}, the length of an input row"),
                    quote::text(claim),
                ));
            }
        }
        Ok(row_length)
    }

    fn mismatch(&self, what: &str, expected: impl Into<String>, found: impl Into<String>) -> Error {
        Error::Mismatch {
            file: self.file.to_owned(),
            what: what.to_owned(),
            expected: expected.into(),
            found: found.into(),
        }
    }
}

/// Number of logits, as a dimension of the description.
const LOGITS: i64 = Section::COUNT as i64;

fn element_type_name(number: i32) -> String {
    match ArrayDataType::try_from(number) {
        Ok(ArrayDataType::Float16) => "16-bit floats".to_owned(),
        Ok(ArrayDataType::Float32) => "32-bit floats".to_owned(),
        Ok(ArrayDataType::Double) => "64-bit floats".to_owned(),
        Ok(ArrayDataType::Int32) => "32-bit integers".to_owned(),
        Ok(ArrayDataType::Int8) => "8-bit integers".to_owned(),
        Ok(ArrayDataType::InvalidArrayDataType) | Err(_) => format!("element type {number}"),
    }
}

/// The shape that the program gives its value of this name; empty where it gives none.
fn program_output_shape(program: &Program, name: &str) -> Vec<i64> {
    program
        .functions
        .get("main")
        .and_then(|main| main.block_specializations.get(&main.opset))
        .and_then(|block| {
            block
                .operations
                .iter()
                .flat_map(|operation| &operation.outputs)
                .find(|output| output.name == name)
        })
        .and_then(|output| output.r#type.as_ref()?.r#type.as_ref())
        .and_then(|r#type| {
            let value_type::Type::TensorType(tensor) = r#type else {
                return None;
            };
            tensor
                .dimensions
                .iter()
                .map(|dimension| match dimension.dimension {
                    Some(Dimension::Constant(constant)) => i64::try_from(constant.size).ok(),
                    _ => None,
                })
                .collect()
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
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
                                dimension: Some(Dimension::Constant(
                                    dimension::ConstantDimension { size },
                                )),
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
}
