//! The files of a package, from a directory or from memory.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::manifest::{MANIFEST, Manifest};
use super::path;
use crate::error::{Error, Result, lfs_pointer};

/// Bytes of the files by path relative to the package.
pub(super) type Files = BTreeMap<String, Cow<'static, [u8]>>;

/// Largest manifest that is read; a genuine one is under a kilobyte.
const MAX_MANIFEST_BYTES: u64 = 1 << 20;

/// Largest package that is read: 4 GiB, a model of two billion float16 weights.
const MAX_PACKAGE_BYTES: u64 = 4 << 30;

/// Deepest directory below an item.
const MAX_DEPTH: usize = 8;

/// Most files and directories of a package.
const MAX_ENTRIES: usize = 1024;

/// Takes the files that the manifest among them covers.
///
/// # Errors
///
/// [`Error::Package`] when a path leaves the package or is given twice, or when the manifest is
/// missing or damaged.
pub(super) fn from_memory(
    given: impl IntoIterator<Item = (String, Cow<'static, [u8]>)>,
) -> Result<(Manifest, Files)> {
    let mut files = Files::new();
    for (name, bytes) in given {
        path::check(&name).map_err(|reason| invalid(&name, "path", reason))?;
        if files.insert(name.clone(), bytes).is_some() {
            return Err(invalid(&name, "path", "given twice"));
        }
    }
    let json = files
        .get(MANIFEST)
        .ok_or_else(|| invalid(MANIFEST, "package", "missing"))?;
    let manifest = Manifest::parse(json)?;
    files.retain(|name, _| manifest.covers(name));
    Ok((manifest, files))
}

/// Reads the manifest of a package directory and the files that it covers.
///
/// # Errors
///
/// [`Error::Io`] when a file cannot be read; [`Error::Package`] when the manifest is damaged, a link
/// leads outside, an item is neither file nor directory, or the package is too large.
pub(super) fn from_directory(directory: &Path) -> Result<(Manifest, Files)> {
    let root = fs::canonicalize(directory).map_err(|error| io_error(directory, error))?;
    if !root.is_dir() {
        return Err(io_error(
            directory,
            io::Error::new(
                io::ErrorKind::NotADirectory,
                "expected a package directory, found a file",
            ),
        ));
    }
    let mut reader = Reader {
        shown: directory,
        root,
        files: Files::new(),
        budget: MAX_PACKAGE_BYTES,
        entries: 0,
    };
    let json = reader.read_manifest()?;
    let manifest = Manifest::parse(&json)?;
    reader.files.insert(MANIFEST.to_owned(), json.into());
    for item in &manifest.items {
        reader.read_item(item, 0)?;
    }
    Ok((manifest, reader.files))
}

struct Reader<'a> {
    /// The directory as the caller gave it, for messages.
    shown: &'a Path,
    /// The same without links.
    root: PathBuf,
    files: Files,
    /// Bytes that may still be read.
    budget: u64,
    /// Files and directories met.
    entries: usize,
}

