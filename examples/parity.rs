//! Compares the logits of a package with recorded ones, as the model card did for its export, or with
//! those of another session.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use ndarray::Array2;
use serde::Deserialize;
use vacancy_sections::{
    ComputeUnits, Logits, MlPackage, PortableSession, Section, Session, SessionInputs, Window,
};

const HELP: &str = "\
Compares the logits of a CoreML package with recorded ones, or one session with another.

Usage: parity --package DIR.mlpackage (--reference FILE.json | --against NAME) [--session NAME]
              [--units NAME] [--tolerance X]

  --package DIR      the package to run
  --reference FILE   recorded rows: a JSON array of {\"input_ids\", \"logits\"}, or such an array
                     under the key \"rows\"; ids without padding, `token_type_ids` optional
  --against NAME     a session, named as below, to compare with instead, on 200 fixed rows of token
                     ids of every length
  --session NAME     portable (default): what the library uses without CoreML
                     interpreter: the same program, operation by operation
                     coreml: CoreML, on macOS; its probe is off, the comparison takes its place
  --units NAME       what CoreML may use: ALL (default), CPU_ONLY, CPU_AND_GPU or CPU_AND_NE
  --tolerance X      largest difference of a logit that passes (default: 0.01)
  --help             this text

The default tolerance is what the library promises between its sessions: four times the 0.0026 that
the model card measured for its float16 export.

Exit code: 0 if every row has the same winner and every logit is within the tolerance, 1 if not,
2 if something could not be read or run.
";

/// Rows that are run together; bounds the memory that a long reference takes.
const BATCH: usize = 64;

/// Rows on which two sessions are compared.
const SESSION_ROWS: usize = 200;

const DEFAULT_TOLERANCE: f32 = 0.01;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("parity: {error}");
            ExitCode::from(2)
        }
    }
}

type Result<T> = std::result::Result<T, Box<dyn Error>>;

struct Options {
    package: PathBuf,
    expected: Expected,
    session: SessionName,
    units: ComputeUnits,
    tolerance: f32,
}

/// Where the logits to compare with come from.
enum Expected {
    Recorded(PathBuf),
    Session(SessionName),
}

enum SessionName {
    Interpreter,
    Portable,
    CoreMl,
}

impl FromStr for SessionName {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Self, String> {
        match name {
            "interpreter" => Ok(Self::Interpreter),
            "portable" => Ok(Self::Portable),
            "coreml" => Ok(Self::CoreMl),
            other => Err(format!(
                "session {other}: expected interpreter, portable or coreml"
            )),
        }
    }
}

/// The options, or `None` if help was asked for.
fn options() -> Result<Option<Options>> {
    use lexopt::prelude::{Long, Short, ValueExt as _};

    let (mut package, mut expected) = (None, None);
    let mut session = SessionName::Portable;
    let mut units = ComputeUnits::default();
    let mut tolerance = DEFAULT_TOLERANCE;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("package") => package = Some(parser.value()?.into()),
            Long("reference") => expected = Some(Expected::Recorded(parser.value()?.into())),
            Long("session") => session = parser.value()?.parse()?,
            Long("against") => expected = Some(Expected::Session(parser.value()?.parse()?)),
            Long("units") => units = parser.value()?.parse()?,
            Long("tolerance") => {
                tolerance = parser.value()?.parse()?;
                if !(tolerance >= 0.0 && tolerance.is_finite()) {
                    return Err(format!("--tolerance {tolerance}: expected 0 or more").into());
                }
            }
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected().into()),
        }
    }
    let missing = |name| format!("{name} is missing; --help shows how to use this");
    Ok(Some(Options {
        package: package.ok_or_else(|| missing("--package"))?,
        expected: expected.ok_or_else(|| missing("--reference or --against"))?,
        session,
        units,
        tolerance,
    }))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Reference {
    Rows(Vec<Row>),
    Document { rows: Vec<Row> },
}

#[derive(Deserialize)]
struct Row {
    input_ids: Vec<i32>,
    token_type_ids: Option<Vec<i32>>,
    logits: [f32; Section::COUNT],
}

