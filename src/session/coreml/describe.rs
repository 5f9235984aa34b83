//! The loaded model's own description, held against what is expected of a section classifier.

use super::engine::{Description, ElementType, Feature, Features, INPUTS};
use crate::error::{Error, Result};
use crate::package::{ModelSpec, TensorSpec, TensorType, from_tensors};
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

/// Checks that CoreML loaded the model that the package describes, and says what a prediction is made
/// of: int32 inputs `[1, max_seq_len]` by the names of the specification and nothing else that must be
/// given, a float output `[1, 5]`.
///
/// # Errors
///
/// [`Error::Mismatch`] naming the first difference.
pub(super) fn check(description: &Description, spec: &ModelSpec) -> Result<Features> {
    for input in &spec.inputs {
        let feature = find(&description.inputs, "input", &input.name)?;
        check_input(feature, &[1, spec.max_seq_len])?;
    }
    if let Some(other) = description.inputs.iter().find(|feature| {
        !feature.optional && !spec.inputs.iter().any(|input| input.name == feature.name)
    }) {
        let names: Vec<&str> = spec.inputs.iter().map(|input| &*input.name).collect();
        return Err(mismatch(
            "inputs".to_owned(),
            names.join(", "),
            format!("`{}` as well", other.name),
        ));
    }
    let [output] = spec.outputs.as_slice() else {
        return Err(mismatch(
            "outputs".to_owned(),
            "one output",
            spec.outputs.len().to_string(),
        ));
    };
    check_output(find(&description.outputs, "output", &output.name)?)?;
    Ok(Features {
        inputs: inputs_of(spec)?,
        output: output.name.clone(),
    })
}

