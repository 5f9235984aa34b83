//! The weight files that an ML Program points into.

use std::collections::BTreeMap;

use coreml_proto::proto::mil_spec::{
    Argument, Block, Program, Value, argument::binding::Binding, value, value::immediate_value,
};

use super::blob::{Blob, BlobIndex};
use super::files::Files;
use super::{path, quote};
use crate::error::{Error, Result};

/// Stands in the program for the directory that the model specification is in.
const MODEL_PATH: &str = "@model_path/";

/// The weight files of a package by the name that the program uses, such as
/// `@model_path/weights/weight.bin`.
#[derive(Debug, Clone)]
pub(super) struct Weights {
    files: BTreeMap<String, WeightFile>,
}

#[derive(Debug, Clone)]
struct WeightFile {
    /// Path relative to the package.
    path: String,
    index: BlobIndex,
}

impl Weights {
    /// Reads the index of every weight file that the program names and checks that a blob is
    /// wherever the program expects one.
    ///
    /// # Errors
    ///
    /// [`Error::Package`] when a file is missing or damaged.
    pub(super) fn read(root_model: &str, program: &Program, files: &Files) -> Result<Self> {
        let mut weights = Self {
            files: BTreeMap::new(),
        };
        for reference in references(program) {
            if !weights.files.contains_key(&reference.file_name) {
                let path = package_path(root_model, &reference.file_name)?;
                let bytes = files.get(&path).ok_or_else(|| Error::Package {
                    file: path.clone(),
                    place: "package".to_owned(),
                    reason: format!("missing, the program of {root_model} reads it"),
                })?;
                let index = BlobIndex::read(&path, bytes)?;
                weights
                    .files
                    .insert(reference.file_name.clone(), WeightFile { path, index });
            }
            weights.blob(files, reference)?;
        }
        Ok(weights)
    }

    /// The blob that a value of the program refers to.
    ///
    /// # Errors
    ///
    /// [`Error::Package`] when the program given to [`Self::read`] does not name that file, or the
    /// file has no blob at that offset.
    pub(super) fn blob<'a>(
        &self,
        files: &'a Files,
        reference: &value::BlobFileValue,
    ) -> Result<Blob<'a>> {
        let (Some(file), Some(bytes)) = self
            .files
            .get(&reference.file_name)
            .map_or((None, None), |file| (Some(file), files.get(&file.path)))
        else {
            return Err(Error::Package {
                file: reference.file_name.clone(),
                place: format!("byte {}", reference.offset),
                reason: "no weight file of this name was read".to_owned(),
            });
        };
        file.index.blob(&file.path, bytes, reference.offset)
    }
}

/// The package path of a file that the program names.
fn package_path(root_model: &str, file_name: &str) -> Result<String> {
    let invalid = |reason: String| Error::Package {
        file: root_model.to_owned(),
        place: "program: blob file name".to_owned(),
        reason,
    };
    let relative = file_name.strip_prefix(MODEL_PATH).ok_or_else(|| {
        invalid(format!(
            "expected a name that starts with {MODEL_PATH}, found {}",
            quote::text(file_name)
        ))
    })?;
    path::check(relative).map_err(invalid)?;
    Ok(match root_model.rsplit_once('/') {
        Some((directory, _)) => format!("{directory}/{relative}"),
        None => relative.to_owned(),
    })
}

/// Every reference to a blob in a program.
fn references(program: &Program) -> Vec<&value::BlobFileValue> {
    let mut found = Vec::new();
    in_values(program.attributes.values(), &mut found);
    for function in program.functions.values() {
        in_values(function.attributes.values(), &mut found);
        for block in function.block_specializations.values() {
            in_block(block, &mut found);
        }
    }
    found
}

// The recursion is as deep as the messages are nested, which the protobuf decoder limits to 100.

fn in_block<'a>(block: &'a Block, found: &mut Vec<&'a value::BlobFileValue>) {
    in_values(block.attributes.values(), found);
    for operation in &block.operations {
        in_values(operation.attributes.values(), found);
        for argument in operation.inputs.values() {
            in_argument(argument, found);
        }
        for block in &operation.blocks {
            in_block(block, found);
        }
    }
}

fn in_argument<'a>(argument: &'a Argument, found: &mut Vec<&'a value::BlobFileValue>) {
    for binding in &argument.arguments {
        if let Some(Binding::Value(value)) = &binding.binding {
            in_values([value], found);
        }
    }
}

