//! What can go wrong.

use std::io;
use std::path::PathBuf;

use crate::section::Section;
use crate::span::Span;

/// Everything that can go wrong in this crate.
///
/// Messages say where (file, place in the program, fragment or block index), what was expected and
/// what was found. They never quote a vacancy's text.
///
/// ```
/// use vacancy_sections::{Error, Section};
///
/// let error = "salary".parse::<Section>().unwrap_err();
/// assert!(matches!(error, Error::UnknownName { what: "section", .. }));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// A file of the model package is damaged or is not what its name says.
    #[error("{file}: {place}: {reason}")]
    Package {
        /// The file, relative to the package.
        file: String,
        /// Where in the file: a key, a byte offset, an operation.
        place: String,
        /// What is wrong.
        reason: String,
    },

    /// The model's description is not the one this crate runs.
    #[error("{file}: {what}: expected {expected}, found {found}")]
    Mismatch {
        /// The file that says so.
        file: String,
        /// What was compared.
        what: String,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },

    /// The program holds an operation, or a form of one, that the portable session does not know.
    #[error("{file}: operation `{op}` at {place} is not supported: {reason}")]
    UnsupportedOp {
        /// The file that holds the program, relative to the package.
        file: String,
        /// The MIL operation, such as `conv`.
        op: String,
        /// The operation's output name and position in the program.
        place: String,
        /// Which form of it, or that the operation is unknown.
        reason: String,
    },

    /// An operation of the program cannot be evaluated.
    #[error("{file}: operation `{op}` at {place}: {reason}")]
    Op {
        /// The file that holds the program, relative to the package.
        file: String,
        /// The MIL operation, such as `linear`.
        op: String,
        /// The operation's output name and position in the program.
        place: String,
        /// What is wrong.
        reason: String,
    },

    /// The tokenizer files are damaged or describe another kind of tokenizer.
    #[error("{file}: {reason}")]
    Tokenizer {
        /// The file, as given.
        file: String,
        /// What is wrong.
        reason: String,
    },

    /// A fragment to classify is empty or blank.
    #[error("fragment {index} is blank: expected some text")]
    BlankFragment {
        /// Position in the slice that was given; 0 for a single fragment.
        index: usize,
    },

    /// A fragment does not fit the model and [`Overflow::Error`](crate::Overflow::Error) was chosen.
    #[error("fragment {index} has {found} word pieces: expected at most {limit}")]
    FragmentTooLong {
        /// Position in the slice that was given; 0 for a single fragment.
        index: usize,
        /// Word pieces found, without the special tokens.
        found: usize,
        /// Word pieces that fit, without the special tokens.
        limit: usize,
    },

    /// A text is longer than the limit set on the builder.
    #[error("the text has {found} bytes: expected at most {limit}")]
    TextTooLong {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        limit: usize,
    },

    /// A name that stands for nothing.
    #[error("unknown {what} `{found}`: expected {expected}")]
    UnknownName {
        /// What was to be named, such as `section`.
        what: &'static str,
        /// The names there are.
        expected: &'static str,
        /// The name found.
        found: String,
    },

    /// A chunker returned a span that is not a fragment of the block.
    #[error("block {block}: the chunker returned the span {span}: {reason}")]
    InvalidChunk {
        /// Index of the block.
        block: usize,
        /// The span, in bytes of the block's text.
        span: Span,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// A stage was given, or gave back, a number of things other than expected.
    #[error("{what}: expected {expected}, found {found}")]
    Shape {
        /// What was counted.
        what: &'static str,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },

    /// The session returned logits that are not finite numbers.
    #[error("logits of fragment {index} are not finite: {logits:?}")]
    NonFiniteLogits {
        /// Position of the fragment.
        index: usize,
        /// The logits, in the session's order.
        logits: [f32; Section::COUNT],
    },

    /// The session failed.
    #[error("{backend}: {reason}")]
    Session {
        /// The session's name.
        backend: &'static str,
        /// What happened.
        reason: String,
    },

    /// The builder lacks a part or was given parts that contradict each other.
    #[error("cannot build the classifier: {reason}")]
    Builder {
        /// What is wrong.
        reason: String,
    },

    /// A stage of the caller's own failed.
    #[error("{stage}: {source}")]
    Stage {
        /// The stage, such as `chunker`.
        stage: &'static str,
        /// The caller's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// Wraps the error of a stage that the caller wrote.
    ///
    /// ```
    /// use vacancy_sections::Error;
    ///
    /// let error = Error::stage("session", "the accelerator is busy");
    /// assert_eq!(error.to_string(), "session: the accelerator is busy");
    /// ```
    #[must_use]
    pub fn stage(
        stage: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Stage {
            stage,
            source: source.into(),
        }
    }

    /// Puts the position of a fragment in a batch into errors that name one.
    pub(crate) fn at_fragment(self, position: usize) -> Self {
        match self {
            Self::BlankFragment { .. } => Self::BlankFragment { index: position },
            Self::FragmentTooLong { found, limit, .. } => Self::FragmentTooLong {
                index: position,
                found,
                limit,
            },
            Self::NonFiniteLogits { logits, .. } => Self::NonFiniteLogits {
                index: position,
                logits,
            },
            other => other,
        }
    }
}

/// Says so if these bytes are what a clone without Git LFS leaves in the place of a large file.
#[cfg(feature = "model")]
pub(crate) fn lfs_pointer(bytes: &[u8]) -> Option<&'static str> {
    bytes.starts_with(b"version https://git-lfs.").then_some(
        "expected the file, found the pointer to it that Git LFS keeps: `git lfs pull` fetches the file",
    )
}

/// `Result` with this crate's [`enum@Error`].
///
/// ```
/// fn share(part: usize, whole: usize) -> vacancy_sections::Result<f64> {
///     let empty = || vacancy_sections::Error::stage("report", "there are no fragments");
///     (whole > 0).then(|| part as f64 / whole as f64).ok_or_else(empty)
/// }
/// assert!(share(1, 0).is_err());
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;
