//! The files of a model, and what is loaded from them.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use crate::encode::{Encoder, Overflow, WordPieceEncoder};
use crate::error::{Error, Result};
use crate::package::MlPackage;
use crate::session::{Backend, CoreMlOptions, PortableSession, Precision, Session, open_session};

/// Names on the model card.
const PACKAGE: &str = "section_classifier.mlpackage";

/// Where a model's files are.
#[derive(Debug, Clone, Default)]
pub(crate) enum ModelFiles {
    /// No model was chosen: the embedded one, if it is compiled in.
    #[default]
    Default,
    /// A directory laid out as on the model card.
    Directory(PathBuf),
}

/// What the builder was told about the model. What is `None` was not set.
#[derive(Debug, Clone, Default)]
pub(crate) struct ModelOptions {
    pub(crate) files: ModelFiles,
    pub(crate) backend: Option<Backend>,
    pub(crate) coreml: CoreMlOptions,
    pub(crate) overflow: Option<Overflow>,
    /// 0 means one per core.
    pub(crate) threads: Option<usize>,
    pub(crate) precision: Option<Precision>,
}

impl ModelOptions {
    /// The session of the caller, or the one that these options ask for.
    pub(crate) fn session(&self, own: Option<&Arc<dyn Session>>) -> Result<Arc<dyn Session>> {
        let Some(own) = own else {
            return self.load_session();
        };
        let reason = if self.backend.is_some() {
            "backend is set, but so is a session of your own"
        } else if self.threads.is_some() {
            "threads is set, but a session of your own decides it"
        } else if self.precision.is_some() {
            "precision is set, but a session of your own decides it"
        } else {
            return Ok(Arc::clone(own));
        };
        Err(Error::Builder {
            reason: reason.to_owned(),
        })
    }

    fn load_session(&self) -> Result<Arc<dyn Session>> {
        let threads = NonZeroUsize::new(self.threads.unwrap_or(1))
            .or_else(|| std::thread::available_parallelism().ok())
            .unwrap_or(NonZeroUsize::MIN);
        let package = match &self.files {
            ModelFiles::Default => embedded::package()?,
            ModelFiles::Directory(folder) => MlPackage::open(folder.join(PACKAGE))?,
        };
        open_session(
            &package,
            self.backend.unwrap_or_default(),
            &self.coreml,
            self.precision.unwrap_or_default(),
            |precision| {
                let session = PortableSession::in_precision(&package, precision)?;
                Ok(Arc::new(session.with_threads(threads)))
            },
        )
    }

    /// The encoder of the caller, or the one that these options ask for.
    pub(crate) fn encoder(
        &self,
        own: Option<&Arc<dyn Encoder>>,
        max_seq_len: usize,
    ) -> Result<Arc<dyn Encoder>> {
        match (own, self.overflow) {
            (Some(_), Some(_)) => Err(Error::Builder {
                reason: "overflow is set, but an encoder of your own decides it".to_owned(),
            }),
            (Some(encoder), None) => Ok(Arc::clone(encoder)),
            (None, overflow) => {
                let encoder = match &self.files {
                    ModelFiles::Default => embedded::encoder()?,
                    ModelFiles::Directory(folder) => WordPieceEncoder::from_dir(folder)?,
                };
                let encoder = encoder
                    .with_max_seq_len(max_seq_len)?
                    .with_overflow(overflow.unwrap_or_default());
                Ok(Arc::new(encoder))
            }
        }
    }
}

#[cfg(feature = "embedded-model")]
mod embedded {
    use std::borrow::Cow;

    use super::{MlPackage, Result, WordPieceEncoder};

    macro_rules! asset {
        ($path:literal) => {
            include_bytes!(concat!("../../assets/", $path)).as_slice()
        };
    }

    pub(super) fn package() -> Result<MlPackage> {
        let files = [
            (
                "Manifest.json",
                asset!("section_classifier.mlpackage/Manifest.json"),
            ),
            (
                "Data/com.apple.CoreML/model.mlmodel",
                asset!("section_classifier.mlpackage/Data/com.apple.CoreML/model.mlmodel"),
            ),
            (
                "Data/com.apple.CoreML/weights/weight.bin",
                asset!("section_classifier.mlpackage/Data/com.apple.CoreML/weights/weight.bin"),
            ),
        ];
        MlPackage::from_files(files.map(|(path, bytes)| (path, Cow::Borrowed(bytes))))
    }

    pub(super) fn encoder() -> Result<WordPieceEncoder> {
        WordPieceEncoder::from_bytes(asset!("tokenizer.json"), asset!("tokenizer_config.json"))
    }
}

#[cfg(not(feature = "embedded-model"))]
mod embedded {
    use super::{Error, MlPackage, Result, WordPieceEncoder};

    fn missing() -> Error {
        Error::Builder {
            reason: "no model: set model_dir, set session and encoder, or enable the feature \
                     `embedded-model`"
                .to_owned(),
        }
    }

    pub(super) fn package() -> Result<MlPackage> {
        Err(missing())
    }

    pub(super) fn encoder() -> Result<WordPieceEncoder> {
        Err(missing())
    }
}
