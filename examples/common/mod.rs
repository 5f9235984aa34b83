//! What the examples share: arguments, input and colours.

#![allow(dead_code)]

pub mod json;
pub mod page;

use std::error::Error;
use std::io::{IsTerminal, Read};
use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use vacancy_sections::{ClassifierBuilder, Section, SectionClassifier};

pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// Prints an error with its position in the chain and ends the program with code 2.
pub fn exit_with(program: &str, outcome: Outcome<()>) -> std::process::ExitCode {
    match outcome {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{program}: {error}");
            std::process::ExitCode::from(2)
        }
    }
}

/// A builder on the model directory, or on the embedded model.
pub fn builder(model: Option<&PathBuf>) -> ClassifierBuilder {
    match model {
        Some(folder) => SectionClassifier::builder().model_dir(folder),
        None => SectionClassifier::builder(),
    }
}

/// Sets the aggregator by name; without a name the default stays.
pub fn with_aggregator(
    builder: ClassifierBuilder,
    name: Option<&str>,
) -> Outcome<ClassifierBuilder> {
    match name {
        None => Ok(builder),
        Some("majority") => Ok(builder.aggregator(vacancy_sections::MajorityVote)),
        Some("sequence") => Ok(builder.aggregator(vacancy_sections::SequenceAggregator::new())),
        Some(other) => {
            Err(format!("unknown aggregator `{other}`: expected majority or sequence").into())
        }
    }
}

/// The text of a file, or of standard input for `-`.
pub fn read_text(path: &str) -> Outcome<String> {
    let mut bytes = Vec::new();
    if path == "-" {
        std::io::stdin().read_to_end(&mut bytes)?;
    } else {
        bytes = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("{path}: expected UTF-8, found another encoding at byte {at}")
    })?;
    Ok(text)
}

/// How a section looks on a terminal; plain elsewhere.
pub fn style(section: Section) -> Style {
    if !std::io::stdout().is_terminal() || std::env::var_os("NO_COLOR").is_some() {
        return Style::new();
    }
    let colour = match section {
        Section::Responsibilities => AnsiColor::Blue,
        Section::Requirements => AnsiColor::Magenta,
        Section::Terms => AnsiColor::Green,
        Section::Notes => AnsiColor::Yellow,
        Section::Junk => AnsiColor::BrightBlack,
    };
    Style::new().bold().fg_color(Some(colour.into()))
}
