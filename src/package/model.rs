//! The model specification: a protobuf message.

use coreml_proto::proto::{Model, ModelDescription, mil_spec::Program, model::Type};
use prost::Message as _;

use super::wire;
use crate::error::{Error, Result};

/// Largest specification that is read.
///
/// The weights are in files of their own: what is left of a 24-layer encoder is under a megabyte.
const MAX_SPECIFICATION_BYTES: usize = 4 << 20;

/// Most messages and texts of a specification; a 24-layer encoder has some fifty thousand.
///
/// An empty message takes two bytes here and up to two hundred once decoded: this is what bounds the
/// memory of a specification made to be large.
const MAX_FIELDS: usize = 1 << 17;

/// Bytes that a message or text takes at least, on average over a specification; in genuine ones it
/// is 4.4 to 6.2.
const MIN_BYTES_PER_FIELD: usize = 4;

/// A specification of up to so many messages is never refused for being dense.
const FREE_FIELDS: usize = 1 << 12;

/// The first field of the kinds of model, and that of ML Programs.
const MODEL_KINDS: u32 = 200;
const ML_PROGRAM: u32 = 502;

/// What a specification says: the model's description and its ML Program.
#[derive(Debug, Clone)]
pub(super) struct Specification {
    pub(super) description: ModelDescription,
    pub(super) program: Program,
}

impl Specification {
    /// Reads a specification.
    ///
    /// # Errors
    ///
    /// [`Error::Package`] when the bytes are not a CoreML specification, [`Error::Mismatch`] when the
    /// model is not an ML Program.
    pub(super) fn read(file: &str, bytes: &[u8]) -> Result<Self> {
        let invalid = |place: &str, reason: String| Error::Package {
            file: file.to_owned(),
            place: place.to_owned(),
            reason,
        };
        if bytes.len() > MAX_SPECIFICATION_BYTES {
            return Err(invalid(
                "size",
                format!(
                    "expected at most {MAX_SPECIFICATION_BYTES} bytes, found {}",
                    bytes.len()
                ),
            ));
        }
        let fields = wire::delimited_fields(bytes);
        let dense = bytes
            .len()
            .checked_div(MIN_BYTES_PER_FIELD)
            .map_or(FREE_FIELDS, |fields| fields.clamp(FREE_FIELDS, MAX_FIELDS));
        if fields > dense {
            return Err(invalid(
                "specification",
                format!(
                    "expected at most {dense} messages and texts in {} bytes, found {fields}",
                    bytes.len()
                ),
            ));
        }
        // Models of another kind are not decoded: theirs are messages that nothing here needs.
        if let Some(other) =
            wire::field_numbers(bytes).find(|&number| number >= MODEL_KINDS && number != ML_PROGRAM)
        {
            return Err(Error::Mismatch {
                file: file.to_owned(),
                what: "model type".to_owned(),
                expected: "an ML Program".to_owned(),
                found: name_of(other).to_owned(),
            });
        }
        let model = Model::decode(bytes).map_err(|error| {
            invalid(
                "specification",
                format!(
                    "not a CoreML model specification: {}",
                    ending(&error.to_string())
                ),
            )
        })?;
        let Some(Type::MlProgram(program)) = model.r#type else {
            return Err(invalid(
                "specification",
                "not a CoreML model specification: it holds no model".to_owned(),
            ));
        };
        let description = model.description.ok_or_else(|| {
            invalid(
                "description",
                "missing: it names the inputs and outputs".to_owned(),
            )
        })?;
        Ok(Self {
            description,
            program,
        })
    }
}

/// The decoder names every message on the way down: the last ones tell the place.
fn ending(message: &str) -> String {
    const SHOWN: usize = 200;
    match message.char_indices().rev().nth(SHOWN) {
        None => message.to_owned(),
        Some((cut, _)) => format!("…{}", message.get(cut..).unwrap_or_default()),
    }
}