fn read_reference(path: &Path) -> Result<Vec<Row>> {
    let at = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let json = std::fs::read_to_string(path).map_err(|error| at(&error))?;
    // An untagged enum says only that nothing fitted: look at the value first.
    let value: serde_json::Value = serde_json::from_str(&json).map_err(|error| at(&error))?;
    if !(value.is_array() || value.get("rows").is_some_and(serde_json::Value::is_array)) {
        return Err(at(&"expected an array of rows, or one under the key `rows`").into());
    }
    let rows = match serde_json::from_value(value).map_err(|_| {
        at(&"expected rows of `input_ids`, `logits` (5 numbers) and, if any, `token_type_ids`")
    })? {
        Reference::Rows(rows) | Reference::Document { rows } => rows,
    };
    if rows.is_empty() {
        return Err(at(&"expected one row at least, found none").into());
    }
    Ok(rows)
}

/// Rows of every length with ids from the whole vocabulary, and what `session` makes of them.
fn rows_of(session: &dyn Session) -> Result<Vec<Row>> {
    let len = session.max_seq_len();
    let vocabulary = session.vocab_size().unwrap_or(10);
    // Strides without a common factor with either range pass through all of it.
    let id = |row: usize, place: usize| (row * 7919 + place * 104_729) % vocabulary;
    let mut rows = Vec::new();
    for row in 0..SESSION_ROWS {
        let tokens = 1 + row * 37 % len;
        let ids = (0..tokens).map(|place| i32::try_from(id(row, place)));
        rows.push(Row {
            input_ids: ids.collect::<std::result::Result<_, _>>()?,
            token_type_ids: None,
            logits: [0.0; Section::COUNT],
        });
    }
    let windows = windows(&rows, len)?;
    for (windows, rows) in windows.chunks(BATCH).zip(rows.chunks_mut(BATCH)) {
        let logits = logits_of(session, windows)?;
        for (found, row) in logits.rows().into_iter().zip(rows) {
            row.logits = found.to_vec().try_into().map_err(|_| "not five logits")?;
        }
    }
    Ok(rows)
}

fn windows(rows: &[Row], len: usize) -> Result<Vec<Window>> {
    let window = |(index, row)| window(index, row, len);
    rows.iter().enumerate().map(window).collect()
}

fn open_session(
    name: &SessionName,
    package: &MlPackage,
    units: ComputeUnits,
) -> Result<Box<dyn Session>> {
    Ok(match name {
        SessionName::Interpreter => Box::new(PortableSession::interpreter(package)?),
        SessionName::Portable => Box::new(PortableSession::new(package)?),
        SessionName::CoreMl => open_coreml(package, units)?,
    })
}

#[cfg(all(feature = "coreml", target_os = "macos"))]
fn open_coreml(package: &MlPackage, units: ComputeUnits) -> Result<Box<dyn Session>> {
    use vacancy_sections::{CoreMlOptions, CoreMlSession, Probe};

    let options = CoreMlOptions::default()
        .with_compute_units(units)
        .with_probe(Probe::Off);
    Ok(Box::new(CoreMlSession::from_package(
        package, &options, None,
    )?))
}

#[cfg(not(all(feature = "coreml", target_os = "macos")))]
fn open_coreml(_: &MlPackage, _: ComputeUnits) -> Result<Box<dyn Session>> {
    Err(
        "--session coreml: expected macOS and the feature `coreml`; \
         choose portable or interpreter"
            .into(),
    )
}

/// The row as a window, checked.
fn window(index: usize, row: &Row, len: usize) -> Result<Window> {
    if row.input_ids.is_empty() || row.input_ids.len() > len {
        return Err(format!(
            "row {index}: expected 1 to {len} input_ids, found {}",
            row.input_ids.len()
        )
        .into());
    }
    if !row.logits.iter().all(|logit| logit.is_finite()) {
        return Err(format!("row {index}: the recorded logits are not finite").into());
    }
    let mut window = Window::new(row.input_ids.clone());
    if let Some(types) = &row.token_type_ids {
        if types.len() != row.input_ids.len() {
            return Err(format!(
                "row {index}: expected {} token_type_ids, as input_ids, found {}",
                row.input_ids.len(),
                types.len()
            )
            .into());
        }
        window.token_type_ids.clone_from(types);
    }
    Ok(window)
}

