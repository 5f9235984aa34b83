//! Measures a session on made-up token ids of given lengths.

#[path = "common/mod.rs"]
mod common;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use common::{Outcome, exit_with};
use ndarray::Array2;
use vacancy_sections::{MlPackage, PortableSession, Precision, Session, SessionInputs};

const HELP: &str = "\
Measures how fast a session runs a CoreML package.

Usage: throughput --package DIR.mlpackage --lengths FILE.json [--session NAME]
                  [--precision NAME] [--threads N] [--seconds S] [--json]

  --package DIR   the package to run
  --lengths FILE  a JSON list of vacancies, each a list of token counts, one
                  per fragment; see benches/fragment_lengths.json
  --session NAME  portable (default) or interpreter
  --precision NAME
                  float32 (default) or int8
  --threads N     threads that vacancies are divided among (default: 1)
  --seconds S     how long to measure (default: 5)
  --json          {\"ms_per_vacancy\", \"fragments_per_s\", \"tokens_per_s\", …}
  --help          this text

Every fragment gets random token ids of its length; a vacancy is one call of
the session. All vacancies are run in turn until the time is over, and figures
are those of the whole: milliseconds per vacancy are wall-clock time divided by
the number of vacancies.
";

struct Options {
    package: PathBuf,
    lengths: PathBuf,
    interpreter: bool,
    precision: Precision,
    threads: NonZeroUsize,
    seconds: f64,
    json: bool,
}

fn main() -> ExitCode {
    exit_with("throughput", run())
}

fn run() -> Outcome<()> {
    let Some(options) = options()? else {
        print!("{HELP}");
        return Ok(());
    };
    let package = MlPackage::open(&options.package)?;
    let session = if options.interpreter {
        PortableSession::interpreter(&package)?
    } else {
        PortableSession::new(&package)?
    };
    let session = session.with_precision(options.precision);
    let lengths = std::fs::read_to_string(&options.lengths)
        .map_err(|error| format!("{}: {error}", options.lengths.display()))?;
    let lengths: Vec<Vec<usize>> = serde_json::from_str(&lengths)
        .map_err(|error| format!("{}: {error}", options.lengths.display()))?;
    let vacancies = vacancies(&lengths, &session)?;

    let done = measure(&session, &vacancies, &options)?;
    let seconds = done.time.as_secs_f64();
    let figures = [
        ("ms_per_vacancy", seconds * 1e3 / done.vacancies as f64),
        ("fragments_per_s", done.fragments as f64 / seconds),
        ("tokens_per_s", done.tokens as f64 / seconds),
    ];
    let backend = session.backend();
    if options.json {
        let mut object = serde_json::Map::new();
        for (name, figure) in figures {
            object.insert(name.to_owned(), figure.into());
        }
        object.insert("vacancies".to_owned(), done.vacancies.into());
        object.insert("seconds".to_owned(), seconds.into());
        object.insert("threads".to_owned(), options.threads.get().into());
        object.insert("backend".to_owned(), backend.to_string().into());
        println!("{}", serde_json::Value::Object(object));
    } else {
        println!("{backend}, {} threads", options.threads);
        println!("{} vacancies in {seconds:.1} s", done.vacancies);
        for (name, figure) in figures {
            println!("{name:>16} {figure:.3}");
        }
    }
    Ok(())
}

fn options() -> Outcome<Option<Options>> {
    use lexopt::prelude::{Long, ValueExt};

    let (mut package, mut lengths) = (None, None);
    let (mut interpreter, mut precision) = (false, Precision::default());
    let mut threads = NonZeroUsize::MIN;
    let (mut seconds, mut json) = (5.0, false);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("package") => package = Some(PathBuf::from(arguments.value()?)),
            Long("lengths") => lengths = Some(PathBuf::from(arguments.value()?)),
            Long("session") => {
                interpreter = match arguments.value()?.string()?.as_str() {
                    "interpreter" => true,
                    "portable" => false,
                    other => {
                        let reason = "expected portable or interpreter";
                        return Err(format!("unknown session `{other}`: {reason}").into());
                    }
                };
            }
            Long("precision") => precision = arguments.value()?.parse()?,
            Long("threads") => threads = arguments.value()?.parse()?,
            Long("seconds") => seconds = arguments.value()?.parse()?,
            Long("json") => json = true,
            Long("help") => return Ok(None),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(Options {
        package: package.ok_or("--package is missing")?,
        lengths: lengths.ok_or("--lengths is missing")?,
        interpreter,
        precision,
        threads,
        seconds,
        json,
    }))
}

/// The inputs of one vacancy.
struct Vacancy {
    ids: Array2<i32>,
    mask: Array2<i32>,
    types: Array2<i32>,
    tokens: usize,
}

fn vacancies(lengths: &[Vec<usize>], session: &PortableSession) -> Outcome<Vec<Vacancy>> {
    let len = session.max_seq_len();
    let vocabulary = session.vocab_size().unwrap_or(1);
    let longest = lengths.iter().flatten().max();
    if longest.is_none_or(|longest| !(1..=len).contains(longest)) {
        return Err(format!("--lengths: expected numbers from 1 to {len}").into());
    }
    // xorshift64
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut id = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % vocabulary as u64) as i32
    };
    let vacancy = |lengths: &Vec<usize>| {
        let shape = (lengths.len(), len);
        let real = |(row, token): (usize, usize)| token < lengths[row];
        Vacancy {
            ids: Array2::from_shape_fn(shape, |at| if real(at) { id() } else { 0 }),
            mask: Array2::from_shape_fn(shape, |at| i32::from(real(at))),
            types: Array2::zeros(shape),
            tokens: lengths.iter().sum(),
        }
    };
    Ok(lengths.iter().map(vacancy).collect())
}

/// What was run, in which time.
#[derive(Default)]
struct Done {
    vacancies: usize,
    fragments: usize,
    tokens: usize,
    time: Duration,
}

fn measure(session: &PortableSession, vacancies: &[Vacancy], options: &Options) -> Outcome<Done> {
    // Once unmeasured, so that memory is there.
    if let Some(first) = vacancies.first() {
        run_one(session, first)?;
    }
    let start = Instant::now();
    let limit = Duration::from_secs_f64(options.seconds);
    let work = |thread: usize| -> Result<Done, String> {
        let mut done = Done::default();
        let turn = vacancies.iter().cycle().skip(thread);
        for vacancy in turn.step_by(options.threads.get()) {
            if start.elapsed() >= limit {
                break;
            }
            run_one(session, vacancy).map_err(|error| error.to_string())?;
            done.vacancies += 1;
            done.fragments += vacancy.ids.nrows();
            done.tokens += vacancy.tokens;
        }
        Ok(done)
    };
    let mut all = Done::default();
    std::thread::scope(|scope| -> Result<(), String> {
        let threads: Vec<_> = (0..options.threads.get())
            .map(|thread| scope.spawn(move || work(thread)))
            .collect();
        for thread in threads {
            let done = thread.join().map_err(|_| "a thread panicked")??;
            all.vacancies += done.vacancies;
            all.fragments += done.fragments;
            all.tokens += done.tokens;
        }
        Ok(())
    })?;
    all.time = start.elapsed();
    Ok(all)
}

fn run_one(session: &PortableSession, vacancy: &Vacancy) -> vacancy_sections::Result<()> {
    let inputs = SessionInputs::new(
        vacancy.ids.view(),
        vacancy.mask.view(),
        vacancy.types.view(),
    )?;
    std::hint::black_box(session.run(inputs)?);
    Ok(())
}
