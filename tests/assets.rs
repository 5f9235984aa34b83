//! The embedded files are the ones that the model card names.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Rows `| path | sha256 |` of the card.
fn card() -> BTreeMap<String, String> {
    let card = include_str!("../assets/MODEL_CARD.md");
    card.lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            match cells[..] {
                [path, hash] if hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
                    Some((path.to_owned(), hash.to_owned()))
                }
                _ => None,
            }
        })
        .collect()
}

fn files_under(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_under(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn every_packaged_file_has_the_hash_on_the_card() {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let mut files = vec![
        assets.join("sequence.bin"),
        assets.join("tokenizer.json"),
        assets.join("tokenizer_config.json"),
    ];
    files_under(&assets.join("section_classifier.mlpackage"), &mut files);
    let mut found = BTreeMap::new();
    for file in files {
        let name = file.strip_prefix(&assets).unwrap().to_str().unwrap();
        let hash = Sha256::digest(fs::read(&file).unwrap());
        let hash = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        found.insert(name.replace('\\', "/"), hash);
    }
    assert_eq!(found, card());
}
