//! The section of single fragments.

mod common;

use std::path::PathBuf;
use std::process::ExitCode;

use common::{Outcome, builder, exit_with, style};
use vacancy_sections::Prediction;

const HELP: &str = "\
Says which section of a vacancy each text belongs to.

Usage: classify_fragment [--model DIR] [--json] TEXT…

  --model DIR  model directory (section_classifier.mlpackage, tokenizer.json,
               tokenizer_config.json); default: the embedded model
  --json       one JSON object per text
  --help       this text
";

#[derive(Default)]
struct Options {
    model: Option<PathBuf>,
    json: bool,
    texts: Vec<String>,
}

fn main() -> ExitCode {
    exit_with("classify_fragment", run())
}

fn run() -> Outcome<()> {
    let Some(options) = parse()? else {
        print!("{HELP}");
        return Ok(());
    };
    let classifier = builder(options.model.as_ref()).build()?;
    let predictions = classifier.classify_fragments(&options.texts)?;
    for (text, prediction) in options.texts.iter().zip(&predictions) {
        if options.json {
            println!("{}", json(text, prediction));
        } else {
            print(text, prediction);
        }
    }
    Ok(())
}

fn parse() -> Outcome<Option<Options>> {
    use lexopt::prelude::*;

    let mut options = Options::default();
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("model") => options.model = Some(arguments.value()?.into()),
            Long("json") => options.json = true,
            Long("help") | Short('h') => return Ok(None),
            Value(text) => options.texts.push(text.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    if options.texts.is_empty() {
        return Err("expected at least one TEXT, found none; see --help".into());
    }
    Ok(Some(options))
}

fn print(text: &str, prediction: &Prediction) {
    let style = style(prediction.section);
    println!(
        "{style}{:<16}{style:#} {:>5.1} %  {text}",
        prediction.section,
        100.0 * prediction.probabilities[prediction.section]
    );
}

fn json(text: &str, prediction: &Prediction) -> serde_json::Value {
    let mut object = common::json::prediction(prediction);
    object["text"] = text.into();
    object
}