/// The inputs of the model card that the model has: all three, or all but the token types.
fn inputs_of(spec: &ModelSpec) -> Result<&'static [&'static str]> {
    let [ids, mask, types] = &INPUTS;
    let has = |name: &str| spec.inputs.iter().any(|input| input.name == name);
    match (spec.inputs.len(), has(ids) && has(mask), has(types)) {
        (3, true, true) => Ok(&INPUTS),
        (2, true, false) => Ok(&["input_ids", "attention_mask"]),
        _ => {
            let names: Vec<&str> = spec.inputs.iter().map(|input| &*input.name).collect();
            Err(mismatch(
                "inputs".to_owned(),
                format!("{ids}, {mask} and optionally {types}"),
                names.join(", "),
            ))
        }
    }
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

fn check_input(feature: &Feature, expected: &[usize]) -> Result<()> {
    let (dtype, shape) = array(feature, "input")?;
    if dtype != ElementType::Int32 {
        return Err(mismatch(
            format!("element type of input `{}`", feature.name),
            ElementType::Int32.to_string(),
            dtype.to_string(),
        ));
    }
    if shape != expected {
        return Err(mismatch(
            format!("shape of input `{}`", feature.name),
            format!("{expected:?}"),
            format!("{shape:?}"),
        ));
    }
    Ok(())
}

/// The element type of the logits. Their shape may be left out: it is then known only from a
/// prediction, where it is checked again.
fn check_output(feature: &Feature) -> Result<TensorType> {
    let (dtype, shape) = array(feature, "output")?;
    if !shape.is_empty() && shape != [1, Section::COUNT] {
        return Err(mismatch(
            format!("shape of output `{}`", feature.name),
            format!("{:?}", [1, Section::COUNT]),
            format!("{shape:?}"),
        ));
    }
    match dtype {
        ElementType::Float16 => Ok(TensorType::Float16),
        ElementType::Float32 => Ok(TensorType::Float32),
        ElementType::Float64 => Ok(TensorType::Float64),
        ElementType::Int32 | ElementType::Other(_) => Err(mismatch(
            format!("element type of output `{}`", feature.name),
            "float32, float16 or float64",
            dtype.to_string(),
        )),
    }
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

/// The contract of a compiled model, which has no package beside it: tensors as the description gives
/// them, sequence length and labels from the user-defined metadata.
///
/// # Errors
///
/// [`Error::Mismatch`] where it is not a section classifier's.
pub(super) fn spec(description: &Description) -> Result<ModelSpec> {
    let [ids, mask, types] = &INPUTS;
    let (_, shape) = array(find(&description.inputs, "input", ids)?, "input")?;
    let &[1, row_length] = shape else {
        return Err(mismatch(
            format!("shape of input `{ids}`"),
            "[1, length of a row]",
            format!("{shape:?}"),
        ));
    };
    let has_types = description
        .inputs
        .iter()
        .any(|feature| feature.name == **types);
    let mut inputs = Vec::new();
    for name in [ids, mask].into_iter().chain(has_types.then_some(types)) {
        check_input(find(&description.inputs, "input", name)?, &[1, row_length])?;
        inputs.push(TensorSpec {
            name: (*name).to_owned(),
            dtype: TensorType::Int32,
            shape: vec![1, row_length],
        });
    }
    let [output] = description.outputs.as_slice() else {
        return Err(mismatch(
            "outputs".to_owned(),
            "one output",
            description.outputs.len().to_string(),
        ));
    };
    let output = TensorSpec {
        name: output.name.clone(),
        dtype: check_output(output)?,
        shape: vec![1, Section::COUNT],
    };
    from_tensors(WHERE, inputs, output, row_length, &description.metadata)
}

#[cfg(test)]
mod tests {
    use super::super::double;
    use super::*;
    use crate::package::LabelSource;

    fn changed(change: impl FnOnce(&mut Description)) -> Description {
        let mut description = double::description();
        change(&mut description);
        description
    }

    fn refused(change: impl FnOnce(&mut Description)) -> String {
        let error = check(&changed(change), &double::spec()).unwrap_err();
        assert!(matches!(error, Error::Mismatch { .. }), "{error}");
        error.to_string()
    }

    #[test]
    fn the_model_of_the_package_passes() {
        let features = check(&double::description(), &double::spec()).unwrap();
        assert_eq!(features, double::features());
    }

    #[test]
    fn a_model_without_token_types_passes() {
        let mut spec = double::spec();
        spec.inputs.pop();
        let description = changed(|description| {
            description.inputs.pop();
        });
        let features = check(&description, &spec).unwrap();
        assert_eq!(features.inputs, ["input_ids", "attention_mask"]);
    }

    #[test]
    fn inputs_must_be_int32_of_the_specified_shape() {
        let error = refused(|d| d.inputs[1].array = Some((ElementType::Float32, vec![1, 8])));
        assert!(
            error.contains("`attention_mask`: expected int32, found float32"),
            "{error}"
        );
        let error = refused(|d| d.inputs[0].array = Some((ElementType::Int32, vec![1, 128])));
        assert!(error.contains("expected [1, 8], found [1, 128]"), "{error}");
        let error = refused(|d| d.inputs[0].array = Some((ElementType::Int32, vec![])));
        assert!(error.contains("expected [1, 8], found []"), "{error}");
        let error = refused(|d| d.inputs[2].array = None);
        assert!(error.contains("expected a multi-array"), "{error}");
    }

    #[test]
    fn inputs_must_be_those_of_the_specification() {
        let error = refused(|d| d.inputs[2].name = "segments".to_owned());
        assert!(
            error.contains("expected `token_type_ids` among them"),
            "{error}"
        );
        assert!(
            error.contains("input_ids, attention_mask, segments"),
            "{error}"
        );
        let error = refused(|d| d.inputs.clear());
        assert!(error.contains("found none"), "{error}");

        let extra = |optional| Feature {
            name: "position_ids".to_owned(),
            array: None,
            optional,
        };
        let error = refused(|d| d.inputs.push(extra(false)));
        assert!(error.contains("found `position_ids` as well"), "{error}");
        let description = changed(|d| d.inputs.push(extra(true)));
        assert!(check(&description, &double::spec()).is_ok());
    }

    #[test]
    fn the_output_must_be_five_floats_or_of_unknown_shape() {
        let with = |dtype, shape: &[usize]| {
            let shape = shape.to_vec();
            move |d: &mut Description| d.outputs[0].array = Some((dtype, shape))
        };
        for dtype in [
            ElementType::Float16,
            ElementType::Float32,
            ElementType::Float64,
        ] {
            assert!(check(&changed(with(dtype, &[1, 5])), &double::spec()).is_ok());
            assert!(check(&changed(with(dtype, &[])), &double::spec()).is_ok());
        }
        let error = refused(with(ElementType::Int32, &[1, 5]));
        assert!(error.contains("found int32"), "{error}");
        let error = refused(with(ElementType::Other(0x2_0008), &[1, 5]));
        assert!(error.contains("found element type 0x20008"), "{error}");
        let error = refused(with(ElementType::Float32, &[1, 4]));
        assert!(error.contains("expected [1, 5], found [1, 4]"), "{error}");
        let error = refused(|d| d.outputs[0].name = "var_42".to_owned());
        assert!(
            error.contains("expected `logits` among them, found var_42"),
            "{error}"
        );
    }

    #[test]
    fn a_description_alone_gives_the_contract_of_the_package() {
        let mut expected = double::spec();
        expected.label_source = LabelSource::Metadata("labels".to_owned());
        assert_eq!(spec(&double::description()).unwrap(), expected);
    }

    #[test]
    fn the_metadata_of_a_compiled_model_are_checked() {
        let error = spec(&changed(|d| {
            d.metadata
                .insert("max_seq_len".to_owned(), "128".to_owned());
        }));
        let error = error.unwrap_err().to_string();
        assert!(error.contains("max_seq_len"), "{error}");
        let error = spec(&changed(|d| {
            d.metadata
                .insert("labels".to_owned(), "salary,tasks".to_owned());
        }));
        assert!(error.is_err());
        let turned = spec(&changed(|d| {
            d.metadata.insert(
                "labels".to_owned(),
                "junk,notes,terms,requirements,responsibilities".to_owned(),
            );
        }));
        assert_eq!(turned.unwrap().labels[0], Section::Junk);
    }

    #[test]
    fn a_description_of_something_else_gives_no_contract() {
        let changes: [fn(&mut Description); 5] = [
            |d| d.inputs.clear(),
            |d| d.inputs[0].array = Some((ElementType::Int32, vec![8])),
            |d| d.inputs[1].array = Some((ElementType::Int32, vec![1, 9])),
            |d| d.outputs.clear(),
            |d| d.outputs[0].array = None,
        ];
        for change in changes {
            let error = spec(&changed(change)).unwrap_err();
            assert!(matches!(error, Error::Mismatch { .. }), "{error}");
        }
    }
}