/// What the kind of model is called that a specification holds in this field.
fn name_of(kind: u32) -> &'static str {
    match kind {
        500 => "a neural network",
        403 => "a neural network classifier",
        303 => "a neural network regressor",
        200..=202 => "a pipeline of models",
        2000 => "a Create ML text classifier",
        302 | 402 => "a tree ensemble",
        300 | 400 => "a generalised linear model",
        301 | 401 => "a support vector machine",
        555 => "a custom model",
        _ => "a model of another kind",
    }
}

#[cfg(test)]
mod tests {
    use coreml_proto::proto::{NeuralNetworkClassifier, Pipeline};

    use super::super::testing::{description, program, specification};
    use super::*;

    fn refusal(bytes: &[u8]) -> String {
        Specification::read("model.mlmodel", bytes)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn an_ml_program_is_read() {
        let bytes = specification(description(&[]), program(vec![])).encode_to_vec();
        let read = Specification::read("model.mlmodel", &bytes).unwrap();
        assert_eq!(read.description, description(&[]));
        assert_eq!(read.program, program(vec![]));
    }

    #[test]
    fn models_of_another_kind_are_named() {
        let mut model = specification(description(&[]), program(vec![]));
        model.r#type = Some(Type::NeuralNetworkClassifier(
            NeuralNetworkClassifier::default(),
        ));
        assert_eq!(
            refusal(&model.encode_to_vec()),
            "model.mlmodel: model type: expected an ML Program, found a neural network classifier"
        );
        model.r#type = Some(Type::Pipeline(Pipeline::default()));
        assert_eq!(
            refusal(&model.encode_to_vec()),
            "model.mlmodel: model type: expected an ML Program, found a pipeline of models"
        );
    }

    #[test]
    fn what_is_no_specification_is_said_to_be_none() {
        for foreign in [
            // Nothing, text, a message of another protocol (field 1 as bytes), a cut one.
            &b""[..],
            b"{\"model\": 1}",
            b"\x0a\x03abc",
            b"\x08\x07\x12\x7f",
            &[0xff; 64],
        ] {
            let refusal = refusal(foreign);
            assert!(
                refusal.starts_with(
                    "model.mlmodel: specification: not a CoreML model specification: "
                ),
                "{refusal}"
            );
        }
    }

    #[test]
    fn a_model_without_description_is_an_error() {
        let mut model = specification(description(&[]), program(vec![]));
        model.description = None;
        assert_eq!(
            refusal(&model.encode_to_vec()),
            "model.mlmodel: description: missing: it names the inputs and outputs"
        );
    }

    /// Empty operations: two bytes each, and what each takes in memory.
    #[test]
    fn messages_that_multiply_are_not_decoded() {
        for operations in [10_000_usize, 200_000] {
            let bytes = length_delimited(3, b"").repeat(operations);
            let function = length_delimited(3, &length_delimited(2, &bytes));
            let program = length_delimited(2, &length_delimited(2, &function));
            let bytes = length_delimited(502, &program);
            let mut refused = String::new();
            let memory = allocation_counter::measure(|| refused = refusal(&bytes));
            assert!(refused.contains("messages and texts in"), "{refused}");
            assert!(memory.bytes_max < 10_000, "{memory:?}");
        }
    }

    #[test]
    fn a_specification_beyond_the_limit_is_not_decoded() {
        let refusal = refusal(&vec![0; MAX_SPECIFICATION_BYTES + 1]);
        assert!(refusal.starts_with("model.mlmodel: size: "), "{refusal}");
    }

    #[test]
    fn messages_nested_without_end_are_an_error() {
        // Model.ml_program.functions[""].block_specializations[""].operations[].blocks[]...
        let mut block = Vec::new();
        for _ in 0..200 {
            let operation = length_delimited(4, &block);
            block = length_delimited(3, &operation);
        }
        let function = length_delimited(3, &length_delimited(2, &block));
        let program = length_delimited(2, &length_delimited(2, &function));
        let refusal = refusal(&length_delimited(502, &program));
        assert!(refusal.contains("recursion limit"), "{refusal}");
    }

    fn length_delimited(field: u32, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        prost::encoding::encode_key(
            field,
            prost::encoding::WireType::LengthDelimited,
            &mut bytes,
        );
        prost::encoding::encode_varint(payload.len() as u64, &mut bytes);
        bytes.extend(payload);
        bytes
    }
}
