//! The files of a model, and what is loaded from them.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use crate::encode::{Encoder, Overflow, WordPieceEncoder};
#[cfg(not(feature = "embedded-model"))]
use crate::error::Error;
use crate::error::Result;
use crate::package::MlPackage;
use crate::session::{Backend, CoreMlOptions, PortableSession, Session, open_session};

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

impl ModelFiles {
    pub(crate) fn session(
        &self,
        backend: Backend,
        coreml: &CoreMlOptions,
        threads: NonZeroUsize,
    ) -> Result<Arc<dyn Session>> {
        let package = match self {
            Self::Default => embedded::package()?,
            Self::Directory(folder) => MlPackage::open(folder.join(PACKAGE))?,
        };
        open_session(&package, backend, coreml, || {
            Ok(Arc::new(
                PortableSession::new(&package)?.with_threads(threads),
            ))
        })
    }

    pub(crate) fn encoder(
        &self,
        max_seq_len: usize,
        overflow: Overflow,
    ) -> Result<Arc<dyn Encoder>> {
        let encoder = match self {
            Self::Default => embedded::encoder()?,
            Self::Directory(folder) => WordPieceEncoder::from_dir(folder)?,
        };
        let encoder = encoder
            .with_max_seq_len(max_seq_len)?
            .with_overflow(overflow);
        Ok(Arc::new(encoder))
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
