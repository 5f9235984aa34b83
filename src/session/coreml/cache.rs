//! Compiled models, kept from one run to the next.
//!
//! An entry is a directory `<sha256>-<system>-<units>.mlmodelc`. It appears by one rename, so it is
//! either absent or whole; whichever process renames first wins and the others use its entry. An entry
//! that cannot be used all the same, say because the system cleared half of it away, is rebuilt once.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};

use super::engine::failed;
use super::options::{ComputeUnits, ModelCache};
use super::scratch::Scratch;
use crate::error::{Error, Result};

/// Changes when the layout of an entry does, so that older ones are not taken for new ones.
const LAYOUT: &[u8] = b"vacancy-sections compiled model 1";

const EXTENSION: &str = "mlmodelc";

/// SHA-256 over the files of a package, in hexadecimal; independent of their order.
///
/// A cryptographic hash, since a model that is taken for another goes unnoticed.
pub(super) fn content_hash(files: &[(&str, &[u8])]) -> String {
    let mut files = files.to_vec();
    files.sort_unstable_by_key(|(path, _)| *path);
    let mut hash = Sha256::new();
    hash.update(LAYOUT);
    for (path, bytes) in files {
        // Lengths keep a path and its bytes from running into each other.
        hash.update((path.len() as u64).to_le_bytes());
        hash.update(path.as_bytes());
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// What an entry is found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// From [`content_hash`].
    pub(super) content: String,
    /// Version and build of the system, in its own words.
    pub(super) system: String,
    pub(super) units: ComputeUnits,
}

impl Key {
    fn entry(&self) -> String {
        format!(
            "{}-{}-{}.{EXTENSION}",
            self.content,
            slug(&self.system),
            slug(self.units.name())
        )
    }

    /// Whether a directory name is this model's for another build of the system.
    fn is_superseded(&self, name: &str) -> bool {
        name != self.entry()
            && name
                .strip_prefix(&self.content)
                .is_some_and(|rest| rest.starts_with('-'))
            && name.ends_with(&format!("-{}.{EXTENSION}", slug(self.units.name())))
    }
}

/// Letters and digits, everything else as single hyphens: `Version 14.5 (Build 23F79)` becomes
/// `version-14-5-build-23f79`.
fn slug(text: &str) -> String {
    let words: Vec<String> = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words.join("-")
}

/// Where entries lie.
#[derive(Debug)]
pub(super) struct Store {
    root: PathBuf,
    /// Owns `root` where nothing is kept.
    scratch: Option<Scratch>,
    /// Why nothing is kept although the caller did not ask for that.
    unavailable: Option<String>,
}

impl Store {
    /// Opens the place that the caller chose. `user_caches` is the default one, if the user has a home.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if a directory that the caller named, or the temporary directory, cannot be
    /// written.
    pub(super) fn open(cache: &ModelCache, user_caches: Option<&Path>) -> Result<Self> {
        match cache {
            ModelCache::At(root) => Self::kept(root),
            ModelCache::Off => Self::temporary(None),
            ModelCache::UserCaches => match user_caches {
                Some(root) => Self::kept(root)
                    .or_else(|error| Self::temporary(Some(format!("no cache: {error}")))),
                None => {
                    Self::temporary(Some("no cache: the user has no home directory".to_owned()))
                }
            },
        }
    }

    fn kept(root: &Path) -> Result<Self> {
        let io = |source| Error::Io {
            path: root.to_owned(),
            source,
        };
        fs::create_dir_all(root).map_err(io)?;
        // CoreML is given absolute paths, so that a change of directory in between does no harm.
        let root = std::path::absolute(root).map_err(io)?;
        // A directory may exist and still not be writable.
        Scratch::new_in(&root)?;
        Ok(Self {
            root,
            scratch: None,
            unavailable: None,
        })
    }

    fn temporary(unavailable: Option<String>) -> Result<Self> {
        let scratch = Scratch::new_in(&std::env::temp_dir())?;
        Ok(Self {
            root: scratch.path().to_owned(),
            scratch: Some(scratch),
            unavailable,
        })
    }

    /// The temporary directory, which must outlive the model that was loaded from it.
    pub(super) fn into_scratch(self) -> Option<Scratch> {
        self.scratch
    }

    /// Loads the entry of `key`. `compile` is given an empty directory to work in and tells where the
    /// compiled model is; `load` opens a compiled model and checks that it is sound.
    ///
    /// # Errors
    ///
    /// What `compile` and `load` return, and [`Error::Io`] if files cannot be moved. After an error no
    /// entry is left behind.
    pub(super) fn load<T>(
        &self,
        key: &Key,
        compile: impl FnOnce(&Path) -> Result<PathBuf>,
        load: impl Fn(&Path) -> Result<T>,
    ) -> Result<(T, Origin)> {
        let entry = self.root.join(key.entry());
        let mut broken = None;
        if fs::symlink_metadata(&entry).is_ok() {
            match load(&entry) {
                Ok(loaded) => return Ok((loaded, Origin::Cached)),
                Err(error) => broken = Some(error),
            }
            self.discard(&entry)?;
        }
        self.build(&entry, compile)?;
        match load(&entry) {
            Ok(loaded) => {
                self.discard_superseded(key);
                let origin = match (broken, &self.unavailable) {
                    (Some(error), _) => Origin::Rebuilt(error.to_string()),
                    (None, Some(why)) => Origin::NotKept(why.clone()),
                    (None, None) => Origin::Compiled,
                };
                Ok((loaded, origin))
            }
            Err(error) => {
                self.discard(&entry)?;
                Err(match broken {
                    None => error,
                    Some(first) if first.to_string() == error.to_string() => error,
                    Some(first) => failed(format!(
                        "{error}; the cached copy had failed before: {first}"
                    )),
                })
            }
        }
    }

    /// Compiles into a directory beside the entry, then renames.
    fn build(&self, entry: &Path, compile: impl FnOnce(&Path) -> Result<PathBuf>) -> Result<()> {
        let staging = Scratch::new_in(&self.root)?;
        let work = staging.path().join("work");
        create_dir(&work)?;
        let compiled = compile(&work)?;
        let staged = staging.path().join("entry");
        move_dir(&compiled, &staged)?;
        match fs::rename(&staged, entry) {
            Ok(()) => Ok(()),
            // Another process was quicker; its entry is as good.
            Err(_) if entry.is_dir() => Ok(()),
            Err(source) => Err(Error::Io {
                path: entry.to_owned(),
                source,
            }),
        }
    }

    /// Takes an entry away at once, then deletes it at leisure.
    fn discard(&self, entry: &Path) -> Result<()> {
        let bin = Scratch::new_in(&self.root)?;
        match fs::rename(entry, bin.path().join("entry")) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::Io {
                path: entry.to_owned(),
                source,
            }),
            _ => Ok(()),
        }
    }

    /// Removes what earlier builds of the system left of this model.
    fn discard_superseded(&self, key: &Key) {
        // The model is loaded; a leftover that cannot be listed or removed costs disk space only.
        let Ok(entries) = fs::read_dir(&self.root) else {
            return;
        };
        for entry in entries.flatten() {
            if entry
                .file_name()
                .to_str()
                .is_some_and(|name| key.is_superseded(name))
            {
                let _ = self.discard(&entry.path());
            }
        }
    }
}

