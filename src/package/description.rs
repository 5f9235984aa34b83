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
mod tests;
