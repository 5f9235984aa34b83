//! Measures a model on labelled vacancies.

#[path = "../common/mod.rs"]
mod common;
mod data;
mod metrics;

use std::path::PathBuf;
use std::process::ExitCode;

use common::{Outcome, builder, exit_with, with_aggregator};
use metrics::Metrics;
use vacancy_sections::{ScoredFragment, SectionClassifier};

const HELP: &str = "\
Measures a model on labelled vacancies, fragment by fragment and after
aggregation over each vacancy.

Usage: evaluate --data FILE.jsonl[.gz] [--model DIR] [--aggregator NAME] [--json]

  --data FILE        one vacancy per line: {\"fragments\": [{\"block\": 0, \"text\":
                     \"…\", \"label\": \"terms\"}, …]}
  --model DIR        model directory (section_classifier.mlpackage,
                     tokenizer.json, tokenizer_config.json); default: the
                     embedded model
  --aggregator NAME  sequence or majority
  --json             {\"fragment\": {accuracy5, content_accuracy, junk_recall,
                     junk_precision, macro_f1, f1, ece, confusion},
                     \"vacancy\": {…}}
  --help             this text
";

struct Options {
    data: PathBuf,
    model: Option<PathBuf>,
    aggregator: Option<String>,
    json: bool,
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
    let (fragment, vacancy) = measure(&builder.build()?, &vacancies)?;
    if options.json {
        let figures = serde_json::json!({
            "vacancies": vacancies.len(),
            "fragment": fragment.json(),
            "vacancy": vacancy.json(),
        });
        println!("{figures:#}");
    } else {
        println!("{} vacancies", vacancies.len());
        fragment.print("Fragment by fragment");
        vacancy.print("After aggregation");
    }
    Ok(())
}

fn parse() -> Outcome<Option<Options>> {
    use lexopt::prelude::*;

    let (mut data, mut model, mut aggregator, mut json) = (None, None, None, false);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("data") => data = Some(PathBuf::from(arguments.value()?)),
            Long("model") => model = Some(PathBuf::from(arguments.value()?)),
            Long("aggregator") => aggregator = Some(arguments.value()?.string()?),
            Long("json") => json = true,
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(Options {
        data: data.ok_or("expected --data FILE; see --help")?,
        model,
        aggregator,
        json,
    }))
}

/// The figures of single fragments, and those after aggregation.
fn measure(
    classifier: &SectionClassifier,
    vacancies: &[Vec<data::Labelled>],
) -> Outcome<(Metrics, Metrics)> {
    let (mut fragment, mut vacancy) = (Metrics::default(), Metrics::default());
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
        for ((row, prediction), decision) in labelled.iter().zip(&predictions).zip(&decisions) {
            fragment.add(row.label, prediction.section, &prediction.probabilities);
            vacancy.add(row.label, decision.section, &decision.probabilities);
        }
    }
    Ok((fragment, vacancy))
}
