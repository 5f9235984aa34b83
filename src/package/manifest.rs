//! `Manifest.json`: which files make up the package.

use serde_json::Value;

use super::{path, quote};
use crate::error::{Error, Result};

/// Where the manifest lies in a package.
pub(super) const MANIFEST: &str = "Manifest.json";

/// The directory that the manifest's item paths are relative to.
const DATA: &str = "Data";

/// Major version of the package format that is read; coremltools 9.0 writes `1.0.0`.
const FORMAT_MAJOR: &str = "1";

/// What the manifest says: the paths of the items, relative to the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    /// The model specification.
    pub(super) root_model: String,
    /// All items, files or directories, the root model included; sorted, without repeats.
    pub(super) items: Vec<String>,
}

impl Manifest {
    /// Reads the manifest.
    ///
    /// # Errors
    ///
    /// [`Error::Package`] when it is not a manifest, when its root model is not among its items, or
    /// when a path leaves the package.
    pub(super) fn parse(json: &[u8]) -> Result<Self> {
        let manifest: Value = serde_json::from_slice(json).map_err(|error| {
            invalid(
                &format!("line {}, column {}", error.line(), error.column()),
                format!("not JSON: {error}"),
            )
        })?;
        let Value::Object(manifest) = manifest else {
            return Err(invalid("document", "expected a JSON object"));
        };
        if let Some(version) = manifest.get("fileFormatVersion") {
            let major = version.as_str().and_then(|v| v.split('.').next());
            if major != Some(FORMAT_MAJOR) {
                return Err(invalid(
                    "fileFormatVersion",
                    format!(
                        "expected {FORMAT_MAJOR}.x, found {}",
                        quote::text(&version.to_string())
                    ),
                ));
            }
        }
        let Some(Value::String(root)) = manifest.get("rootModelIdentifier") else {
            return Err(invalid(
                "rootModelIdentifier",
                "expected the identifier of an item",
            ));
        };
        let Some(Value::Object(entries)) = manifest.get("itemInfoEntries") else {
            return Err(invalid(
                "itemInfoEntries",
                "expected an object of items by identifier",
            ));
        };

        let mut items = Vec::new();
        let mut root_model = None;
        for (identifier, entry) in entries {
            let place = || format!("itemInfoEntries.{}.path", quote::text(identifier));
            let Some(Value::String(item)) = entry.get("path") else {
                return Err(invalid(&place(), "expected a path relative to `Data`"));
            };
            path::check(item).map_err(|reason| invalid(&place(), reason))?;
            let item = format!("{DATA}/{item}");
            if identifier == root {
                root_model = Some(item.clone());
            }
            items.push(item);
        }
        items.sort_unstable();
        items.dedup();
        let root_model = root_model.ok_or_else(|| {
            invalid(
                "rootModelIdentifier",
                format!("{} is none of the items", quote::text(root)),
            )
        })?;
        Ok(Self { root_model, items })
    }

    /// Whether a path is the manifest or belongs to one of its items.
    pub(super) fn covers(&self, path: &str) -> bool {
        path == MANIFEST
            || self
                .items
                .iter()
                .any(|item| path == item || (path::is_within(path, item) && !path::is_hidden(path)))
    }
}

