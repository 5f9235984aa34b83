//! The seam between this crate and CoreML: what Objective-C is asked for, in plain Rust types.
//!
//! `ffi.rs` implements both traits on a Mac; tests implement them with a scripted double.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::options::ComputeUnits;
use crate::error::Error;

/// Name under which sessions and errors speak of CoreML.
pub(crate) const BACKEND: &str = "CoreML";

/// The input features of the model card, in the order of [`TokenRow`].
pub(super) const INPUTS: [&str; 3] = ["input_ids", "attention_mask", "token_type_ids"];

/// One row of each input, in the order of [`INPUTS`]; all of one length.
pub(super) type TokenRow<'a> = [&'a [i32]; 3];

/// The features of a prediction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Features {
    /// [`INPUTS`], without the last one for a model that has no token types.
    pub(super) inputs: &'static [&'static str],
    /// Name of the logits.
    pub(super) output: String,
}

/// Element type of a multi-array, as CoreML reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ElementType {
    Float16,
    Float32,
    Float64,
    Int32,
    /// A type that this crate does not read, by its number in `MLMultiArrayDataType`.
    Other(i64),
}

impl ElementType {
    /// From a value of `MLMultiArrayDataType`: a class in the upper half, bits in the lower.
    pub(super) fn from_code(code: i64) -> Self {
        match code {
            0x1_0010 => Self::Float16,
            0x1_0020 => Self::Float32,
            0x1_0040 => Self::Float64,
            0x2_0020 => Self::Int32,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float16 => f.write_str("float16"),
            Self::Float32 => f.write_str("float32"),
            Self::Float64 => f.write_str("float64"),
            Self::Int32 => f.write_str("int32"),
            Self::Other(code) => write!(f, "element type {code:#x}"),
        }
    }
}

/// What the loaded model says of one input or output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Feature {
    pub(super) name: String,
    /// Element type and shape, if the feature is a multi-array; the shape is empty where the model
    /// gives none.
    pub(super) array: Option<(ElementType, Vec<usize>)>,
    /// Whether a prediction may leave it out.
    pub(super) optional: bool,
}

/// What the loaded model says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Description {
    pub(super) inputs: Vec<Feature>,
    pub(super) outputs: Vec<Feature>,
    /// The user-defined metadata.
    pub(super) metadata: HashMap<String, String>,
}

/// One output array, byte for byte as CoreML holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawOutput {
    pub(super) dtype: ElementType,
    pub(super) shape: Vec<usize>,
    /// In elements, one per dimension. The Neural Engine pads rows, so they need not be contiguous.
    pub(super) strides: Vec<usize>,
    pub(super) bytes: Vec<u8>,
}

/// Why CoreML did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// An `NSError`.
    Error {
        domain: String,
        code: i64,
        description: String,
    },
    /// An Objective-C exception.
    Exception(String),
    /// Something came back that the documentation rules out.
    Unexpected(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error {
                domain,
                code,
                description,
            } => write!(f, "{description} ({domain} {code})"),
            Self::Exception(what) => write!(f, "Objective-C exception: {what}"),
            Self::Unexpected(what) => f.write_str(what),
        }
    }
}

impl Failure {
    /// As this crate's error, after the words that say what was being done.
    pub(super) fn during(self, what: &str) -> Error {
        failed(format!("{what}: {self}"))
    }
}

/// An error of this backend.
pub(super) fn failed(reason: impl Into<String>) -> Error {
    Error::Session {
        backend: BACKEND,
        reason: reason.into(),
    }
}

/// A loaded model. Used by one thread at a time, on whichever thread that is.
pub(super) trait Engine: Send {
    /// What the model says of itself.
    fn description(&self) -> Result<Description, Failure>;

    /// The output of each row; `None` where the model gave no multi-array of that name.
    fn predict(
        &self,
        features: &Features,
        rows: &[TokenRow<'_>],
    ) -> Result<Vec<Option<RawOutput>>, Failure>;
}

/// The parts of CoreML that turn files into an engine.
pub(super) trait Framework {
    type Engine: Engine;

    /// Version and build of the operating system, in its own words.
    fn system_version(&self) -> String;

    /// Compiles a `.mlpackage` and tells where the resulting `.mlmodelc` was put.
    fn compile(&self, package: &Path) -> Result<PathBuf, Failure>;

    /// Loads a `.mlmodelc`.
    fn load(&self, compiled: &Path, units: ComputeUnits) -> Result<Self::Engine, Failure>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn element_types_have_the_numbers_of_ml_multi_array_data_type() {
        // From the framework's header: 0x10000 marks floats, 0x20000 integers, the rest is bits.
        for (code, dtype, name) in [
            (0x10000 | 16, ElementType::Float16, "float16"),
            (0x10000 | 32, ElementType::Float32, "float32"),
            (0x10000 | 64, ElementType::Float64, "float64"),
            (0x20000 | 32, ElementType::Int32, "int32"),
            (
                0x20000 | 8,
                ElementType::Other(0x20008),
                "element type 0x20008",
            ),
        ] {
            assert_eq!(ElementType::from_code(code), dtype);
            assert_eq!(dtype.to_string(), name);
        }
    }
}
