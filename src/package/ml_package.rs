//! A package that was opened: its files, its specification, its weights.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use coreml_proto::proto::mil_spec::{Program, value::BlobFileValue};

use super::blob::Blob;
use super::description;
use super::files::{self, Files};
use super::manifest::Manifest;
use super::model::Specification;
use super::spec::ModelSpec;
use super::weights::Weights;
use crate::error::{Error, Result};

/// A CoreML `.mlpackage` that holds a section classifier, read and checked.
///
/// A package is a directory as coremltools 9.0 writes it: a `Manifest.json` that names the items
/// under `Data/`, a model specification with an ML Program, and its weights. It is read from disk
/// with [`open`](Self::open) or from memory with [`from_files`](Self::from_files). Either way
/// everything that sessions rely on is checked: the inputs and output ([`ModelSpec`]), the labels,
/// and that the program finds its weights.
///
/// Cloning is cheap: clones share the files.
///
/// ```
/// use vacancy_sections::{MlPackage, Section};
///
/// let package = MlPackage::open(concat!(
///     env!("CARGO_MANIFEST_DIR"),
///     "/tests/data/packages/tiny.mlpackage"
/// ))?;
/// assert_eq!(package.spec().max_seq_len, 8);
/// assert_eq!(package.spec().labels, Section::ALL);
/// # Ok::<(), vacancy_sections::Error>(())
/// ```
#[derive(Clone)]
pub struct MlPackage {
    contents: Arc<Contents>,
}

struct Contents {
    path: Option<PathBuf>,
    /// Path of the specification, relative to the package.
    specification: String,
    files: Files,
    spec: ModelSpec,
    program: Program,
    weights: Weights,
}

impl MlPackage {
    /// Opens a package directory.
    ///
    /// Reads `Manifest.json` and the items that it lists, all of them into memory; other files of
    /// the directory are left alone, and so are hidden ones. Links are followed inside the package
    /// only.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when a file cannot be read, [`Error::Package`] when one is missing, damaged or
    /// outside the package, [`Error::Mismatch`] when the model is not a section classifier.
    ///
    /// ```
    /// use vacancy_sections::{Error, MlPackage};
    ///
    /// let error = MlPackage::open("no/such.mlpackage").unwrap_err();
    /// assert!(matches!(error, Error::Io { .. }));
    /// ```
    pub fn open(directory: impl AsRef<Path>) -> Result<Self> {
        let directory = directory.as_ref();
        let (manifest, files) = files::from_directory(directory)?;
        Self::read(Some(directory.to_owned()), manifest, files)
    }

    /// Reads a package from memory: pairs of a path relative to the package and the file's bytes.
    ///
    /// Paths are written with `/`. Borrowed bytes, as of `include_bytes!`, are not copied. Files that
    /// no item of the manifest covers are left out.
    ///
    /// # Errors
    ///
    /// [`Error::Package`] when a file is missing, given twice, damaged or outside the package,
    /// [`Error::Mismatch`] when the model is not a section classifier.
    ///
    /// ```
    /// use vacancy_sections::MlPackage;
    ///
    /// macro_rules! file {
    ///     ($path:literal) => {
    ///         ($path, &include_bytes!(concat!(
    ///             env!("CARGO_MANIFEST_DIR"),
    ///             "/tests/data/packages/tiny.mlpackage/",
    ///             $path
    ///         ))[..])
    ///     };
    /// }
    ///
    /// let package = MlPackage::from_files([
    ///     file!("Manifest.json"),
    ///     file!("Data/com.apple.CoreML/model.mlmodel"),
    ///     file!("Data/com.apple.CoreML/weights/weight.bin"),
    /// ])?;
    /// assert_eq!(package.path(), None);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    pub fn from_files<P, B>(files: impl IntoIterator<Item = (P, B)>) -> Result<Self>
    where
        P: Into<String>,
        B: Into<Cow<'static, [u8]>>,
    {
        let (manifest, files) = files::from_memory(
            files
                .into_iter()
                .map(|(path, bytes)| (path.into(), bytes.into())),
        )?;
        Self::read(None, manifest, files)
    }

