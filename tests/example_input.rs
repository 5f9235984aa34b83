//! What the examples say of files that they cannot read.

#[path = "../examples/common/mod.rs"]
mod common;

use common::read_text;

#[test]
fn a_file_in_another_encoding_is_refused_with_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cp1251.txt");
    std::fs::write(&path, b"abc \xce\xef\xfb\xf2").unwrap();
    let message = read_text(path.to_str().unwrap()).unwrap_err().to_string();
    assert!(message.contains("cp1251.txt"), "{message}");
    assert!(message.contains("expected UTF-8"), "{message}");
    assert!(message.contains("byte 4"), "{message}");
}

#[test]
fn a_missing_file_is_named() {
    let message = read_text("no/such.txt").unwrap_err().to_string();
    assert!(message.starts_with("no/such.txt: "), "{message}");
}
