//! Directories that vanish when their owner does.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use crate::error::{Error, Result};

/// Attempts at a name that nothing else has.
const ATTEMPTS: u32 = 16;

/// A directory of our own, removed with all it holds on drop.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes a new directory below `parent`, readable by this user alone.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if `parent` is missing or cannot be written.
    pub(super) fn new_in(parent: &Path) -> Result<Self> {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let path = parent.join(format!(".{}", unique_name()));
            match private_dir(&path) {
                Ok(()) => return Ok(Self { path }),
                Err(source) if source.kind() == io::ErrorKind::AlreadyExists => last = Some(source),
                Err(source) => return Err(Error::Io { path, source }),
            }
        }
        Err(Error::Io {
            path: parent.to_owned(),
            source: last.unwrap_or_else(|| io::ErrorKind::AlreadyExists.into()),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A drop has nobody to report to; what is left lies where the system cleans up by itself.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// A name that no other thread, process or earlier run uses.
pub(super) fn unique_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_nanos());
    format!(
        "vacancy-sections-{}-{}-{now}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

fn private_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_vanishes_with_what_it_holds() {
        let parent = tempfile::tempdir().unwrap();
        let scratch = Scratch::new_in(parent.path()).unwrap();
        let path = scratch.path().to_owned();
        fs::create_dir(path.join("inner")).unwrap();
        fs::write(path.join("inner/file"), "x").unwrap();
        drop(scratch);
        assert!(!path.exists());
        assert!(parent.path().exists());
    }

    #[test]
    fn two_never_share_a_directory() {
        let parent = tempfile::tempdir().unwrap();
        let first = Scratch::new_in(parent.path()).unwrap();
        let second = Scratch::new_in(parent.path()).unwrap();
        assert_ne!(first.path(), second.path());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let scratch = Scratch::new_in(parent.path()).unwrap();
        let mode = fs::metadata(scratch.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }

    #[test]
    fn a_missing_parent_is_named_in_the_error() {
        let parent = tempfile::tempdir().unwrap();
        let missing = parent.path().join("missing");
        let error = Scratch::new_in(&missing).unwrap_err();
        assert!(error.to_string().contains("missing"), "{error}");
    }
}
