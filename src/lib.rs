#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
// Of the library alone: the modules of an example have no other audience.
#![warn(unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unwrap_used
    )
)]

mod aggregate;
#[cfg(feature = "serde")]
pub mod api;
mod chunk;
mod classifier;
mod document;
mod encode;
mod error;
#[cfg(feature = "model")]
mod model;
mod package;
mod prediction;
mod report;
mod section;
mod session;
mod span;
#[cfg(test)]
mod steps;

/// Scripted stages, for testing code that is built on this crate.
#[cfg(any(test, feature = "testing"))]
pub mod testing {
    pub use crate::aggregate::inspection::{
        FEATURE_GROUPS, FeatureRow, GATES, LINKS, sequence_features,
    };
    pub use crate::encode::WordEncoder;
    pub use crate::session::MockSession;
}

pub use aggregate::{Aggregator, Decision, MajorityVote, ScoredFragment, SequenceAggregator};
#[cfg(feature = "unicode")]
pub use chunk::UnicodeChunker;
pub use chunk::{Chunker, RazdelChunker};
pub use classifier::{Bulk, ClassifierBuilder, Posting, SectionClassifier};
pub use document::{Block, BlockKind, Document, DocumentOptions};
#[cfg(feature = "model")]
pub use encode::WordPieceEncoder;
pub use encode::{Encoder, Encoding, Overflow, Window};
pub use error::{Error, Result};
#[cfg(feature = "model")]
pub use package::MlPackage;
pub use package::{LabelSource, ModelSpec, TensorSpec, TensorType};
pub use prediction::{Prediction, Probabilities};
pub use report::{Fragment, Heading, Passage, VacancySections};
pub use section::Section;
#[cfg(all(feature = "coreml", target_os = "macos"))]
pub use session::CoreMlSession;
#[cfg(feature = "model")]
pub use session::PortableSession;
#[cfg(feature = "model")]
pub use session::{Backend, ComputeUnits, CoreMlOptions, ModelCache, Probe};
pub use session::{BackendInfo, Logits, Session, SessionInputs};
pub use span::Span;
