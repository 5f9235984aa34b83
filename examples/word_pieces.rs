//! The token ids of each line of a text, as JSON.

#[path = "common/mod.rs"]
mod common;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use common::{Outcome, exit_with, read_text};
use vacancy_sections::{Encoder, Overflow, WordPieceEncoder};

const HELP: &str = "\
Encodes each line; prints one JSON array of windows per line, each an array of
token ids.

Usage: word_pieces [--model DIR] [--truncate] [FILE|-]

  [FILE|-]     UTF-8 text; lines end at \\n only. Standard input by default
  --model DIR  a model directory (default: assets)
  --truncate   cut what does not fit into one window, as `truncation=True` does
  --help       this text
";

fn main() -> ExitCode {
    exit_with("word_pieces", run())
}

fn run() -> Outcome<()> {
    use lexopt::prelude::{Long, Short, Value, ValueExt};

    let mut model = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/assets"));
    let (mut file, mut overflow) = (None, Overflow::Split);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("model") => model = arguments.value()?.into(),
            Long("truncate") => overflow = Overflow::Truncate,
            Long("help") | Short('h') => {
                print!("{HELP}");
                return Ok(());
            }
            Value(value) if file.is_none() => file = Some(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let encoder = WordPieceEncoder::from_dir(model)?.with_overflow(overflow);
    let text = read_text(file.as_deref().unwrap_or("-"))?;
    let mut output = BufWriter::new(io::stdout().lock());
    for line in text.split_terminator('\n') {
        let encoding = encoder.encode(line)?;
        let windows = encoding.windows.iter().map(|window| &window.input_ids);
        serde_json::to_writer(&mut output, &windows.collect::<Vec<_>>())?;
        output.write_all(b"\n")?;
    }
    output.flush()?;
    Ok(())
}
