//! Token ids → logits.

#[cfg(feature = "model")]
mod coreml;
mod inputs;
#[cfg(any(test, feature = "testing"))]
mod mock;
#[cfg(feature = "model")]
mod portable;
#[cfg(feature = "model")]
mod select;

use std::borrow::Cow;
use std::sync::Arc;

#[cfg(all(feature = "coreml", target_os = "macos"))]
pub use coreml::CoreMlSession;
#[cfg(feature = "model")]
pub use coreml::{ComputeUnits, CoreMlOptions, ModelCache, Probe};
pub use inputs::SessionInputs;
#[cfg(any(test, feature = "testing"))]
pub use mock::MockSession;
#[cfg(feature = "model")]
pub use portable::{PortableSession, Precision};
#[cfg(feature = "model")]
pub use select::Backend;
#[cfg(feature = "model")]
pub(crate) use select::open_session;

use crate::error::Result;
use crate::section::Section;

/// Un-normalised scores, `[n, 5]`: one row per input row, columns in the order of
/// [`Session::labels`].
///
/// ```
/// use vacancy_sections::Logits;
///
/// let logits = Logits::zeros((30, 5));
/// assert_eq!(logits.nrows(), 30);
/// ```
pub type Logits = ndarray::Array2<f32>;

/// What runs the model, and why this and nothing else.
///
/// ```
/// use vacancy_sections::BackendInfo;
///
/// let info = BackendInfo::new("remote", "set by the caller");
/// assert_eq!(info.to_string(), "remote (set by the caller)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct BackendInfo {
    /// Short name, such as `portable interpreter`.
    pub name: Cow<'static, str>,
    /// Why this one runs.
    pub reason: Cow<'static, str>,
}

impl BackendInfo {
    /// Describes a session.
    ///
    /// ```
    /// let info = vacancy_sections::BackendInfo::new("mock", "scripted");
    /// assert_eq!(info.name, "mock");
    /// ```
    #[must_use]
    pub fn new(name: impl Into<Cow<'static, str>>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            reason: reason.into(),
        }
    }
}

impl std::fmt::Display for BackendInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name, self.reason)
    }
}

/// Runs a section classifier over token ids.
///
/// ```
/// use vacancy_sections::{BackendInfo, Logits, Result, Session, SessionInputs};
///
/// /// Calls everything a requirement.
/// struct Constant;
///
/// impl Session for Constant {
///     fn run(&self, inputs: SessionInputs<'_>) -> Result<Logits> {
///         let row = ndarray::array![0.0, 5.0, 0.0, 0.0, 0.0];
///         Ok(Logits::from_shape_fn((inputs.rows(), 5), |(_, section)| row[section]))
///     }
///     fn max_seq_len(&self) -> usize { 128 }
///     fn backend(&self) -> BackendInfo { BackendInfo::new("constant", "an example") }
/// }
/// ```
pub trait Session: Send + Sync {
    /// Logits `[n, 5]` for `n` rows of int32 inputs, each `[n, max_seq_len]`.
    ///
    /// # Errors
    ///
    /// When the inputs do not have that shape, a token id lies outside the embedding table, or the
    /// engine fails.
    fn run(&self, inputs: SessionInputs<'_>) -> Result<Logits>;

    /// Length of an input row in tokens.
    fn max_seq_len(&self) -> usize;

    /// What runs, and why.
    fn backend(&self) -> BackendInfo;

    /// The section of each logits column. Default: the model card's order.
    fn labels(&self) -> [Section; Section::COUNT] {
        Section::ALL
    }

    /// Rows of the embedding table, if the session knows; token ids must be below it.
    fn vocab_size(&self) -> Option<usize> {
        None
    }
}

macro_rules! forward_session {
    ($($pointer:ty),*) => {$(
        impl<T: Session + ?Sized> Session for $pointer {
            fn run(&self, inputs: SessionInputs<'_>) -> Result<Logits> {
                (**self).run(inputs)
            }
            fn max_seq_len(&self) -> usize {
                (**self).max_seq_len()
            }
            fn backend(&self) -> BackendInfo {
                (**self).backend()
            }
            fn labels(&self) -> [Section; Section::COUNT] {
                (**self).labels()
            }
            fn vocab_size(&self) -> Option<usize> {
                (**self).vocab_size()
            }
        }
    )*};
}

forward_session!(&T, Box<T>, Arc<T>);
