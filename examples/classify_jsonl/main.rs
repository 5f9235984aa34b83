//! Structures the vacancies of a JSON Lines file.

#[path = "../common/mod.rs"]
mod common;
mod job;
mod sink;
mod source;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use common::{Outcome, builder, with_aggregator};
use indicatif::{ProgressBar, ProgressStyle};
use job::Summary;
use sink::Sink;
use source::{Html, Lines, Position};
use vacancy_sections::Precision;

const HELP: &str = "\
Structures the vacancies of a JSON Lines file, one JSON object per line.

Usage: classify_jsonl IN OUT [--field NAME] [--html auto|yes|no] [--threads N]
                      [--resume] [--errors FILE] [--model DIR]
                      [--aggregator NAME] [--precision NAME]

  IN                 plain, gzip or zstd; `-` reads standard input
  OUT                one line per vacancy, in the order of IN: line (its number
                     in IN), id (if IN has it), responsibilities, requirements,
                     terms, notes, orphans; `-` writes to standard output
  --field NAME       the field that holds the text; default: description
  --html auto|yes|no whether the texts are HTML; default: auto, where tags or
                     entities are found
  --threads N        default: one per core
  --resume           continue an OUT that an interrupted run left behind, with
                     the same IN and options
  --errors FILE      lines without a result, with the reason; default:
                     OUT.errors.jsonl, none for `-`
  --model DIR        model directory (section_classifier.mlpackage,
                     tokenizer.json, tokenizer_config.json); default: the
                     embedded model
  --aggregator NAME  majority or sequence
  --precision NAME   float32 (default) or int8, which is faster where the machine
                     has AVX-512 VNNI
  --help             this text

Ends with 0 if every line has its result, with 2 otherwise.
";

/// Line numbers named in the summary.
const NAMED: usize = 10;

#[derive(Default)]
struct Options {
    input: String,
    output: String,
    field: String,
    html: Html,
    threads: usize,
    resume: bool,
    errors: Option<PathBuf>,
    model: Option<PathBuf>,
    aggregator: Option<String>,
    precision: Precision,
}

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("classify_jsonl: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Outcome<ExitCode> {
    let Some(options) = parse()? else {
        print!("{HELP}");
        return Ok(ExitCode::SUCCESS);
    };
    let builder = builder(options.model.as_ref()).precision(options.precision);
    let classifier = with_aggregator(builder, options.aggregator.as_deref())?.build()?;

    let input = |error: std::io::Error| format!("{}: {error}", options.input);
    let position = Position::default();
    let (reader, size) = source::open(&options.input, &position).map_err(input)?;
    let mut lines = Lines::new(reader, &options.field, options.html);
    let (sink, done) = sink(&options)?;
    lines.skip_to(done).map_err(input)?;

    let bar = bar(size);
    let start = Instant::now();
    let outcome = job::run(&classifier, lines, sink, options.threads, |summary| {
        bar.set_position(position.get());
        bar.set_message(format!("{} vacancies", summary.vacancies));
    });
    bar.finish_and_clear();
    let summary = outcome?;
    print(&summary, start.elapsed(), done);
    Ok(if summary.bad_lines.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(2)
    })
}

fn sink(options: &Options) -> Outcome<(Sink, u64)> {
    if options.output == "-" {
        if options.resume {
            return Err("--resume needs an OUT that is a file".into());
        }
        let stdout = Box::new(std::io::stdout());
        return Ok((Sink::stream(stdout, options.errors.clone())?, 0));
    }
    let output = Path::new(&options.output);
    let errors = options.errors.clone();
    let errors = errors.unwrap_or_else(|| format!("{}.errors.jsonl", options.output).into());
    Ok(if options.resume {
        Sink::resume(output, errors)?
    } else {
        let failed = |error| format!("{}: {error}", options.output);
        (Sink::create(output, errors).map_err(failed)?, 0)
    })
}

fn bar(size: Option<u64>) -> ProgressBar {
    let (bar, template) = match size {
        Some(size) => (
            ProgressBar::new(size),
            "{elapsed_precise} [{bar:40}] {percent}%  {msg}, {eta} left",
        ),
        None => (
            ProgressBar::new_spinner(),
            "{elapsed_precise} {spinner} {msg}",
        ),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}

fn print(summary: &Summary, time: Duration, done: u64) {
    let seconds = time.as_secs_f64();
    let rate = summary.vacancies as f64 / seconds.max(1e-9);
    if done > 0 {
        eprintln!("resumed after line {done}");
    }
    eprintln!(
        "{} vacancies, {} fragments, {seconds:.1} s, {rate:.0} vacancies/s, {} errors",
        summary.vacancies,
        summary.fragments,
        summary.bad_lines.len()
    );
    let named: Vec<String> = summary
        .bad_lines
        .iter()
        .take(NAMED)
        .map(u64::to_string)
        .collect();
    if !named.is_empty() {
        let more = if summary.bad_lines.len() > NAMED {
            ", …"
        } else {
            ""
        };
        eprintln!("without a result: line {}{more}", named.join(", "));
    }
}

fn parse() -> Outcome<Option<Options>> {
    use lexopt::prelude::*;

    let mut options = Options {
        field: "description".to_owned(),
        ..Options::default()
    };
    let mut files = Vec::new();
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("field") => options.field = arguments.value()?.string()?,
            Long("html") => {
                let html = arguments.value()?.string()?;
                options.html = match html.as_str() {
                    "auto" => Html::Auto,
                    "yes" => Html::Yes,
                    "no" => Html::No,
                    _ => {
                        return Err(
                            format!("--html: expected auto, yes or no, found `{html}`").into()
                        );
                    }
                };
            }
            Long("threads") => options.threads = arguments.value()?.parse()?,
            Long("resume") => options.resume = true,
            Long("errors") => options.errors = Some(arguments.value()?.into()),
            Long("model") => options.model = Some(arguments.value()?.into()),
            Long("aggregator") => options.aggregator = Some(arguments.value()?.string()?),
            Long("precision") => options.precision = arguments.value()?.parse()?,
            Long("help") | Short('h') => return Ok(None),
            Value(file) if files.len() < 2 => files.push(file.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let [input, output] = files
        .try_into()
        .map_err(|_| "expected IN and OUT; see --help")?;
    Ok(Some(Options {
        input,
        output,
        ..options
    }))
}