/// Where a loaded model came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// A `.mlmodelc` that the caller named.
    Given,
    /// The cache.
    Cached,
    /// Compiled now and put into the cache.
    Compiled,
    /// Compiled now, since the cached entry could not be used for this reason.
    Rebuilt(String),
    /// Compiled now and not kept, for this reason.
    NotKept(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given => f.write_str("compiled model as given"),
            Self::Cached => f.write_str("compiled model from the cache"),
            Self::Compiled => f.write_str("compiled now"),
            Self::Rebuilt(why) => write!(f, "compiled again, the cached copy was broken: {why}"),
            Self::NotKept(why) => write!(f, "compiled now, {why}"),
        }
    }
}

/// `~/Library/Caches/vacancy-sections`, where macOS wants caches.
#[cfg_attr(
    not(target_os = "macos"),
    allow(dead_code, reason = "the macOS session's default")
)]
pub(super) fn user_caches() -> Option<PathBuf> {
    std::env::home_dir()
        .filter(|home| home.is_absolute())
        .map(|home| home.join("Library/Caches/vacancy-sections"))
}

/// Writes the files of a package below `directory`.
///
/// # Errors
///
/// [`Error::Package`] for a path that leaves the directory, [`Error::Io`] if a file cannot be written.
pub(super) fn write_package(files: &[(&str, &[u8])], directory: &Path) -> Result<()> {
    for (path, bytes) in files {
        let relative = Path::new(path);
        let inside = !path.is_empty()
            && relative
                .components()
                .all(|part| matches!(part, Component::Normal(_)));
        if !inside {
            return Err(Error::Package {
                file: (*path).to_owned(),
                place: "path".to_owned(),
                reason: "expected a path inside the package".to_owned(),
            });
        }
        let target = directory.join(relative);
        if let Some(parent) = target.parent() {
            create_dir(parent)?;
        }
        fs::write(&target, bytes).map_err(|source| Error::Io {
            path: target.clone(),
            source,
        })?;
    }
    Ok(())
}

fn create_dir(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|source| Error::Io {
        path: path.to_owned(),
        source,
    })
}

/// Moves a directory, by copying where the two places are on different volumes.
fn move_dir(from: &Path, to: &Path) -> Result<()> {
    match fs::rename(from, to) {
        Ok(()) => Ok(()),
        Err(source) if source.kind() == io::ErrorKind::CrossesDevices => {
            copy_dir(from, to)?;
            // The copy is what counts; the original lies in the system's temporary directory.
            let _ = fs::remove_dir_all(from);
            Ok(())
        }
        Err(source) => Err(Error::Io {
            path: from.to_owned(),
            source,
        }),
    }
}

fn copy_dir(from: &Path, to: &Path) -> Result<()> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Io { path, source }
    };
    create_dir(to)?;
    for item in fs::read_dir(from).map_err(at(from))? {
        let item = item.map_err(at(from))?;
        let (source, target) = (item.path(), to.join(item.file_name()));
        if item.file_type().map_err(at(&source))?.is_dir() {
            copy_dir(&source, &target)?;
        } else {
            fs::copy(&source, &target).map_err(at(&source))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
