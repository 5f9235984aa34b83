//! The model specification: a protobuf message.

use coreml_proto::proto::{Model, ModelDescription, mil_spec::Program, model::Type};
use prost::Message as _;

use crate::error::{Error, Result};

/// Largest specification that is read.
///
/// The weights are in files of their own: what is left of a 24-layer encoder is a megabyte. The
/// limit bounds the memory of a decoded specification, whose smallest messages grow a hundredfold.
const MAX_SPECIFICATION_BYTES: usize = 16 << 20;

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
        let model = Model::decode(bytes).map_err(|error| {
            invalid(
                "specification",
                format!("not a CoreML model specification: {error}"),
            )
        })?;
        let program = match model.r#type {
            Some(Type::MlProgram(program)) => program,
            Some(other) => {
                return Err(Error::Mismatch {
                    file: file.to_owned(),
                    what: "model type".to_owned(),
                    expected: "an ML Program".to_owned(),
                    found: name_of(&other).to_owned(),
                });
            }
            None => {
                return Err(invalid(
                    "specification",
                    "not a CoreML model specification: it holds no model".to_owned(),
                ));
            }
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

/// What a model of another kind is called.
fn name_of(model: &Type) -> &'static str {
    match model {
        Type::MlProgram(_) => "an ML Program",
        Type::NeuralNetwork(_) => "a neural network",
        Type::NeuralNetworkClassifier(_) => "a neural network classifier",
        Type::NeuralNetworkRegressor(_) => "a neural network regressor",
        Type::Pipeline(_) | Type::PipelineClassifier(_) | Type::PipelineRegressor(_) => {
            "a pipeline of models"
        }
        Type::TextClassifier(_) => "a Create ML text classifier",
        Type::TreeEnsembleClassifier(_) | Type::TreeEnsembleRegressor(_) => "a tree ensemble",
        Type::GlmClassifier(_) | Type::GlmRegressor(_) => "a generalised linear model",
        Type::SupportVectorClassifier(_) | Type::SupportVectorRegressor(_) => {
            "a support vector machine"
        }
        Type::CustomModel(_) => "a custom model",
        _ => "a model of another kind",
    }
}
