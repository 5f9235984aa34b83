//! Model directories, whole and damaged.

#![cfg(feature = "embedded-model")]

use std::fs;
use std::path::{Path, PathBuf};

use vacancy_sections::{Error, SectionClassifier};

const PACKAGE: &str = "section_classifier.mlpackage";
const SPEC: &str = "section_classifier.mlpackage/Data/com.apple.CoreML/model.mlmodel";
const WEIGHTS: &str = "section_classifier.mlpackage/Data/com.apple.CoreML/weights/weight.bin";

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            copy(&from.join(&name), &to.join(&name));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

/// A copy of the embedded model's files, to be damaged.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in [PACKAGE, "tokenizer.json", "tokenizer_config.json"] {
            copy(
                &repository().join("assets").join(name),
                &folder.path().join(name),
            );
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn error(&self) -> Error {
        SectionClassifier::from_dir(self.0.path()).unwrap_err()
    }
}

#[track_caller]
fn assert_names(error: &Error, name: &str) {
    let message = error.to_string();
    assert!(message.contains(name), "expected `{name}` in: {message}");
}

#[test]
fn a_directory_gives_what_the_embedded_copy_of_it_gives() {
    let text = "Обязанности:\n- Писать код\nТребования: опыт от 3 лет. Откликайтесь!";
    let from_dir = SectionClassifier::from_dir(Folder::new().0.path()).unwrap();
    let embedded = SectionClassifier::shared().unwrap();
    assert_eq!(
        from_dir.classify_vacancy(text).unwrap(),
        embedded.classify_vacancy(text).unwrap()
    );
}

#[test]
fn a_missing_file_is_named() {
    for name in [SPEC, WEIGHTS, "tokenizer.json", "tokenizer_config.json"] {
        let folder = Folder::new();
        fs::remove_file(folder.path(name)).unwrap();
        assert_names(
            &folder.error(),
            Path::new(name).file_name().unwrap().to_str().unwrap(),
        );
    }
    let error = SectionClassifier::from_dir("no/such/folder").unwrap_err();
    assert_names(&error, PACKAGE);
}

#[test]
fn truncated_files_are_refused() {
    for name in [SPEC, WEIGHTS, "tokenizer.json", "tokenizer_config.json"] {
        let whole = fs::read(repository().join("assets").join(name)).unwrap();
        for kept in [0, 1, whole.len() / 2, whole.len() - 1] {
            let folder = Folder::new();
            fs::write(folder.path(name), &whole[..kept]).unwrap();
            let file = Path::new(name).file_name().unwrap().to_str().unwrap();
            // The configuration without its last line break is the same object.
            match SectionClassifier::from_dir(folder.0.path()) {
                Ok(_) => assert!(name.ends_with("config.json") && kept == whole.len() - 1),
                Err(error) => assert_names(&error, file),
            }
        }
    }
}

#[test]
fn a_clone_without_git_lfs_is_told_how_to_get_the_file() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
    for name in [SPEC, WEIGHTS, "tokenizer.json", "tokenizer_config.json"] {
        let folder = Folder::new();
        fs::write(folder.path(name), pointer).unwrap();
        let error = folder.error();
        assert_names(
            &error,
            Path::new(name).file_name().unwrap().to_str().unwrap(),
        );
        assert_names(&error, "`git lfs pull`");
    }
}

#[test]
fn a_foreign_specification_is_refused() {
    let folder = Folder::new();
    fs::write(folder.path(SPEC), b"\x89PNG\r\n\x1a\n and so on").unwrap();
    assert_names(&folder.error(), "model.mlmodel");
}

#[test]
fn a_tokenizer_larger_than_the_embedding_table_is_refused() {
    let folder = Folder::new();
    fs::remove_dir_all(folder.path(PACKAGE)).unwrap();
    let small = repository().join("tests/data/packages/bert_eager.mlpackage");
    copy(&small, &folder.path(PACKAGE));
    let error = folder.error();
    assert!(matches!(error, Error::Builder { .. }), "{error}");
    assert_names(&error, "tokenizer does not match the model");
}
