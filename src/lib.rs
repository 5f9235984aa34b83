//! Structures Russian job postings.

mod aggregate;
mod document;
mod encode;
mod error;
mod package;
mod prediction;
mod section;
mod session;
mod span;

pub use aggregate::{Aggregator, Decision, MajorityVote, ScoredFragment};
pub use document::{Block, BlockKind, Document};
pub use encode::{Encoder, Encoding, Window};
pub use error::{Error, Result};
#[cfg(feature = "model")]
pub use package::MlPackage;
pub use package::{LabelSource, ModelSpec, TensorSpec, TensorType};
pub use prediction::{Prediction, Probabilities};
pub use section::Section;
#[cfg(all(feature = "coreml", target_os = "macos"))]
pub use session::CoreMlSession;
#[cfg(feature = "model")]
pub use session::{Backend, ComputeUnits, CoreMlOptions, ModelCache, Probe};
pub use session::{BackendInfo, Logits, Session, SessionInputs};
pub use span::Span;
