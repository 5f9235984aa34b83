//! The session that macOS users hold.

use std::fmt;
use std::path::Path;

use super::cache;
use super::ffi::{CoreMl, Model};
use super::open;
use super::options::CoreMlOptions;
use super::runner::Runner;
use crate::error::Result;
use crate::package::MlPackage;
use crate::section::Section;
use crate::session::{BackendInfo, Logits, Session, SessionInputs};

/// Runs a package in CoreML, on the CPU, the GPU or the Neural Engine. macOS only, feature `coreml`.
///
/// A package is compiled once; its compiled form is kept as [`ModelCache`](crate::ModelCache) says.
/// Before a session is handed out, fixed token sequences are run and held against a reference session,
/// as [`Probe`](crate::Probe) says; [`backend`](Session::backend) tells what was found.
///
/// A session may be shared between threads. CoreML wants a model to be used by one thread at a time, so
/// calls wait for each other; open one session per thread where that matters.
///
/// ```no_run
/// use vacancy_sections::{ComputeUnits, CoreMlOptions, CoreMlSession, MlPackage, Session};
///
/// let package = MlPackage::open("models/section_classifier.mlpackage")?;
/// let options = CoreMlOptions::default().with_compute_units(ComputeUnits::CpuAndNeuralEngine);
/// let session = CoreMlSession::from_package(&package, &options, None)?;
/// println!("{}", session.backend());
/// # Ok::<(), vacancy_sections::Error>(())
/// ```
pub struct CoreMlSession {
    runner: Runner<Model>,
}

impl CoreMlSession {
    /// Loads a package that was opened or is embedded.
    ///
    /// `reference` is what the probe compares with, normally the portable session of the same package;
    /// without one the probe only sees to it that logits are finite and depend on the token ids. The
    /// reference's [`vocab_size`](Session::vocab_size), if known, is what later token ids are held
    /// against, since CoreML reads outside the embedding table without an error.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`](crate::Error::Mismatch) if the loaded model does not describe itself as the
    /// package does, [`Error::Session`](crate::Error::Session) if CoreML cannot compile, load or run it
    /// or the probe finds a disagreement, [`Error::Io`](crate::Error::Io) if the cache directory of the
    /// options cannot be written.
    ///
    /// ```no_run
    /// use vacancy_sections::{CoreMlOptions, CoreMlSession, MlPackage, PortableSession};
    ///
    /// let package = MlPackage::open("models/section_classifier.mlpackage")?;
    /// let reference = PortableSession::new(&package)?;
    /// let options = CoreMlOptions::default();
    /// let session = CoreMlSession::from_package(&package, &options, Some(&reference))?;
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    pub fn from_package(
        package: &MlPackage,
        options: &CoreMlOptions,
        reference: Option<&dyn Session>,
    ) -> Result<Self> {
        let files: Vec<(&str, &[u8])> = package.files().collect();
        let user_caches = cache::user_caches();
        open::package(
            &CoreMl,
            &files,
            package.spec(),
            options,
            reference,
            user_caches.as_deref(),
        )
        .map(|runner| Self { runner })
    }

    /// Loads a directory: a `.mlpackage`, or the `.mlmodelc` that Xcode or `coremlc` compiled from one.
    ///
    /// A compiled model is used where it lies; the cache of the options has no part in it.
    ///
    /// # Errors
    ///
    /// As [`from_package`](Self::from_package), and [`Error::Io`](crate::Error::Io) if the directory
    /// cannot be read.
    ///
    /// ```no_run
    /// use vacancy_sections::{CoreMlOptions, CoreMlSession};
    ///
    /// let options = CoreMlOptions::default();
    /// let session = CoreMlSession::open("models/section_classifier.mlmodelc", &options, None)?;
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    pub fn open(
        path: impl AsRef<Path>,
        options: &CoreMlOptions,
        reference: Option<&dyn Session>,
    ) -> Result<Self> {
        let path = path.as_ref();
        if path
            .extension()
            .is_some_and(|extension| extension == "mlmodelc")
        {
            open::compiled(&CoreMl, path, options, reference).map(|runner| Self { runner })
        } else {
            Self::from_package(&MlPackage::open(path)?, options, reference)
        }
    }
}

impl Session for CoreMlSession {
    fn run(&self, inputs: SessionInputs<'_>) -> Result<Logits> {
        self.runner.run(inputs)
    }

    fn max_seq_len(&self) -> usize {
        self.runner.max_seq_len()
    }

    fn backend(&self) -> BackendInfo {
        self.runner.backend()
    }

    fn labels(&self) -> [Section; Section::COUNT] {
        self.runner.labels()
    }

    fn vocab_size(&self) -> Option<usize> {
        self.runner.vocab_size()
    }
}

impl fmt::Debug for CoreMlSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CoreMlSession")
            .field("backend", &self.runner.backend())
            .field("max_seq_len", &self.runner.max_seq_len())
            .finish_non_exhaustive()
    }
}