fn in_values<'a>(
    values: impl IntoIterator<Item = &'a Value>,
    found: &mut Vec<&'a value::BlobFileValue>,
) {
    for value in values {
        match &value.value {
            Some(value::Value::BlobFileValue(reference)) => found.push(reference),
            Some(value::Value::ImmediateValue(immediate)) => match &immediate.value {
                Some(immediate_value::Value::Tuple(tuple)) => in_values(&tuple.values, found),
                Some(immediate_value::Value::List(list)) => in_values(&list.values, found),
                Some(immediate_value::Value::Dictionary(dictionary)) => {
                    for pair in &dictionary.values {
                        in_values(&pair.key, found);
                        in_values(&pair.value, found);
                    }
                }
                Some(immediate_value::Value::Tensor(_)) | None => {}
            },
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use coreml_proto::proto::mil_spec::{
        DictionaryValue, ListValue, Operation, TupleValue, argument, dictionary_value,
    };

    use super::super::testing::{
        MODEL, RawBlob, WEIGHTS, blob_value, constant, program, weight_file,
    };
    use super::*;

    const NAME: &str = "@model_path/weights/weight.bin";

    fn files() -> Files {
        let weights = weight_file(&[RawBlob::new(3, *b"abc")]);
        [(WEIGHTS.to_owned(), Cow::from(weights))].into()
    }

    fn refusal(file_name: &str, offset: u64) -> String {
        let program = program(vec![constant(blob_value(file_name, offset))]);
        Weights::read(MODEL, &program, &files())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn names_that_leave_the_package_are_refused() {
        for name in [
            "weights/weight.bin",
            "/etc/passwd",
            "@model_path/../../../x",
            "@model_path//etc/passwd",
            "@model_path/..\\x",
            "@model_path/",
            "",
        ] {
            let refusal = refusal(name, 64);
            assert!(
                refusal.starts_with(&format!("{MODEL}: program: blob file name: ")),
                "{refusal}"
            );
        }
    }

    #[test]
    fn a_missing_file_and_a_missing_blob_are_told_apart() {
        assert_eq!(
            refusal("@model_path/weights/other.bin", 64),
            format!(
                "Data/com.apple.CoreML/weights/other.bin: package: missing, the program of {MODEL} \
                 reads it"
            )
        );
        assert_eq!(
            refusal(NAME, 128),
            format!("{WEIGHTS}: byte 128: the program expects a blob here, the file has none")
        );
    }

    #[test]
    fn a_file_that_the_program_does_not_name_has_no_blobs() {
        let weights = Weights::read(MODEL, &program(vec![]), &files()).unwrap();
        let reference = value::BlobFileValue {
            file_name: NAME.to_owned(),
            offset: 64,
        };
        let refusal = weights.blob(&files(), &reference).unwrap_err().to_string();
        assert_eq!(
            refusal,
            format!("{NAME}: byte 64: no weight file of this name was read")
        );
    }

    /// A reference to a missing blob is found wherever a program can hold a value.
    #[test]
    fn references_are_found_in_every_place() {
        let bad = || blob_value(NAME, 0);
        let immediate = |value| Value {
            value: Some(value::Value::ImmediateValue(value::ImmediateValue {
                value: Some(value),
            })),
            ..Value::default()
        };
        let list = immediate(immediate_value::Value::List(ListValue {
            values: vec![bad()],
        }));
        let tuple = immediate(immediate_value::Value::Tuple(TupleValue {
            values: vec![list.clone()],
        }));
        let dictionary = immediate(immediate_value::Value::Dictionary(DictionaryValue {
            values: vec![dictionary_value::KeyValuePair {
                key: None,
                value: Some(bad()),
            }],
        }));
        let bound = Operation {
            inputs: [(
                "x".to_owned(),
                Argument {
                    arguments: vec![argument::Binding {
                        binding: Some(Binding::Value(bad())),
                    }],
                },
            )]
            .into(),
            ..Operation::default()
        };
        let nested = Operation {
            blocks: vec![Block {
                operations: vec![constant(bad())],
                ..Block::default()
            }],
            ..Operation::default()
        };
        for operation in [
            constant(bad()),
            constant(list),
            constant(tuple),
            constant(dictionary),
            bound,
            nested,
        ] {
            assert!(Weights::read(MODEL, &program(vec![operation]), &files()).is_err());
        }

        let mut program = program(vec![]);
        program.attributes.insert("a".to_owned(), bad());
        assert!(Weights::read(MODEL, &program, &files()).is_err());
        program.attributes.clear();
        assert!(Weights::read(MODEL, &program, &files()).is_ok());
        if let Some(main) = program.functions.get_mut("main") {
            main.attributes.insert("a".to_owned(), bad());
        }
        assert!(Weights::read(MODEL, &program, &files()).is_err());
    }
}
