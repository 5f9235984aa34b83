//! `Manifest.json`.

use crate::sound::{Case, MANIFEST, with};

fn json(name: &'static str, json: impl Into<Vec<u8>>, says: &'static str) -> Case {
    Case {
        name,
        files: with(MANIFEST, |bytes| *bytes = json.into()),
        says,
    }
}

fn path(name: &'static str, path: &str, says: &'static str) -> Case {
    let manifest = format!(
        r#"{{"itemInfoEntries": {{"a": {{"path": {path:?}}}}}, "rootModelIdentifier": "a"}}"#
    );
    json(name, manifest, says)
}

pub fn cases() -> Vec<Case> {
    let items = r#""itemInfoEntries": {"a": {"path": "com.apple.CoreML/model.mlmodel"}}"#;
    vec![
        json(
            "manifest: empty",
            "",
            "Manifest.json: line 1, column 0: not JSON",
        ),
        json(
            "manifest: cut",
            "{\"file",
            "Manifest.json: line 1, column 6: not JSON",
        ),
        json(
            "manifest: not UTF-8",
            *b"{\"\xff\":1}",
            "Manifest.json: line 1, column 3: not JSON",
        ),
        json(
            "manifest: deeper than any stack",
            "[".repeat(500_000),
            "Manifest.json: line 1, column 128: not JSON",
        ),
        json(
            "manifest: a list",
            "[1]",
            "Manifest.json: document: expected a JSON object",
        ),
        json(
            "manifest: of a later version",
            r#"{"fileFormatVersion": "9.0"}"#,
            "Manifest.json: fileFormatVersion: expected 1.x, found",
        ),
        json(
            "manifest: without root",
            format!("{{{items}}}"),
            "Manifest.json: rootModelIdentifier: expected",
        ),
        json(
            "manifest: root of no item",
            format!(r#"{{{items}, "rootModelIdentifier": "b"}}"#),
            "Manifest.json: rootModelIdentifier: `b` is none of the items",
        ),
        json(
            "manifest: no items",
            r#"{"rootModelIdentifier": "a"}"#,
            "Manifest.json: itemInfoEntries: expected",
        ),
        json(
            "manifest: items without path",
            r#"{"itemInfoEntries": {"a": {"path": 1}}, "rootModelIdentifier": "a"}"#,
            "Manifest.json: itemInfoEntries.`a`.path: expected",
        ),
        path(
            "manifest: up and away",
            "../../etc/passwd",
            "Manifest.json: itemInfoEntries.`a`.path: path `../../etc/passwd` leaves the package",
        ),
        path(
            "manifest: up in the middle",
            "com.apple.CoreML/../../x",
            "itemInfoEntries.`a`.path: path `com.apple.CoreML/../../x` leaves the package",
        ),
        path(
            "manifest: absolute",
            "/etc/passwd",
            "Manifest.json: itemInfoEntries.`a`.path: path `/etc/passwd` is absolute",
        ),
        path(
            "manifest: a drive",
            "C:/x",
            "Manifest.json: itemInfoEntries.`a`.path: path `C:/x` holds the character ':'",
        ),
        path(
            "manifest: a backslash",
            "..\\x",
            "itemInfoEntries.`a`.path: path `..\\\\x` holds the character",
        ),
        path(
            "manifest: an empty component",
            "a//b",
            "Manifest.json: itemInfoEntries.`a`.path: path `a//b` has an empty component",
        ),
        path(
            "manifest: the root model is not there",
            "other.mlmodel",
            "Data/other.mlmodel: package: missing, the manifest names it as the root model",
        ),
        path(
            "manifest: the root model is a directory",
            "com.apple.CoreML/weights",
            "Data/com.apple.CoreML/weights: package: missing, the manifest names it as the root model",
        ),
    ]
}
