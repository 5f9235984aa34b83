//! Measures what each stage takes on real texts.

#[path = "common/mod.rs"]
mod common;
#[path = "classify_jsonl/source.rs"]
#[allow(dead_code)]
mod source;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use common::{Outcome, exit_with};
use ndarray::Array2;
use source::{Html, Line, Lines, Position};
use vacancy_sections::{
    Aggregator, Chunker, Document, Encoder, Encoding, Logits, MlPackage, PortableSession, Posting,
    Probabilities, RazdelChunker, ScoredFragment, SectionClassifier, SequenceAggregator, Session,
    SessionInputs, WordPieceEncoder,
};

const HELP: &str = "\
Measures what each stage takes on the vacancies of a JSON Lines file, on one
thread: the median over the vacancies of the whole, and the share of each stage.

Usage: stage_times [--field NAME] [--model DIR] [--limit N] FILE.jsonl[.gz|.zst]

  --field NAME  the field with the text, plain or HTML (default: text)
  --model DIR   a model directory (default: assets)
  --limit N     read no more than N vacancies (default: 2000)
  --help        this text

Every vacancy is structured five times as a whole and five times stage by stage;
the fastest of each counts. `rest` is what is left of the whole: checks, arrays
and the report.
";

const STAGES: [&str; 5] = ["document", "chunks", "tokens", "session", "aggregation"];
const ROUNDS: usize = 5;

struct Options {
    file: String,
    field: String,
    model: PathBuf,
    limit: usize,
}

fn main() -> ExitCode {
    exit_with("stage_times", run())
}

fn options() -> Outcome<Option<Options>> {
    use lexopt::prelude::{Long, Value, ValueExt};

    let (mut file, mut field) = (None, "text".to_owned());
    let mut model = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/assets"));
    let mut limit = 2000;
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("field") => field = arguments.value()?.string()?,
            Long("model") => model = arguments.value()?.into(),
            Long("limit") => limit = arguments.value()?.parse()?,
            Long("help") => return Ok(None),
            Value(value) if file.is_none() => file = Some(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(Options {
        file: file.ok_or("a file of vacancies is missing")?,
        field,
        model,
        limit,
    }))
}

fn read(options: &Options) -> Outcome<Vec<Posting>> {
    let (input, _) = source::open(&options.file, &Position::default())
        .map_err(|error| format!("{}: {error}", options.file))?;
    let mut postings = Vec::new();
    for line in Lines::new(input, &options.field, Html::Auto).take(options.limit) {
        match line? {
            Line::Vacancy { posting, .. } => postings.push(posting),
            Line::Bad { number, reason } => {
                return Err(format!("{}: line {number}: {reason}", options.file).into());
            }
        }
    }
    Ok(postings)
}

/// The stages one by one, as the classifier puts them together.
struct Stages {
    encoder: WordPieceEncoder,
    session: PortableSession,
    aggregator: SequenceAggregator,
}

/// What was found on the way.
#[derive(Default)]
struct Counts {
    fragments: usize,
    tokens: usize,
    characters: usize,
}

impl Stages {
    fn load(model: &PathBuf) -> Outcome<Self> {
        let package = MlPackage::open(model.join("section_classifier.mlpackage"))?;
        Ok(Self {
            encoder: WordPieceEncoder::from_dir(model)?,
            session: PortableSession::new(&package)?,
            aggregator: SequenceAggregator::new(),
        })
    }

    /// Times in the order of [`STAGES`].
    fn run(&self, posting: &Posting, counts: &mut Counts) -> Outcome<[Duration; STAGES.len()]> {
        let mut times = [Duration::ZERO; STAGES.len()];
        let mut start = Instant::now();
        let mut stop = |stage: usize| {
            let now = Instant::now();
            times[stage] = now - start;
            start = now;
        };
        let document = document(posting)?;
        stop(0);
        let blocks = document.blocks();
        let spans: Vec<_> = blocks
            .iter()
            .map(|b| RazdelChunker.chunk(b.text()))
            .collect();
        stop(1);
        let texts: Vec<(usize, &str)> = spans
            .iter()
            .enumerate()
            .flat_map(|(block, spans)| spans.iter().map(move |span| (block, span)))
            .filter_map(|(block, span)| Some((block, span.slice(blocks[block].text())?)))
            .collect();
        stop(2);
        let encodings: Vec<Encoding> = texts
            .iter()
            .map(|(_, text)| self.encoder.encode(text))
            .collect::<Result<_, _>>()?;
        stop(2);
        let inputs = self.arrays(&encodings);
        stop(3);
        let logits = inputs
            .iter()
            .map(|[ids, mask, types]| {
                self.session
                    .run(SessionInputs::new(ids.view(), mask.view(), types.view())?)
            })
            .collect::<Result<Vec<Logits>, _>>()?;
        stop(3);
        let rows: Vec<[f32; 5]> = logits
            .iter()
            .flat_map(|logits| {
                logits
                    .rows()
                    .into_iter()
                    .map(|row| std::array::from_fn(|at| row[at]))
            })
            .collect();
        let mut first = 0;
        let mut scored = Vec::with_capacity(texts.len());
        for ((block, text), encoding) in texts.iter().zip(&encodings) {
            let probabilities = Probabilities::from_logits(rows[first])?;
            first += encoding.windows.len();
            let block_of = &blocks[*block];
            scored.push(
                ScoredFragment::new(*block, text, probabilities)
                    .in_block(block_of.kind(), block_of.emphasis()),
            );
        }
        stop(4);
        std::hint::black_box(self.aggregator.aggregate(&scored)?);
        stop(4);
        counts.fragments += texts.len();
        counts.tokens += encodings
            .iter()
            .flat_map(|encoding| &encoding.windows)
            .map(|window| window.input_ids.len())
            .sum::<usize>();
        counts.characters += blocks
            .iter()
            .map(|b| b.text().chars().count())
            .sum::<usize>();
        Ok(times)
    }

