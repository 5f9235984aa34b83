//! Structures Russian job postings on your own machine: responsibilities, requirements, terms, notes,
//! and junk put aside. The model is compiled in.
//!
//! ```
//! # fn main() -> vacancy_sections::Result<()> {
//! # #[cfg(feature = "embedded-model")] {
//! use vacancy_sections::{Section, SectionClassifier};
//!
//! let text = "Чем заниматься:\n- Разрабатывать сервисы на Rust\nМы предлагаем:\n- ДМС";
//! let vacancy = SectionClassifier::shared()?.classify_vacancy(text)?;
//! for (section, passages) in &vacancy {
//!     for passage in passages {
//!         println!("{section}: {}", passage.text);
//!     }
//! }
//! assert_eq!(vacancy[Section::Terms][0].text, "ДМС");
//! # } Ok(()) }
//! ```
//!
//! # From text to sections
//!
//! **1. The text becomes a [`Document`]**, a list of [`Block`]s: lines, list items, paragraphs, cleaned for
//! the model, each with the [`Span`] of the source that it stands on. [`Document::from_plain`] reads text,
//! `Document::from_html` (feature `html`) the descriptions of job boards, however broken.
//! [`DocumentOptions`] say what happens to texts that lost their line breaks.
//!
//! **2. A [`Chunker`] cuts every block into fragments**, sentence by sentence: [`RazdelChunker`], which
//! the models were trained with, `UnicodeChunker` (feature `unicode`), or one of yours.
//!
//! **3. An [`Encoder`] turns every fragment into token ids**, an [`Encoding`] of one or more [`Window`]s.
//! `WordPieceEncoder` reads the tokenizer files of a model; [`Overflow`] says what happens to a fragment
//! that is longer than the model's input.
//!
//! **4. A [`Session`] runs the model on the ids** ([`SessionInputs`] → [`Logits`]). `PortableSession`
//! reads a CoreML `.mlpackage` (`MlPackage`) and runs it on any CPU, `CoreMlSession` hands it to CoreML on a
//! Mac; `Backend` chooses, [`BackendInfo`] tells what was chosen. The answer for one fragment is a
//! [`Prediction`] with [`Probabilities`] for the five [`Section`]s.
//!
//! **5. An [`Aggregator`] looks at all fragments of the vacancy together** ([`ScoredFragment`]s →
//! [`Decision`]s): [`SequenceAggregator`] decodes them jointly and tells headings from content,
//! [`MajorityVote`] takes one label per block.
//!
//! **6. [`VacancySections`] is what you read**: [`Passage`]s by section, junk among the orphans,
//! [`Heading`]s, and every [`Fragment`] with its probabilities.
//!
//! [`SectionClassifier`] puts the stages together; its [builder](ClassifierBuilder) takes any of them, and
//! each is usable by itself. [`classify_vacancies`](SectionClassifier::classify_vacancies) does the same for
//! many vacancies ([`Posting`]s) on all cores. Everything that can go wrong is an [`enum@Error`].
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `embedded-model` | yes | the default model in the binary: [`SectionClassifier`]`::{embedded, shared}`; implies `model` |
//! | `coreml` | yes | CoreML on macOS; no code elsewhere; implies `model` |
//! | `html` | yes | HTML descriptions |
//! | `unicode` | yes | `UnicodeChunker` |
//! | `model` | | reading model directories: `from_dir`, `MlPackage`, `PortableSession`, `WordPieceEncoder`, `Backend` |
//! | `serde` | | `Serialize` and `Deserialize` for results; the module `api`, vacancies as the hh.ru API sends them |
//! | `testing` | | the module `testing`, scripted stages for tests of your own |
//!
//! Without any, the types, the traits, the chunker and both aggregators remain.

#![cfg_attr(docsrs, feature(doc_cfg))]
// Of the library alone: the modules of an example have no other audience.
#![warn(unreachable_pub)]
#![warn(
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::return_self_not_must_use
)]
// The gate runs on a newer compiler than `rust-version` in Cargo.toml.
#![deny(clippy::incompatible_msrv)]
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
mod package;
mod prediction;
mod report;
mod section;
mod session;
mod space;
mod span;
#[cfg(test)]
mod steps;

/// Scripted stages, for testing code that is built on this crate.
#[cfg(any(test, feature = "testing"))]
pub mod testing {
    pub use crate::aggregate::inspection::{
        FEATURE_GROUPS, FeatureRow, HIDDEN_WIDTH, WORD_BUCKETS, sequence_features,
    };
    pub use crate::encode::WordEncoder;
    pub use crate::session::MockSession;
}

/// The arrays of [`Session`]: the version that this crate is built with.
pub use ndarray;

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
pub use session::{Backend, ComputeUnits, CoreMlOptions, ModelCache, Probe};
pub use session::{BackendInfo, Logits, Session, SessionInputs};
#[cfg(feature = "model")]
pub use session::{PortableSession, Precision};
pub use span::Span;

/// The code of the pages that users read first is compiled and run with the documentation's.
#[cfg(all(
    doctest,
    feature = "embedded-model",
    feature = "html",
    feature = "unicode"
))]
mod pages {
    #[doc = include_str!("../README.md")]
    struct ReadMe;

    #[doc = include_str!("../README.ru.md")]
    struct ReadMeInRussian;
}
