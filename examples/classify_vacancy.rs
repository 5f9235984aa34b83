//! A whole vacancy, section by section.

mod common;

use std::path::PathBuf;
use std::process::ExitCode;

use common::{Outcome, builder, exit_with, json, read_text, style, with_aggregator};
use vacancy_sections::VacancySections;

const HELP: &str = "\
Structures a Russian vacancy given as plain text (UTF-8).

Usage: classify_vacancy [--model DIR] [--json] [--aggregator NAME] [FILE|-]

  FILE               the vacancy; `-` reads standard input; default: a sample
  --model DIR        model directory (section_classifier.mlpackage,
                     tokenizer.json, tokenizer_config.json); default: the
                     embedded model
  --aggregator NAME  sequence or majority
  --json             the result as one JSON object, as the feature `serde` makes it
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
        println!("{}", json::sections(&sections));
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
    for (section, passages) in sections {
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