impl Reader<'_> {
    fn read_manifest(&mut self) -> Result<Vec<u8>> {
        let (target, metadata) = self
            .resolve(MANIFEST)?
            .ok_or_else(|| io_error(&self.shown.join(MANIFEST), io::ErrorKind::NotFound.into()))?;
        if !metadata.is_file() {
            return Err(invalid(MANIFEST, "package", "expected a file"));
        }
        if metadata.len() > MAX_MANIFEST_BYTES {
            return Err(invalid(
                MANIFEST,
                "size",
                format!(
                    "expected at most {MAX_MANIFEST_BYTES} bytes, found {}",
                    metadata.len()
                ),
            ));
        }
        self.read(MANIFEST, &target, metadata.len())
    }

    /// Reads an item: a file, or the files below a directory.
    ///
    /// An item that is not there is passed over: a model without weights has an empty directory,
    /// which archives and version control drop. What needs the item's files reports it.
    fn read_item(&mut self, item: &str, depth: usize) -> Result<()> {
        let Some((target, metadata)) = self.resolve(item)? else {
            return Ok(());
        };
        if self.files.contains_key(item) {
            return Ok(());
        }
        self.entries = self.entries.saturating_add(1);
        if self.entries > MAX_ENTRIES {
            return Err(invalid(
                item,
                "package",
                format!("expected at most {MAX_ENTRIES} entries in all, found more"),
            ));
        }
        if metadata.is_file() {
            let bytes = self.read(item, &target, metadata.len())?;
            self.files.insert(item.to_owned(), bytes.into());
            return Ok(());
        }
        if !metadata.is_dir() {
            return Err(invalid(item, "package", "neither a file nor a directory"));
        }
        if depth >= MAX_DEPTH {
            return Err(invalid(
                item,
                "package",
                format!("directories are nested deeper than {MAX_DEPTH}"),
            ));
        }
        let entries = fs::read_dir(&target).map_err(|error| self.io_error(item, error))?;
        for entry in entries {
            let name = entry
                .map_err(|error| self.io_error(item, error))?
                .file_name();
            let Some(name) = name.to_str() else {
                return Err(invalid(
                    item,
                    "package",
                    format!("the file name {} is not UTF-8", name.display()),
                ));
            };
            if path::is_hidden(name) {
                continue;
            }
            let below = format!("{item}/{name}");
            path::check(&below).map_err(|reason| invalid(item, "path", reason))?;
            self.read_item(&below, depth.saturating_add(1))?;
        }
        Ok(())
    }

    /// Follows the links of a path and makes sure that it stays in the package; `None` when there is
    /// nothing at that path.
    fn resolve(&self, name: &str) -> Result<Option<(PathBuf, fs::Metadata)>> {
        let joined = self.root.join(name);
        let target = match fs::canonicalize(&joined) {
            Ok(target) => target,
            // A link that leads nowhere is there, unlike its target.
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    && joined.symlink_metadata().is_err() =>
            {
                return Ok(None);
            }
            Err(error) => return Err(self.io_error(name, error)),
        };
        if !target.starts_with(&self.root) {
            return Err(invalid(
                name,
                "package",
                "a link leads outside the package; copy the package with its links followed",
            ));
        }
        let metadata = fs::metadata(&target).map_err(|error| self.io_error(name, error))?;
        Ok(Some((target, metadata)))
    }

    fn read(&mut self, name: &str, target: &Path, size: u64) -> Result<Vec<u8>> {
        let too_large = || {
            invalid(
                name,
                "size",
                format!("the package is larger than {MAX_PACKAGE_BYTES} bytes"),
            )
        };
        self.budget = self.budget.checked_sub(size).ok_or_else(too_large)?;
        let size = usize::try_from(size).map_err(|_| too_large())?;
        let mut bytes = Vec::new();
        bytes
            .try_reserve_exact(size)
            .map_err(|_| self.io_error(name, io::ErrorKind::OutOfMemory.into()))?;
        let file = fs::File::open(target).map_err(|error| self.io_error(name, error))?;
        // The file may grow while it is read; no more than was budgeted is taken.
        file.take(u64::try_from(size).unwrap_or(u64::MAX))
            .read_to_end(&mut bytes)
            .map_err(|error| self.io_error(name, error))?;
        if let Some(reason) = lfs_pointer(&bytes) {
            return Err(invalid(name, "byte 0", reason));
        }
        Ok(bytes)
    }

    fn io_error(&self, name: &str, source: io::Error) -> Error {
        io_error(&self.shown.join(name), source)
    }
}

fn io_error(path: &Path, source: io::Error) -> Error {
    Error::Io {
        path: path.to_owned(),
        source,
    }
}

fn invalid(file: &str, place: &str, reason: impl Into<String>) -> Error {
    Error::Package {
        file: file.to_owned(),
        place: place.to_owned(),
        reason: reason.into(),
    }
}
