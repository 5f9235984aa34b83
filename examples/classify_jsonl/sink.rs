//! Results and errors out, so that a run that was stopped can be continued.
//!
//! Both files hold whole lines in the order of the input, each with the number of its input line. An
//! error is written at once, a result when the buffer is full: the results on the disk say how far a
//! run came, and what the errors file holds beyond that is written again.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

pub(crate) struct Sink {
    results: BufWriter<Box<dyn Write>>,
    errors: Option<Errors>,
}

struct Errors {
    path: PathBuf,
    /// Opened with the first error.
    file: Option<File>,
}

impl Sink {
    /// Writes results to a stream; errors only if a file is named.
    pub(crate) fn stream(results: Box<dyn Write>, errors: Option<PathBuf>) -> io::Result<Self> {
        let errors = errors.map(|path| Errors { path, file: None });
        if let Some(errors) = &errors {
            errors.remove()?;
        }
        Ok(Self {
            results: BufWriter::new(results),
            errors,
        })
    }

    /// Begins the files anew.
    pub(crate) fn create(results: &Path, errors: PathBuf) -> io::Result<Self> {
        Self::stream(Box::new(File::create(results)?), Some(errors))
    }

    /// Continues the files; also gives the number of the last input line that is done.
    pub(crate) fn resume(results: &Path, errors: PathBuf) -> io::Result<(Self, u64)> {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(results)?;
        let (end, done) = last_line(&file)
            .map_err(|error| io::Error::other(format!("{}: {error}", results.display())))?;
        file.set_len(end)?;
        file.seek(SeekFrom::End(0))?;
        let mut errors = Errors {
            path: errors,
            file: None,
        };
        errors.cut_behind(done)?;
        let results: Box<dyn Write> = Box::new(file);
        let sink = Self {
            results: BufWriter::new(results),
            errors: Some(errors),
        };
        Ok((sink, done))
    }

    pub(crate) fn result(&mut self, result: &Value) -> io::Result<()> {
        serde_json::to_writer(&mut self.results, result)?;
        self.results.write_all(b"\n")
    }

    pub(crate) fn error(&mut self, line: u64, reason: &str) -> io::Result<()> {
        match &mut self.errors {
            Some(errors) => errors.write(line, reason),
            None => Ok(()),
        }
    }

    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.results.flush()
    }
}

impl Errors {
    fn remove(&self) -> io::Result<()> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn write(&mut self, line: u64, reason: &str) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let file = OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(&self.path)?;
                self.file.insert(file)
            }
        };
        let mut text = serde_json::to_vec(&json!({"line": line, "error": reason}))?;
        text.push(b'\n');
        file.write_all(&text)
    }

    /// Drops the errors of lines after `done`, and a line that is not whole.
    fn cut_behind(&mut self, done: u64) -> io::Result<()> {
        let file = match OpenOptions::new().read(true).write(true).open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut keep = 0;
        let mut reader = BufReader::new(&file);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            if !line.ends_with(b"\n") || number(&line).is_none_or(|number| number > done) {
                break;
            }
            keep += line.len() as u64;
            line.clear();
        }
        if keep == 0 {
            return self.remove();
        }
        file.set_len(keep)
    }
}

/// Where the last whole line ends, and the number in it; 0 and 0 if there is none.
fn last_line(file: &File) -> io::Result<(u64, u64)> {
    let mut reader = BufReader::new(file);
    let (mut end, mut last, mut line) = (0, Vec::new(), Vec::new());
    while reader.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
        end += line.len() as u64;
        std::mem::swap(&mut last, &mut line);
        line.clear();
    }
    if end == 0 {
        return Ok((0, 0));
    }
    let number = number(&last).ok_or_else(|| {
        io::Error::other("expected lines of an earlier run, found a last line without its number")
    })?;
    Ok((end, number))
}

fn number(line: &[u8]) -> Option<u64> {
    let row: Value = serde_json::from_slice(line).ok()?;
    row.get("line")?.as_u64()
}