    /// Padded arrays of at most 64 rows.
    fn arrays(&self, encodings: &[Encoding]) -> Vec<[Array2<i32>; 3]> {
        let length = self.session.max_seq_len();
        let windows: Vec<_> = encodings.iter().flat_map(|e| &e.windows).collect();
        let batches = windows.chunks(64).map(|windows| {
            let mut arrays = [0; 3].map(|_| Array2::zeros((windows.len(), length)));
            let [ids, mask, _] = &mut arrays;
            for (row, window) in windows.iter().enumerate() {
                for (column, id) in window.input_ids.iter().enumerate() {
                    ids[[row, column]] = *id;
                    mask[[row, column]] = 1;
                }
            }
            arrays
        });
        batches.collect()
    }
}

fn document(posting: &Posting) -> Outcome<Document> {
    match posting {
        Posting::Plain(text) => Ok(Document::from_plain(text)),
        #[cfg(feature = "html")]
        Posting::Html(html) => Ok(Document::from_html(html)),
        _ => Err("this build reads plain text only".into()),
    }
}

fn whole(classifier: &SectionClassifier, posting: &Posting) -> Outcome<Duration> {
    let start = Instant::now();
    let sections = match posting {
        Posting::Plain(text) => classifier.classify_vacancy(text)?,
        #[cfg(feature = "html")]
        Posting::Html(html) => classifier.classify_vacancy_html(html)?,
        _ => return Err("this build reads plain text only".into()),
    };
    let took = start.elapsed();
    std::hint::black_box(sections);
    Ok(took)
}

fn run() -> Outcome<()> {
    let Some(options) = options()? else {
        print!("{HELP}");
        return Ok(());
    };
    let postings = read(&options)?;
    let classifier = SectionClassifier::from_dir(&options.model)?;
    let stages = Stages::load(&options.model)?;
    let mut wholes = Vec::with_capacity(postings.len());
    let mut sums = [Duration::ZERO; STAGES.len()];
    let mut counts = Counts::default();
    for posting in &postings {
        let mut best_whole = Duration::MAX;
        let mut best = [Duration::MAX; STAGES.len()];
        for round in 0..ROUNDS {
            best_whole = best_whole.min(whole(&classifier, posting)?);
            let mut unused = Counts::default();
            let counts = if round == 0 { &mut counts } else { &mut unused };
            let times = stages.run(posting, counts)?;
            for (best, time) in best.iter_mut().zip(times) {
                *best = time.min(*best);
            }
        }
        wholes.push(best_whole);
        for (sum, best) in sums.iter_mut().zip(best) {
            *sum += best;
        }
    }
    print(&mut wholes, sums, &counts);
    Ok(())
}

fn print(wholes: &mut [Duration], sums: [Duration; STAGES.len()], counts: &Counts) {
    let total: Duration = wholes.iter().sum();
    wholes.sort_unstable();
    let at = |share: f64| {
        let index = (wholes.len() as f64 * share) as usize;
        wholes.get(index.min(wholes.len().saturating_sub(1)))
    };
    let milliseconds = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e3);
    println!(
        "{} vacancies, {} fragments, {} tokens, {} characters",
        wholes.len(),
        counts.fragments,
        counts.tokens,
        counts.characters
    );
    println!(
        "whole: median {:.3} ms, 95 % {:.3} ms, mean {:.3} ms",
        milliseconds(at(0.5)),
        milliseconds(at(0.95)),
        milliseconds(Some(&total)) / wholes.len().max(1) as f64,
    );
    let rest = total.saturating_sub(sums.iter().sum());
    let stages = STAGES.into_iter().zip(sums).chain([("rest", rest)]);
    for (stage, time) in stages {
        println!(
            "{stage:>12} {:6.2} %  {:8.2} µs per vacancy  {:7.3} µs per fragment",
            100.0 * time.as_secs_f64() / total.as_secs_f64(),
            time.as_secs_f64() * 1e6 / wholes.len().max(1) as f64,
            time.as_secs_f64() * 1e6 / counts.fragments.max(1) as f64,
        );
    }
    println!(
        "chunker: {:.1} million characters per second",
        counts.characters as f64 / sums[1].as_secs_f64() / 1e6
    );
}
