//! The command line.

use std::path::PathBuf;

use crate::Outcome;

pub(crate) const HELP: &str = "\
Structures the vacancies of Parquet files: OUT has the columns of IN and a struct of
five lists of texts: responsibilities, requirements, terms, notes, orphans.

Usage: structure_parquet IN OUT [--column NAME] [--into NAME] [--threads N] [--strict]

  IN             a Parquet file, or a folder of them
  OUT            one Parquet file (zstd), its rows in the order of IN; is there
                 only when all rows are
  --column NAME  the column that holds the text, plain or HTML; default:
                 description
  --into NAME    the column that is added; default: sections
  --threads N    default: one per core
  --strict       end with an error at the first row that cannot be structured;
                 else it is NULL and counted
  --help         this text

A NULL description gives NULL, a blank one five empty lists. Holds a few batches of rows
and, as Parquet has it, one row group of IN and one of OUT in memory.

Ends with 0 if every row has its result, with 2 otherwise.
";

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) input: String,
    pub(crate) output: PathBuf,
    pub(crate) column: String,
    pub(crate) into: String,
    pub(crate) threads: usize,
    pub(crate) strict: bool,
}

impl Options {
    /// `None` if the help is asked for.
    pub(crate) fn parse() -> Outcome<Option<Self>> {
        use lexopt::prelude::*;

        let mut files = Vec::new();
        let (mut column, mut into) = ("description".to_owned(), "sections".to_owned());
        let (mut threads, mut strict) = (0, false);
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("column") => column = arguments.value()?.string()?,
                Long("into") => into = arguments.value()?.string()?,
                Long("threads") => threads = arguments.value()?.parse()?,
                Long("strict") => strict = true,
                Long("help") | Short('h') => return Ok(None),
                Value(file) if files.len() < 2 => files.push(file.string()?),
                other => return Err(other.unexpected().into()),
            }
        }
        let [input, output] = files
            .try_into()
            .map_err(|_| "expected IN and OUT; see --help")?;
        if threads == 0 {
            threads = std::thread::available_parallelism()?.get();
        }
        Ok(Some(Self {
            input,
            output: output.into(),
            column,
            into,
            threads,
            strict,
        }))
    }
}
