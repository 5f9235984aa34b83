//! Writes vacancies made from a seed as Parquet.

use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::prelude::*;

const HELP: &str = "\
Writes vacancies made from a seed into Parquet files of a folder.

Usage: generate-vacancies FOLDER [--rows N] [--files N] [--seed N]

  FOLDER     new or empty
  --rows N   default: 20000
  --files N  default: 8
  --seed N   default: 7
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("generate-vacancies: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let (mut folder, mut rows, mut files, mut seed) = (None, 20_000, 8, 7);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("rows") => rows = arguments.value()?.parse()?,
            Long("files") => files = arguments.value()?.parse()?,
            Long("seed") => seed = arguments.value()?.parse()?,
            Long("help") | Short('h') => {
                print!("{HELP}");
                return Ok(());
            }
            Value(value) if folder.is_none() => folder = Some(PathBuf::from(value)),
            other => return Err(other.unexpected().into()),
        }
    }
    let folder = folder.ok_or("expected FOLDER; see --help")?;
    sample_vacancies::write_folder(&folder, rows, files, seed)?;
    println!("{rows} vacancies in {files} files of {}", folder.display());
    Ok(())
}
