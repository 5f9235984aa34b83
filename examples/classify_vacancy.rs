//! A whole vacancy, section by section.

mod common;

use std::path::PathBuf;
use std::process::ExitCode;

use common::{Outcome, builder, exit_with, read_text, style, with_aggregator};
use vacancy_sections::{Passage, Section, VacancySections};

const HELP: &str = "\
Structures a Russian vacancy given as plain text (UTF-8).

Usage: classify_vacancy [--model DIR] [--json] [--aggregator NAME] [FILE|-]

  FILE               the vacancy; `-` reads standard input; default: a sample
  --model DIR        model directory (section_classifier.mlpackage,
                     tokenizer.json, tokenizer_config.json); default: the
                     embedded model
  --aggregator NAME  sequence or majority
  --json             the result as one JSON object
  --help             this text
";

const SAMPLE: &str = include_str!("../assets/sample_vacancy.txt");

#[derive(Default)]
struct Options {
    model: Option<PathBuf>,
    aggregator: Option<String>,
    json: bool,
    file: Option<String>,
}

fn main() -> ExitCode {
    exit_with("classify_vacancy", run())
}

fn run() -> Outcome<()> {
    let Some(options) = parse()? else {
        print!("{HELP}");
        return Ok(());
    };
    let text = match &options.file {
        Some(file) => read_text(file)?,
        None => SAMPLE.to_owned(),
    };
    let builder = with_aggregator(
        builder(options.model.as_ref()),
        options.aggregator.as_deref(),
    )?;
    let sections = builder.build()?.classify_vacancy(&text)?;
    if options.json {
        println!("{}", json(&sections));
    } else {
        print(&sections);
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
            Long("aggregator") => options.aggregator = Some(arguments.value()?.string()?),
            Long("json") => options.json = true,
            Long("help") | Short('h') => return Ok(None),
            Value(file) if options.file.is_none() => options.file = Some(file.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(options))
}

fn print(sections: &VacancySections) {
    let mut first = true;
    for section in Section::ALL {
        let passages = sections.passages(section);
        if passages.is_empty() {
            continue;
        }
        if !first {
            println!();
        }
        first = false;
        let style = style(section);
        println!("{style}{}{style:#}  ({section})", section.title_ru());
        for passage in passages {
            println!("  • {}", passage.text);
        }
    }
}

fn json(sections: &VacancySections) -> serde_json::Value {
    let passages = |passages: &[Passage]| -> Vec<serde_json::Value> {
        let object = |passage: &Passage| {
            serde_json::json!({
                "text": passage.text,
                "span": [passage.span.start, passage.span.end],
            })
        };
        passages.iter().map(object).collect()
    };
    let fragments: Vec<_> = sections
        .fragments
        .iter()
        .map(|fragment| {
            serde_json::json!({
                "text": fragment.text,
                "span": [fragment.span.start, fragment.span.end],
                "block": fragment.block,
                "section": fragment.section.name(),
                "heading": fragment.heading,
                "probabilities": fragment.probabilities.to_array(),
            })
        })
        .collect();
    let headings: Vec<_> = sections
        .headings
        .iter()
        .map(|heading| {
            serde_json::json!({
                "text": heading.text,
                "span": [heading.span.start, heading.span.end],
                "section": heading.section.name(),
            })
        })
        .collect();
    serde_json::json!({
        "responsibilities": passages(&sections.responsibilities),
        "requirements": passages(&sections.requirements),
        "terms": passages(&sections.terms),
        "notes": passages(&sections.notes),
        "orphans": passages(&sections.orphans),
        "headings": headings,
        "fragments": fragments,
    })
}
