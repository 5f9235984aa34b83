//! Cuts each line of a text into fragments and prints them as JSON.

use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use lexopt::prelude::*;
use vacancy_sections::{Chunker, RazdelChunker, Span, UnicodeChunker};

const HELP: &str = "\
Cuts each line into fragments; prints one JSON array of strings per line.

Usage: chunk [--chunker razdel|unicode] [--time SECONDS] [FILE|-]

Arguments:
  [FILE|-]  UTF-8 text; lines end at \\n only. Standard input by default.

Options:
      --chunker NAME  razdel (default): razdel 0.5.0, exactly
                      unicode: sentence boundaries of UAX #29
      --time SECONDS  print no fragments, but how many characters per second
                      are chunked: the best of the rounds over all lines
  -h, --help          Print this help
";

struct Arguments {
    chunker: Box<dyn Chunker>,
    /// How long to measure, if at all.
    time: Option<Duration>,
    /// `None` is standard input.
    file: Option<PathBuf>,
}

/// `None` if the help was asked for.
fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    let mut chunker: Box<dyn Chunker> = Box::new(RazdelChunker);
    let (mut file, mut time) = (None, None);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("chunker") => {
                chunker = match parser.value()?.string()?.as_str() {
                    "razdel" => Box::new(RazdelChunker),
                    "unicode" => Box::new(UnicodeChunker),
                    name => {
                        let message = format!("no chunker `{name}`: expected razdel or unicode");
                        return Err(message.into());
                    }
                };
            }
            Long("time") => {
                let seconds = parser.value()?.parse_with(|text| {
                    let seconds = text.parse().map_err(|_| "expected seconds")?;
                    Duration::try_from_secs_f64(seconds).map_err(|_| "expected seconds")
                })?;
                time = Some(seconds);
            }
            Value(value) if file.is_none() => file = Some(value),
            argument => return Err(argument.unexpected()),
        }
    }
    let file = file.filter(|file| file != "-").map(Into::into);
    Ok(Some(Arguments {
        chunker,
        time,
        file,
    }))
}

/// The best speed over rounds of all lines, in characters per second.
fn measure(chunker: &dyn Chunker, mut input: impl Read, time: Duration) -> io::Result<f64> {
    let mut text = String::new();
    input.read_to_string(&mut text)?;
    let characters = text.chars().filter(|c| *c != '\n').count();
    let begin = Instant::now();
    let mut best = Duration::MAX;
    while best == Duration::MAX || begin.elapsed() < time {
        let start = Instant::now();
        for line in text.split('\n') {
            black_box(chunker.chunk(black_box(line)));
        }
        best = best.min(start.elapsed());
    }
    Ok(characters as f64 / best.as_secs_f64())
}

fn chunk_lines(
    chunker: &dyn Chunker,
    mut input: impl BufRead,
    mut output: impl Write,
) -> Result<(), Box<dyn Error>> {
    let mut line = Vec::new();
    let mut number = 0_u64;
    while input.read_until(b'\n', &mut line)? > 0 {
        number += 1;
        let bytes = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let byte = error.valid_up_to() + 1;
            format!("line {number} is not UTF-8: byte {byte} of the line is wrong")
        })?;
        let slice = |span: Span| span.slice(text);
        let fragments: Vec<&str> = chunker.chunk(text).into_iter().filter_map(slice).collect();
        serde_json::to_writer(&mut output, &fragments)?;
        output.write_all(b"\n")?;
        line.clear();
    }
    output.flush()?;
    Ok(())
}

fn run() -> Result<(), Box<dyn Error>> {
    let Some(Arguments {
        chunker,
        time,
        file,
    }) = arguments()?
    else {
        io::stdout().write_all(HELP.as_bytes())?;
        return Ok(());
    };
    let input: Box<dyn Read> = match &file {
        None => Box::new(io::stdin().lock()),
        Some(path) => {
            let opened = File::open(path);
            Box::new(opened.map_err(|error| format!("{}: {error}", path.display()))?)
        }
    };
    let outcome = match time {
        Some(time) => measure(&*chunker, input, time)
            .map(|speed| println!("{speed:.0}"))
            .map_err(Into::into),
        None => {
            let output = BufWriter::new(io::stdout().lock());
            chunk_lines(&*chunker, BufReader::new(input), output)
        }
    };
    match file {
        Some(path) => outcome.map_err(|error| in_file(error, &path)),
        None => outcome,
    }
}

/// Names the file in an error, but leaves a closed pipe recognisable.
fn in_file(error: Box<dyn Error>, path: &Path) -> Box<dyn Error> {
    if is_closed_pipe(&*error) {
        return error;
    }
    format!("{}: {error}", path.display()).into()
}

/// The reader of the output has gone, as `head` does: no error.
fn is_closed_pipe(error: &(dyn Error + 'static)) -> bool {
    let kind = error
        .downcast_ref::<io::Error>()
        .map(io::Error::kind)
        .or_else(|| error.downcast_ref::<serde_json::Error>()?.io_error_kind());
    kind == Some(ErrorKind::BrokenPipe)
}

fn main() -> ExitCode {
    match run() {
        Err(error) if !is_closed_pipe(&*error) => {
            eprintln!("chunk: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}