fn invalid(place: &str, reason: impl Into<String>) -> Error {
    Error::Package {
        file: MANIFEST.to_owned(),
        place: place.to_owned(),
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The layout that coremltools 9.0 writes.
    const GENUINE: &str = r#"{
        "fileFormatVersion": "1.0.0",
        "itemInfoEntries": {
            "20e86ea3-ba04-4ab8-af21-ae1b00dfca9b": {
                "author": "com.apple.CoreML",
                "description": "CoreML Model Weights",
                "name": "weights",
                "path": "com.apple.CoreML/weights"
            },
            "ebc98256-4add-4cea-8b83-d225175f402c": {
                "author": "com.apple.CoreML",
                "description": "CoreML Model Specification",
                "name": "model.mlmodel",
                "path": "com.apple.CoreML/model.mlmodel"
            }
        },
        "rootModelIdentifier": "ebc98256-4add-4cea-8b83-d225175f402c"
    }"#;

    fn refusal(json: &str) -> String {
        Manifest::parse(json.as_bytes()).unwrap_err().to_string()
    }

    fn with_path(path: &str) -> String {
        format!(
            r#"{{"itemInfoEntries":{{"a":{{"path":{}}}}},"rootModelIdentifier":"a"}}"#,
            Value::from(path)
        )
    }

    #[test]
    fn a_genuine_manifest_yields_its_items_under_data() {
        let manifest = Manifest::parse(GENUINE.as_bytes()).unwrap();
        assert_eq!(
            manifest,
            Manifest {
                root_model: "Data/com.apple.CoreML/model.mlmodel".to_owned(),
                items: vec![
                    "Data/com.apple.CoreML/model.mlmodel".to_owned(),
                    "Data/com.apple.CoreML/weights".to_owned(),
                ],
            }
        );
        assert!(manifest.covers("Manifest.json"));
        assert!(manifest.covers("Data/com.apple.CoreML/weights/weight.bin"));
        assert!(!manifest.covers("Data/com.apple.CoreML/weights/.DS_Store"));
        assert!(!manifest.covers("Data/com.apple.CoreML/notes.txt"));
    }

    #[test]
    fn paths_that_leave_the_package_are_refused() {
        for path in [
            "../../secret",
            "/etc/passwd",
            "com.apple.CoreML/../../x",
            "..\\..\\secret",
            "C:\\x",
            "C:x",
            "",
        ] {
            let refusal = refusal(&with_path(path));
            assert!(
                refusal.starts_with("Manifest.json: itemInfoEntries.`a`.path: path "),
                "{refusal}"
            );
        }
        assert!(Manifest::parse(with_path("model.mlmodel").as_bytes()).is_ok());
    }

    #[test]
    fn each_missing_or_wrong_part_has_its_own_message() {
        for (json, expected) in [
            ("", "Manifest.json: line 1, column 0: not JSON"),
            ("{", "Manifest.json: line 1, column 1: not JSON"),
            ("[]", "Manifest.json: document: expected a JSON object"),
            (
                r#"{"itemInfoEntries":{}}"#,
                "Manifest.json: rootModelIdentifier: expected the identifier of an item",
            ),
            (
                r#"{"rootModelIdentifier":"a"}"#,
                "Manifest.json: itemInfoEntries: expected an object",
            ),
            (
                r#"{"rootModelIdentifier":"a","itemInfoEntries":{}}"#,
                "Manifest.json: rootModelIdentifier: `a` is none of the items",
            ),
            (
                r#"{"rootModelIdentifier":"a","itemInfoEntries":{"a":{"name":"x"}}}"#,
                "Manifest.json: itemInfoEntries.`a`.path: expected a path",
            ),
            (
                r#"{"rootModelIdentifier":"a","itemInfoEntries":{"a":7}}"#,
                "Manifest.json: itemInfoEntries.`a`.path: expected a path",
            ),
            (
                r#"{"fileFormatVersion":"2.0.0"}"#,
                "Manifest.json: fileFormatVersion: expected 1.x, found",
            ),
            (
                r#"{"fileFormatVersion":1}"#,
                "Manifest.json: fileFormatVersion: expected 1.x, found `1`",
            ),
        ] {
            let refusal = refusal(json);
            assert!(refusal.starts_with(expected), "{json}: {refusal}");
        }
    }

    #[test]
    fn deep_nesting_is_an_error() {
        assert!(refusal(&"[".repeat(100_000)).contains("not JSON"));
    }

    #[test]
    fn bytes_that_are_not_utf8_are_an_error() {
        assert!(Manifest::parse(b"\xff\xfe{}").is_err());
    }
}
