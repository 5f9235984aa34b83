//! The kept corpora of the fuzzers, and every input that once crashed one, on any toolchain.

#![cfg(all(
    feature = "html",
    feature = "model",
    feature = "testing",
    feature = "unicode"
))]

#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::path::PathBuf;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(
        files.len() >= 10,
        "{}: {} inputs",
        folder.display(),
        files.len()
    );
    for file in files {
        // Shown when the check panics.
        println!("{}", file.display());
        check(&std::fs::read(&file).unwrap());
    }
}

#[test]
fn aggregator() {
    replay("aggregator", targets::aggregator::check);
}

#[test]
fn chunker() {
    replay("chunker", targets::chunker::check);
}

#[test]
fn document() {
    replay("document", targets::document::check);
}

#[test]
fn encoder() {
    replay("encoder", targets::encoder::check);
}

#[test]
fn package() {
    replay("package", targets::package::check);
}

#[test]
fn program() {
    replay("program", targets::program::check);
}

#[test]
fn vacancy() {
    replay("vacancy", targets::vacancy::check);
}