fn logits_of(session: &dyn Session, windows: &[Window]) -> Result<Logits> {
    let len = session.max_seq_len();
    let (mut ids, mut mask, mut types) = (Vec::new(), Vec::new(), Vec::new());
    for window in windows {
        let padded = window.padded(len, 0);
        ids.extend(padded.0);
        mask.extend(padded.1);
        types.extend(padded.2);
    }
    let shape = (windows.len(), len);
    let ids = Array2::from_shape_vec(shape, ids)?;
    let mask = Array2::from_shape_vec(shape, mask)?;
    let types = Array2::from_shape_vec(shape, types)?;
    let inputs = SessionInputs::new(ids.view(), mask.view(), types.view())?;
    Ok(session.run(inputs)?)
}

/// What the comparison found.
struct Comparison {
    rows: usize,
    /// Rows in which both have the same winner.
    agreeing: usize,
    /// Largest difference of a logit; NaN if a logit is none.
    difference: f32,
    /// Where it is.
    worst_row: usize,
}

fn compare(session: &dyn Session, rows: &[Row]) -> Result<Comparison> {
    let mut result = Comparison {
        rows: rows.len(),
        agreeing: 0,
        difference: 0.0,
        worst_row: 0,
    };
    let windows = windows(rows, session.max_seq_len())?;
    let mut index = 0;
    for (windows, rows) in windows.chunks(BATCH).zip(rows.chunks(BATCH)) {
        let logits = logits_of(session, windows)?;
        for (found, row) in logits.rows().into_iter().zip(rows) {
            let found = found.to_vec();
            if winner(&found) == winner(&row.logits) {
                result.agreeing += 1;
            }
            for (found, recorded) in found.iter().zip(row.logits) {
                let difference = (found - recorded).abs();
                // Written so that NaN is the worst.
                if !(difference <= result.difference || result.difference.is_nan()) {
                    result.difference = difference;
                    result.worst_row = index;
                }
            }
            index += 1;
        }
    }
    Ok(result)
}

/// The first of the largest.
fn winner(logits: &[f32]) -> usize {
    let mut best = 0;
    for (class, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = class;
        }
    }
    best
}

/// How far each class's recorded logit ranges over the rows.
fn spreads(rows: &[Row]) -> [f32; Section::COUNT] {
    std::array::from_fn(|class| {
        let of_class = || rows.iter().map(|row| row.logits[class]);
        of_class().fold(f32::MIN, f32::max) - of_class().fold(f32::MAX, f32::min)
    })
}

fn run() -> Result<bool> {
    let Some(options) = options()? else {
        print!("{HELP}");
        return Ok(true);
    };
    let package = MlPackage::open(&options.package)?;
    let open = |name| open_session(name, &package, options.units);
    let rows = match &options.expected {
        Expected::Recorded(file) => read_reference(file)?,
        Expected::Session(name) => {
            let other = open(name)?;
            println!("compared with       {}", other.backend());
            rows_of(&*other)?
        }
    };
    let session = open(&options.session)?;
    let result = compare(&*session, &rows)?;
    let spreads = spreads(&rows);
    let spread = spreads.into_iter().fold(0.0, f32::max);
    let all_agree = result.agreeing == result.rows;
    let within = result.difference <= options.tolerance;

    println!("session             {}", session.backend());
    println!("rows                {}", result.rows);
    println!(
        "argmax agreement    {} of {} ({:.2} %)",
        result.agreeing,
        result.rows,
        100.0 * result.agreeing as f64 / result.rows as f64
    );
    println!(
        "max |Δlogit|        {:.3e} in row {} (tolerance {})",
        result.difference, result.worst_row, options.tolerance
    );
    print!("reference spread    {spread:.3} (by class:");
    for spread in spreads {
        print!(" {spread:.3}");
    }
    println!(")");
    println!("max |Δlogit| / spread  {:.3e}", result.difference / spread);
    println!(
        "{}",
        match (all_agree, within) {
            (true, true) => "PASS",
            (false, _) => "FAIL: the winner differs",
            (true, false) => "FAIL: beyond the tolerance",
        }
    );
    Ok(all_agree && within)
}
