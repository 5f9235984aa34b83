//! The loaded model's own description, held against what is expected of a section classifier.

use super::engine::{Description, ElementType, Feature, INPUTS, OUTPUT, failed};
use crate::error::{Error, Result};
use crate::package::{ModelSpec, TensorSpec, TensorType};
use crate::section::Section;

/// Where errors say that a description was found.
const WHERE: &str = "description of the model loaded by CoreML";

fn mismatch(what: String, expected: impl Into<String>, found: impl Into<String>) -> Error {
    Error::Mismatch {
        file: WHERE.to_owned(),
        what,
        expected: expected.into(),
        found: found.into(),
    }
}

/// Checks that CoreML loaded the model that the package describes: three int32 inputs
/// `[1, max_seq_len]` and a float output `[1, 5]`, by the names on the model card.
///
/// # Errors
///
/// [`Error::Mismatch`] naming the first difference.
pub(super) fn check(description: &Description, spec: &ModelSpec) -> Result<()> {
    for name in INPUTS {
        let feature = find(&description.inputs, "input", name)?;
        let (dtype, shape) = array(feature, "input")?;
        if dtype != ElementType::Int32 {
            return Err(mismatch(
                format!("element type of input `{name}`"),
                ElementType::Int32.to_string(),
                dtype.to_string(),
            ));
        }
        check_shape("input", name, shape, &[1, spec.max_seq_len])?;
    }
    if let Some(other) = description
        .inputs
        .iter()
        .find(|feature| !feature.optional && !INPUTS.contains(&feature.name.as_str()))
    {
        return Err(mismatch(
            "inputs".to_owned(),
            INPUTS.join(", "),
            format!("`{}` as well", other.name),
        ));
    }

    let feature = find(&description.outputs, "output", OUTPUT)?;
    let (dtype, shape) = array(feature, "output")?;
    if !matches!(
        dtype,
        ElementType::Float16 | ElementType::Float32 | ElementType::Float64
    ) {
        return Err(mismatch(
            format!("element type of output `{OUTPUT}`"),
            "float32, float16 or float64",
            dtype.to_string(),
        ));
    }
    check_shape("output", OUTPUT, shape, &[1, Section::COUNT])
}

fn find<'a>(features: &'a [Feature], kind: &str, name: &str) -> Result<&'a Feature> {
    features
        .iter()
        .find(|feature| feature.name == name)
        .ok_or_else(|| {
            let names: Vec<&str> = features.iter().map(|feature| &*feature.name).collect();
            mismatch(
                format!("{kind}s"),
                format!("`{name}` among them"),
                if names.is_empty() {
                    "none".to_owned()
                } else {
                    names.join(", ")
                },
            )
        })
}

fn array<'a>(feature: &'a Feature, kind: &str) -> Result<(ElementType, &'a [usize])> {
    feature
        .array
        .as_ref()
        .map(|(dtype, shape)| (*dtype, shape.as_slice()))
        .ok_or_else(|| {
            mismatch(
                format!("kind of {kind} `{}`", feature.name),
                "a multi-array",
                "another kind of feature",
            )
        })
}

/// Converted programs often leave the shape of an output out; it is then known only from a prediction.
fn check_shape(kind: &str, name: &str, found: &[usize], expected: &[usize]) -> Result<()> {
    if found.is_empty() && kind == "output" || found == expected {
        return Ok(());
    }
    Err(mismatch(
        format!("shape of {kind} `{name}`"),
        format!("{expected:?}"),
        format!("{found:?}"),
    ))
}

/// The contract of a compiled model, which has no package beside it: tensors as the description gives
/// them, sequence length and labels from the user-defined metadata.
///
/// # Errors
///
/// [`Error::Mismatch`] if the metadata is not that of a section classifier, [`Error::Session`] if a
/// feature is no multi-array.
pub(super) fn spec(description: &Description) -> Result<ModelSpec> {
    ModelSpec::from_description(
        WHERE,
        tensors(&description.inputs)?,
        tensors(&description.outputs)?,
        &description.metadata,
    )
}

fn tensors(features: &[Feature]) -> Result<Vec<TensorSpec>> {
    features
        .iter()
        .map(|feature| {
            let (dtype, shape) = array(feature, "feature")?;
            Ok(TensorSpec {
                name: feature.name.clone(),
                dtype: match dtype {
                    ElementType::Float16 => TensorType::Float16,
                    ElementType::Float32 => TensorType::Float32,
                    ElementType::Float64 => TensorType::Float64,
                    ElementType::Int32 => TensorType::Int32,
                    ElementType::Other(_) => {
                        return Err(failed(format!(
                            "`{}`: expected a float or int32 array, found {dtype}",
                            feature.name
                        )));
                    }
                },
                shape: shape.to_vec(),
            })
        })
        .collect()
}
