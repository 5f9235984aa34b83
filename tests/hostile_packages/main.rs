//! Damaged and malicious packages: each is refused with the file and the place named, without a panic
//! and without taking more memory than goes with its size.

#![cfg(feature = "model")]

mod classifier;
mod description;
mod manifest;
mod program;
mod sound;
mod specification;
mod weights;

use std::collections::BTreeSet;

use sound::{Case, Files};
use vacancy_sections::{MlPackage, PortableSession};

/// What any package may take, and what it may take for each of its bytes.
const MEMORY: (u64, u64) = (2 << 20, 40);

/// What reading a package and preparing its program says.
fn refusal(files: &Files) -> String {
    let owned = files.iter().map(|(path, bytes)| (*path, bytes.clone()));
    match MlPackage::from_files(owned).and_then(|package| PortableSession::new(&package)) {
        Ok(_) => "taken".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn sound_packages_are_taken() {
    assert_eq!(refusal(&sound::tiny()), "taken");
}

#[test]
fn every_package_is_refused_where_it_is_wrong() {
    let cases: Vec<Case> = [
        manifest::cases(),
        specification::cases(),
        description::cases(),
        program::cases(),
        weights::cases(),
    ]
    .concat();
    assert!(cases.len() >= 60, "{} cases", cases.len());
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), cases.len(), "two cases have one name");

    let mut wrong = Vec::new();
    for Case { name, files, says } in &cases {
        let mut said = String::new();
        let memory = allocation_counter::measure(|| said = refusal(files));
        let size: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        let allowed = MEMORY.0 + MEMORY.1 * size as u64;
        assert!(!says.is_empty(), "{name}");
        if !said.contains(says) || said.len() > 600 || said.contains(char::is_control) {
            wrong.push(format!("{name}: expected {says:?}, found {said:?}"));
        }
        if memory.bytes_max > allowed {
            let peak = memory.bytes_max;
            wrong.push(format!("{name}: {size} bytes took {peak} of memory"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
