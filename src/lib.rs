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
#[cfg(feature = "model")]
pub use encode::WordPieceEncoder;
pub use encode::{Encoder, Encoding, Overflow, Window};
pub use error::{Error, Result};
pub use package::{LabelSource, ModelSpec, TensorSpec, TensorType};
pub use prediction::{Prediction, Probabilities};
pub use section::Section;
pub use session::{BackendInfo, Logits, Session, SessionInputs};
pub use span::Span;
