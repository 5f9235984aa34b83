//! JSON Lines in, plain or compressed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;
use serde_json::Value;
use vacancy_sections::Posting;

/// Longest line that is read, in bytes; a longer one is reported and passed over.
const MAX_LINE: usize = 64 << 20;

/// How the texts are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Html {
    /// As HTML where tags or entities are found.
    #[default]
    Auto,
    Yes,
    No,
}

/// One line that is not blank.
pub(crate) enum Line {
    Vacancy {
        /// From 1.
        number: u64,
        /// The row's `id`, if it has one.
        id: Option<Value>,
        posting: Posting,
    },
    Bad {
        number: u64,
        reason: String,
    },
}

/// The rows of an input.
pub(crate) struct Lines {
    input: Box<dyn BufRead>,
    field: String,
    html: Html,
    number: u64,
    buffer: Vec<u8>,
}

impl Lines {
    pub(crate) fn new(input: Box<dyn BufRead>, field: &str, html: Html) -> Self {
        Self {
            input,
            field: field.to_owned(),
            html,
            number: 0,
            buffer: Vec::new(),
        }
    }

    /// Passes over the first lines, which were done before.
    pub(crate) fn skip_to(&mut self, done: u64) -> io::Result<()> {
        while self.number < done && self.read_line()? {}
        if self.number < done {
            return Err(io::Error::other(format!(
                "expected at least {done} lines, as in the output to be resumed, found {}",
                self.number
            )));
        }
        Ok(())
    }

    /// Reads one line into the buffer, which then exceeds [`MAX_LINE`] if the line does.
    fn read_line(&mut self) -> io::Result<bool> {
        self.buffer.clear();
        let mut limited = (&mut self.input).take(MAX_LINE as u64 + 1);
        if limited.read_until(b'\n', &mut self.buffer)? == 0 {
            return Ok(false);
        }
        self.number += 1;
        if self.buffer.len() > MAX_LINE && !self.buffer.ends_with(b"\n") {
            self.input.skip_until(b'\n')?;
        }
        Ok(true)
    }

    fn parse(&self) -> Result<(Option<Value>, Posting), String> {
        if self.buffer.len() > MAX_LINE {
            return Err(format!("expected at most {MAX_LINE} bytes, found more"));
        }
        let mut row: Value =
            serde_json::from_slice(self.buffer.trim_ascii_end()).map_err(|error| {
                // The line number that serde_json knows is always 1.
                error
                    .to_string()
                    .replace(" at line 1 column ", " at column ")
            })?;
        let Value::Object(fields) = &mut row else {
            return Err("expected a JSON object, found another value".to_owned());
        };
        let text = match fields.remove(&self.field) {
            Some(Value::String(text)) => text,
            Some(_) => return Err(format!("field `{}`: expected a string", self.field)),
            None => return Err(format!("field `{}` is missing", self.field)),
        };
        let posting = match self.html {
            Html::Yes => Posting::Html(text),
            Html::No => Posting::Plain(text),
            Html::Auto => Posting::guess(text),
        };
        Ok((fields.remove("id"), posting))
    }
}

impl Iterator for Lines {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.read_line() {
                Ok(true) if self.buffer.trim_ascii().is_empty() => {}
                Ok(true) => break,
                Ok(false) => return None,
                Err(error) => {
                    let after = self.number;
                    let error = format!("after line {after}: {error}");
                    return Some(Err(io::Error::other(error)));
                }
            }
        }
        let number = self.number;
        Some(Ok(match self.parse() {
            Ok((id, posting)) => Line::Vacancy {
                number,
                id,
                posting,
            },
            Err(reason) => Line::Bad { number, reason },
        }))
    }
}

/// How much of the input has been read, in bytes as they are stored.
#[derive(Clone, Default)]
pub(crate) struct Position(Arc<AtomicU64>);

impl Position {
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

struct Counted<R> {
    input: R,
    position: Position,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.position.0.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Opens a file, or standard input for `-`, plain or compressed by gzip or zstd. Also gives the size
/// if it is known.
pub(crate) fn open(path: &str, position: &Position) -> io::Result<(Box<dyn BufRead>, Option<u64>)> {
    let (input, size): (Box<dyn Read>, _) = if path == "-" {
        (Box::new(io::stdin()), None)
    } else {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        (Box::new(file), metadata.is_file().then_some(metadata.len()))
    };
    let counted = Counted {
        input,
        position: position.clone(),
    };
    Ok((decompress(Box::new(BufReader::new(counted)))?, size))
}

/// Reads what is compressed by gzip or zstd, or plain, as its first bytes tell.
pub(crate) fn decompress(mut input: Box<dyn BufRead>) -> io::Result<Box<dyn BufRead>> {
    let start = input.fill_buf()?;
    if start.starts_with(&[0x1F, 0x8B]) {
        return Ok(Box::new(BufReader::new(MultiGzDecoder::new(input))));
    }
    if start.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]) {
        let frame = StreamingDecoder::new(input).map_err(io::Error::other)?;
        return Ok(Box::new(BufReader::new(Frames { frame: Some(frame) })));
    }
    Ok(input)
}

/// The frames of a zstd file, one after another.
struct Frames {
    frame: Option<StreamingDecoder<Box<dyn BufRead>, ruzstd::decoding::FrameDecoder>>,
}

impl Read for Frames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(frame) = &mut self.frame {
            let count = frame.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let Some(frame) = self.frame.take() else {
                break;
            };
            let mut input = frame.into_inner();
            if !input.fill_buf()?.is_empty() {
                self.frame = Some(StreamingDecoder::new(input).map_err(io::Error::other)?);
            }
        }
        Ok(0)
    }
}
