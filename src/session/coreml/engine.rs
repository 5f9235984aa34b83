//! The seam between this crate and CoreML: what Objective-C is asked for, in plain Rust types.
//!
//! `ffi.rs` implements both traits on a Mac; tests implement them with a scripted double.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::options::ComputeUnits;
use crate::error::Error;

/// Name under which sessions and errors speak of CoreML.
pub(crate) const BACKEND: &str = "CoreML";

/// The input features of the model card, in the order of [`TokenRow`].
pub(super) const INPUTS: [&str; 3] = ["input_ids", "attention_mask", "token_type_ids"];

/// The output feature of the model card.
pub(super) const OUTPUT: &str = "logits";

/// One row of each input, in the order of [`INPUTS`]; all of one length.
pub(super) type TokenRow<'a> = [&'a [i32]; 3];

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

    /// Bytes of an element, if the type is known.
    pub(super) fn size(self) -> Option<usize> {
        match self {
            Self::Float16 => Some(2),
            Self::Float32 | Self::Int32 => Some(4),
            Self::Float64 => Some(8),
            Self::Other(_) => None,
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
    pub(super) metadata: BTreeMap<String, String>,
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

    /// The output [`OUTPUT`] of each row; `None` where the model gave no such multi-array.
    fn predict(&self, rows: &[TokenRow<'_>]) -> Result<Vec<Option<RawOutput>>, Failure>;
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
