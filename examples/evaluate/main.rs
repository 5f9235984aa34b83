//! Measures a model on labelled vacancies.

#[path = "../common/mod.rs"]
mod common;
mod data;
mod metrics;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use common::{Outcome, builder, exit_with, with_aggregator};
use metrics::{Headings, Metrics};
use report::Mistake;
use vacancy_sections::{ScoredFragment, SectionClassifier};

const HELP: &str = "\
Measures a model on labelled vacancies, fragment by fragment and after
aggregation over each vacancy.

Usage: evaluate --data FILE.jsonl[.gz] [--model DIR] [--aggregator NAME]
                [--json] [--report OUT.html]

  --data FILE        one vacancy per line: {\"fragments\": [{\"block\": 0, \"text\":
                     \"…\", \"label\": \"terms\", \"heading\": false}, …]}
  --model DIR        model directory (section_classifier.mlpackage,
                     tokenizer.json, tokenizer_config.json); default: the
                     embedded model
  --aggregator NAME  sequence or majority
  --json             {\"fragment\": {accuracy5, content_accuracy, junk_recall,
                     junk_precision, macro_f1, f1, ece, confusion},
                     \"vacancy\": {…}, \"heading\": {precision, recall, f1}}
  --report FILE      an HTML page: figures, confusion matrix, reliability
                     diagram, the most confident mistakes
  --help             this text
";

struct Options {
    data: PathBuf,
    model: Option<PathBuf>,
    aggregator: Option<String>,
    json: bool,
    report: Option<PathBuf>,
}

/// Everything that is measured.
#[derive(Default)]
struct Measured {
    vacancies: usize,
    fragment: Metrics,
    vacancy: Metrics,
    heading: Headings,
    mistakes: Vec<Mistake>,
}

fn main() -> ExitCode {
    exit_with("evaluate", run())
}

fn run() -> Outcome<()> {
    let Some(options) = parse()? else {
        print!("{HELP}");
        return Ok(());
    };
    let vacancies = data::read(&options.data)?;
    let builder = with_aggregator(
        builder(options.model.as_ref()),
        options.aggregator.as_deref(),
    )?;
    let measured = measure(&builder.build()?, &vacancies)?;
    if let Some(path) = &options.report {
        let page = report::page(&measured);
        std::fs::write(path, page).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if options.json {
        let figures = serde_json::json!({
            "vacancies": measured.vacancies,
            "fragment": measured.fragment.json(),
            "vacancy": measured.vacancy.json(),
            "heading": measured.heading.json(),
        });
        println!("{figures:#}");
    } else {
        println!("{} vacancies", measured.vacancies);
        measured.fragment.print("Fragment by fragment");
        measured.vacancy.print("After aggregation");
        measured.heading.print();
    }
    Ok(())
}

fn parse() -> Outcome<Option<Options>> {
    use lexopt::prelude::*;

    let (mut data, mut model, mut aggregator, mut json) = (None, None, None, false);
    let mut report = None;
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("data") => data = Some(PathBuf::from(arguments.value()?)),
            Long("model") => model = Some(PathBuf::from(arguments.value()?)),
            Long("aggregator") => aggregator = Some(arguments.value()?.string()?),
            Long("json") => json = true,
            Long("report") => report = Some(PathBuf::from(arguments.value()?)),
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(Options {
        data: data.ok_or("expected --data FILE; see --help")?,
        model,
        aggregator,
        json,
        report,
    }))
}

/// The figures of single fragments, and those after aggregation.
fn measure(classifier: &SectionClassifier, vacancies: &[Vec<data::Labelled>]) -> Outcome<Measured> {
    let mut measured = Measured::default();
    for (index, labelled) in vacancies.iter().enumerate() {
        let texts: Vec<&str> = labelled.iter().map(|row| row.text.as_str()).collect();
        let at = |error| format!("vacancy {index}: {error}");
        let predictions = classifier.classify_fragments(&texts).map_err(at)?;
        let scored: Vec<_> = labelled
            .iter()
            .zip(&predictions)
            .map(|(row, prediction)| {
                ScoredFragment::new(row.block, &row.text, prediction.probabilities)
            })
            .collect();
        let decisions = classifier.aggregate(&scored).map_err(at)?;
        measured.vacancies += 1;
        let pairs = labelled.iter().zip(&predictions).zip(&decisions);
        for (position, ((row, prediction), decision)) in pairs.enumerate() {
            let own = &prediction.probabilities;
            measured.fragment.add(row.label, prediction.section, own);
            let joint = &decision.probabilities;
            measured.vacancy.add(row.label, decision.section, joint);
            measured.heading.add(row.heading, decision.heading);
            if decision.section != row.label {
                measured.mistakes.push(Mistake {
                    vacancy: index,
                    fragment: position,
                    text: row.text.clone(),
                    label: row.label,
                    found: decision.section,
                    confidence: joint[decision.section],
                });
            }
        }
    }
    Ok(measured)
}
