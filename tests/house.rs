//! The house is as its plan says: who may know of whom, and how large a file may be.

use std::fs;
use std::path::{Path, PathBuf};

/// What everything may use, then the stages in the order of the data flow. A module may use what stands
/// before it, itself included; `classifier` alone sees them all.
const ORDER: [&str; 15] = [
    "section",
    "space",
    "span",
    "steps",
    "error",
    "prediction",
    "api",
    "document",
    "chunk",
    "encode",
    "package",
    "session",
    "aggregate",
    "report",
    "classifier",
];

/// Stages that know nothing of what stands before them but the first six and these.
const STAGES: [(&str, &[&str]); 8] = [
    ("api", &[]),
    ("document", &[]),
    ("chunk", &[]),
    ("encode", &[]),
    ("package", &[]),
    ("session", &["package"]),
    // The layout of a block is a hint for its section.
    ("aggregate", &["document"]),
    ("report", &["aggregate"]),
];

const COMMON: usize = 6;

/// Longest file, in lines.
const LONGEST: usize = 500;

/// Longer, with a reason: tables of cases, one after the other, where nothing is gained by a cut.
const TABLES: [&str; 2] = [
    "src/session/portable/tests/errors.rs",
    "src/session/portable/tests/forms.rs",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a folder, with its path from the root of the repository.
fn files(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    visit(&root().join(folder), &mut found);
    found
}

fn visit(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("target") {
                visit(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap();
            found.push((
                name.replace('\\', "/"),
                fs::read_to_string(&path).unwrap().replace("\r\n", "\n"),
            ));
        }
    }
}

/// The top-level module that a file belongs to.
fn module(file: &str) -> &str {
    let path = file.trim_start_matches("src/");
    let first = path.split('/').next().unwrap();
    first.trim_end_matches(".rs")
}

/// Modules named after `crate::` outside of comments, and outside of tests, which may build on anything.
fn uses(file: &str, text: &str) -> Vec<String> {
    if file.ends_with("/tests.rs") || file.contains("/tests/") {
        return Vec::new();
    }
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_');
            rest[..end.unwrap_or(rest.len())].to_owned()
        })
        .filter(|module| !module.is_empty())
        .collect()
}

#[test]
fn imports_follow_the_data_flow() {
    let mut arrows = 0;
    for (file, text) in files("src") {
        let from = module(&file);
        if from == "lib" || from == "classifier" {
            continue;
        }
        let place = ORDER.iter().position(|&name| name == from);
        let place = place.unwrap_or_else(|| panic!("{file}: `{from}` has no place in the order"));
        let allowed = STAGES.iter().find(|(stage, _)| *stage == from);
        for to in uses(&file, &text) {
            let common = ORDER[..COMMON].contains(&to.as_str());
            // They describe each other: an error names a section, a section's name can be wrong.
            let among_common = place < COMMON && common;
            let of_stage = allowed.is_some_and(|(_, others)| others.contains(&to.as_str()));
            assert!(
                to == from || (common && place >= COMMON) || among_common || of_stage,
                "{file}: `{from}` must not know of `{to}`"
            );
            arrows += usize::from(to != from);
        }
    }
    assert!(
        arrows > 50,
        "{arrows} imports were found: are they read at all?"
    );
}

#[test]
fn files_are_small() {
    let mut all = Vec::new();
    for folder in [
        "src", "examples", "tests", "benches", "crates", "fuzz", "tools",
    ] {
        all.extend(files(folder));
    }
    assert!(all.len() > 100);
    for (file, text) in all {
        let lines = text.lines().count();
        let table = TABLES.contains(&file.as_str());
        assert!(
            lines <= LONGEST || table,
            "{file}: {lines} lines, expected at most {LONGEST}"
        );
        assert!(
            lines > LONGEST || !table,
            "{file}: needs no exception any more"
        );
    }
}

/// Files that may hold `unsafe`.
const UNSAFE: [&str; 2] = [
    "src/session/coreml/ffi.rs",
    "src/session/portable/fused/kernels/int8.rs",
];

#[test]
fn unsafe_stands_in_two_files() {
    let holds = |text: &str| {
        let mut lines = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        lines.any(|line| {
            line.split(|c: char| !c.is_alphanumeric() && c != '_')
                .any(|word| word == "unsafe")
        })
    };
    let mut found: Vec<String> = files("src")
        .into_iter()
        .filter(|(_, text)| holds(text))
        .map(|(file, _)| file)
        .collect();
    found.sort();
    assert_eq!(found, UNSAFE);
}

#[test]
fn every_import_of_a_mistaken_kind_is_seen() {
    let text = "use crate::report::Fragment;\n// crate::chunk\nfn f() { crate::session::x() }\n\
                #[cfg(test)]\nmod tests { use crate::encode::Window; }";
    assert_eq!(uses("src/chunk/mod.rs", text), ["report", "session"]);
}
