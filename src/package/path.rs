//! Paths inside a package.

use super::quote;

/// Checks that a path stays inside the package on every operating system.
///
/// Only relative paths of plain components joined by `/` pass. `\` and `:` are refused although
/// Unix allows them in names: on Windows they separate components and name drives and streams, and
/// an embedded package may be written to disk there.
///
/// # Errors
///
/// What is wrong with the path, to be put into an error that names the file.
pub(super) fn check(path: &str) -> Result<(), String> {
    let refuse = |reason: &str| Err(format!("path {} {reason}", quote::text(path)));
    if path.is_empty() {
        return refuse("is empty");
    }
    if path.starts_with('/') {
        return refuse("is absolute: expected one relative to the package");
    }
    if let Some(bad) = path
        .chars()
        .find(|&c| c == '\\' || c == ':' || c.is_control())
    {
        return refuse(&format!("holds the character {bad:?}"));
    }
    for component in path.split('/') {
        match component {
            ".." => return refuse("leaves the package"),
            "." | "" => return refuse("has an empty component"),
            _ => {}
        }
    }
    Ok(())
}

/// Whether `path` is `item` itself or lies in the directory `item`.
pub(super) fn is_within(path: &str, item: &str) -> bool {
    path.strip_prefix(item)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether the last component starts with a dot: what file managers leave behind.
pub(super) fn is_hidden(path: &str) -> bool {
    path.rsplit('/')
        .next()
        .is_some_and(|name| name.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_relative_paths_pass() {
        for path in [
            "Manifest.json",
            "Data/com.apple.CoreML/weights/weight.bin",
            "Data/модель..mlmodel",
            "..a/b..",
        ] {
            assert_eq!(check(path), Ok(()), "{path}");
        }
    }

    #[test]
    fn paths_that_leave_the_package_are_refused() {
        for path in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "../x",
            "a/../b",
            "a/..",
            "./a",
            "a//b",
            "a/",
            "..\\x",
            "a\\..\\..\\x",
            "\\\\server\\share",
            "C:x",
            "C:/x",
            "a:stream",
            "a\0b",
            "a\nb",
        ] {
            assert!(check(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn a_directory_holds_what_lies_below_it() {
        assert!(is_within("Data/w", "Data/w"));
        assert!(is_within("Data/w/a.bin", "Data/w"));
        assert!(!is_within("Data/weights", "Data/w"));
        assert!(!is_within("Data", "Data/w"));
    }

    #[test]
    fn hidden_is_said_of_the_last_component() {
        assert!(is_hidden("Data/.DS_Store"));
        assert!(!is_hidden("Data/.x/a"));
        assert!(!is_hidden("a.b"));
    }
}
