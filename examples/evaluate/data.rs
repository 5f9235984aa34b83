//! Labelled vacancies, one JSON object per line.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::Deserialize;
use vacancy_sections::Section;

use crate::common::Outcome;

/// A fragment with its label.
#[derive(Deserialize)]
struct Row {
    fragments: Vec<LabelledRow>,
}

#[derive(Deserialize)]
struct LabelledRow {
    block: usize,
    text: String,
    label: String,
    #[serde(default)]
    heading: bool,
}

/// A fragment of a vacancy with the section that people gave it.
pub struct Labelled {
    pub block: usize,
    pub text: String,
    pub label: Section,
    /// Whether the line only announces the section that follows.
    pub heading: bool,
}

/// The vacancies of a `.jsonl` or `.jsonl.gz` file, each a list of fragments.
pub fn read(path: &Path) -> Outcome<Vec<Vec<Labelled>>> {
    let at = |line: usize| format!("{}:{}", path.display(), line + 1);
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let reader: Box<dyn Read> = if path.extension().is_some_and(|extension| extension == "gz") {
        Box::new(flate2::read::MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    };
    let mut vacancies = Vec::new();
    for (number, line) in BufReader::new(reader).lines().enumerate() {
        let line = line.map_err(|error| format!("{}: {error}", at(number)))?;
        if line.trim().is_empty() {
            continue;
        }
        let row: Row =
            serde_json::from_str(&line).map_err(|error| format!("{}: {error}", at(number)))?;
        let fragments = row
            .fragments
            .into_iter()
            .map(|fragment| {
                Ok(Labelled {
                    block: fragment.block,
                    text: fragment.text,
                    label: fragment.label.parse()?,
                    heading: fragment.heading,
                })
            })
            .collect::<Result<Vec<_>, vacancy_sections::Error>>()
            .map_err(|error| format!("{}: {error}", at(number)))?;
        vacancies.push(fragments);
    }
    Ok(vacancies)
}