    fn read(path: Option<PathBuf>, manifest: Manifest, files: Files) -> Result<Self> {
        let root_model = manifest.root_model;
        let bytes = files.get(&root_model).ok_or_else(|| Error::Package {
            file: root_model.clone(),
            place: "package".to_owned(),
            reason: "missing, the manifest names it as the root model".to_owned(),
        })?;
        let Specification {
            description,
            program,
        } = Specification::read(&root_model, bytes)?;
        let spec = description::read(&root_model, &description, &program)?;
        let weights = Weights::read(&root_model, &program, &files)?;
        Ok(Self {
            contents: Arc::new(Contents {
                path,
                specification: root_model,
                files,
                spec,
                program,
                weights,
            }),
        })
    }

    /// What the package says of its model.
    ///
    /// ```
    /// # let package = vacancy_sections::MlPackage::open(concat!(
    /// #     env!("CARGO_MANIFEST_DIR"), "/tests/data/packages/tiny.mlpackage"))?;
    /// let names: Vec<&str> = package.spec().inputs.iter().map(|input| &*input.name).collect();
    /// assert_eq!(names, ["input_ids", "attention_mask", "token_type_ids"]);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub fn spec(&self) -> &ModelSpec {
        &self.contents.spec
    }

    /// The files of the package in the order of their paths: path relative to the package, written
    /// with `/`, and bytes. `Manifest.json` is among them.
    ///
    /// What is hashed to tell two packages apart, and what is written to make a copy on disk: the
    /// paths stay inside the directory that they are joined to.
    ///
    /// ```
    /// # let package = vacancy_sections::MlPackage::open(concat!(
    /// #     env!("CARGO_MANIFEST_DIR"), "/tests/data/packages/tiny.mlpackage"))?;
    /// let paths: Vec<&str> = package.files().map(|(path, _)| path).collect();
    /// assert_eq!(
    ///     paths,
    ///     [
    ///         "Data/com.apple.CoreML/model.mlmodel",
    ///         "Data/com.apple.CoreML/weights/weight.bin",
    ///         "Manifest.json",
    ///     ]
    /// );
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub fn files(&self) -> impl ExactSizeIterator<Item = (&str, &[u8])> {
        self.contents
            .files
            .iter()
            .map(|(path, bytes)| (path.as_str(), bytes.as_ref()))
    }

    /// The directory, as it was given to [`open`](Self::open); `None` for a package from memory.
    ///
    /// ```
    /// # let directory = concat!(
    /// #     env!("CARGO_MANIFEST_DIR"), "/tests/data/packages/tiny.mlpackage");
    /// # let package = vacancy_sections::MlPackage::open(directory)?;
    /// assert_eq!(package.path(), Some(directory.as_ref()));
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.contents.path.as_deref()
    }

    /// Path of the file that holds the ML Program, relative to the package.
    pub(crate) fn specification_path(&self) -> &str {
        &self.contents.specification
    }

    /// The ML Program.
    pub(crate) fn program(&self) -> &Program {
        &self.contents.program
    }

    /// The tensor that a value of the program refers to.
    ///
    /// # Errors
    ///
    /// [`Error::Package`] when the value is none of the program's: those were checked at load.
    pub(crate) fn blob(&self, reference: &BlobFileValue) -> Result<Blob<'_>> {
        self.contents.weights.blob(&self.contents.files, reference)
    }
}

impl fmt::Debug for MlPackage {
    /// Shows the sizes of the files, not their bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MlPackage")
            .field("path", &self.contents.path)
            .field(
                "files",
                &self
                    .files()
                    .map(|(path, bytes)| format!("{path}: {} bytes", bytes.len()))
                    .collect::<Vec<_>>(),
            )
            .field("spec", &self.contents.spec)
            .finish_non_exhaustive()
    }
}
