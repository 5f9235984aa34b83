//! A page that shows how a vacancy was understood.

#[path = "../common/mod.rs"]
mod common;
mod render;

use std::path::PathBuf;
use std::process::ExitCode;

use common::{Outcome, builder, exit_with, read_text, with_aggregator};
use vacancy_sections::Document;

const HELP: &str = "\
Writes a self-contained HTML page: the vacancy with its fragments coloured by
section, headings marked, junk greyed, probabilities on hover or tap.

Usage: annotate [--html] [--model DIR] [--aggregator NAME] -o OUT.html [FILE|-]

  FILE               the vacancy in UTF-8; `-` reads standard input; default: a
                     sample
  --html             the vacancy is HTML, as job boards store it, not plain text
  -o, --output FILE  where the page goes; `-` is standard output
  --model DIR        model directory (section_classifier.mlpackage,
                     tokenizer.json, tokenizer_config.json); default: the
                     embedded model
  --aggregator NAME  sequence or majority
  --help             this text
";

const SAMPLE: &str = include_str!("../../assets/sample_vacancy.txt");
const HTML_SAMPLE: &str = include_str!("../../assets/sample_vacancy.html");

#[derive(Default)]
struct Options {
    html: bool,
    model: Option<PathBuf>,
    aggregator: Option<String>,
    output: Option<String>,
    file: Option<String>,
}

fn main() -> ExitCode {
    exit_with("annotate", run())
}

fn run() -> Outcome<()> {
    let Some(options) = parse()? else {
        print!("{HELP}");
        return Ok(());
    };
    let output = options
        .output
        .as_deref()
        .ok_or("expected -o OUT.html; see --help")?;
    let source = match &options.file {
        Some(file) => read_text(file)?,
        None if options.html => HTML_SAMPLE.to_owned(),
        None => SAMPLE.to_owned(),
    };
    let builder = with_aggregator(
        builder(options.model.as_ref()),
        options.aggregator.as_deref(),
    )?;
    let classifier = builder.build()?;
    let page = if options.html {
        let document = Document::from_html(&source);
        let sections = classifier.classify_document(&document)?;
        render::page(&sections, &render::blocks(&document, &sections))
    } else {
        let sections = classifier.classify_vacancy(&source)?;
        render::page(&sections, &render::lines(&source, &sections))
    };
    if output == "-" {
        print!("{page}");
    } else {
        std::fs::write(output, page).map_err(|error| format!("{output}: {error}"))?;
    }
    Ok(())
}

fn parse() -> Outcome<Option<Options>> {
    use lexopt::prelude::*;

    let mut options = Options::default();
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("html") => options.html = true,
            Long("model") => options.model = Some(arguments.value()?.into()),
            Long("aggregator") => options.aggregator = Some(arguments.value()?.string()?),
            Long("output") | Short('o') => options.output = Some(arguments.value()?.string()?),
            Long("help") | Short('h') => return Ok(None),
            Value(file) if options.file.is_none() => options.file = Some(file.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(options))
}
