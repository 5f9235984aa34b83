//! Reading a CoreML `.mlpackage`.
//!
//! A package is a directory: `Manifest.json` names the items under `Data/`, one of which is the
//! model specification (a protobuf message), another the directory of weight files that the ML
//! Program inside the specification points into.

#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unwrap_used
    )
)]

mod spec;

#[cfg(feature = "model")]
mod blob;
#[cfg(feature = "model")]
mod description;
#[cfg(feature = "model")]
mod files;
#[cfg(feature = "model")]
mod labels;
#[cfg(feature = "model")]
mod manifest;
#[cfg(feature = "model")]
mod ml_package;
#[cfg(feature = "model")]
mod model;
#[cfg(feature = "model")]
mod path;
#[cfg(feature = "model")]
mod quote;
#[cfg(feature = "model")]
mod weights;
#[cfg(feature = "model")]
mod wire;

pub use spec::{LabelSource, ModelSpec, TensorSpec, TensorType};

#[cfg(feature = "model")]
pub use ml_package::MlPackage;

// What a compiled model says of itself is held against the same contract.
#[cfg(all(
    feature = "model",
    any(test, all(feature = "coreml", target_os = "macos"))
))]
pub(crate) use description::from_tensors;

#[cfg(feature = "model")]
pub(crate) use blob::{Blob, BlobType};

#[cfg(all(test, feature = "model"))]
mod testing;
#[cfg(all(test, feature = "model"))]
mod tests;
