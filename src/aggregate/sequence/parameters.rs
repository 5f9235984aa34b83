//! The table of learned weights: a few lines of text, then numbers.
//!
//! ```text
//! vacancy-sections sequence 2
//! hidden 48
//! buckets 4096
//! feature <group> <width>       a line per group of features
//! junk_threshold <number>
//! word_scale <number>
//! data
//! ```
//!
//! Behind the last line stand the words' rows (`i8`, bucket by bucket), then the layers `read`,
//! `first`, `mix`, `second`, `gather`, `decide`: each its weights `[inputs, outputs]` and its bias, as
//! little-endian `f32`. Lines that begin with `#` are comments.

use std::str::FromStr;

use ndarray::{Array1, Array2};

use super::features::{GROUPS, WIDTH};
use super::network::{CLASSES, HIDDEN, Linear, Network};
use super::words::BUCKETS;
use crate::error::{Error, Result};

const FIRST_LINE: &str = "vacancy-sections sequence 2";

/// Weights beyond this are no outcome of the training, and sums of them might leave the numbers.
const LARGEST: f32 = 1e3;

/// Longest line of the head.
const LONGEST_LINE: usize = 200;

/// The network, and what is decided with it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parameters {
    pub(super) network: Network,
    /// From this probability on a fragment is junk.
    pub(super) junk_threshold: f32,
}

impl Parameters {
    /// Reads a table; `file` names it in errors.
    pub(super) fn parse(file: &str, bytes: &[u8]) -> Result<Self> {
        let mut table = Table { file, rest: bytes };
        table.expect(FIRST_LINE)?;
        table.expect(&format!("hidden {HIDDEN}"))?;
        table.expect(&format!("buckets {BUCKETS}"))?;
        for (name, width) in GROUPS {
            table.expect(&format!("feature {name} {width}"))?;
        }
        let junk_threshold = table.named("junk_threshold")?;
        let word_scale = table.named("word_scale")?;
        table.expect("data")?;
        let words = table.take("words", BUCKETS * HIDDEN)?;
        let words = words
            .iter()
            .map(|byte| i8::from_le_bytes([*byte]))
            .collect();
        let network = Network {
            words,
            word_scale,
            read: table.linear("read", WIDTH, HIDDEN)?,
            first: table.linear("first", HIDDEN, 4 * HIDDEN)?,
            mix: table.linear("mix", 3 * HIDDEN, HIDDEN)?,
            second: table.linear("second", HIDDEN, 4 * HIDDEN)?,
            gather: table.linear("gather", 3 * HIDDEN, HIDDEN)?,
            decide: table.linear("decide", HIDDEN, CLASSES)?,
        };
        if !table.rest.is_empty() {
            let found = format!("{} bytes more", table.rest.len());
            return Err(table.mismatch("the end", "no more bytes", &found));
        }
        Ok(Self {
            network,
            junk_threshold,
        })
    }
}

/// What is left of a table.
struct Table<'a> {
    file: &'a str,
    rest: &'a [u8],
}

impl<'a> Table<'a> {
    fn mismatch(&self, what: &str, expected: &str, found: &str) -> Error {
        Error::Mismatch {
            file: self.file.to_owned(),
            what: what.to_owned(),
            expected: expected.to_owned(),
            found: found.chars().take(60).collect(),
        }
    }

    /// The next line that is no comment.
    fn line(&mut self, expected: &str) -> Result<&'a str> {
        loop {
            let end = self
                .rest
                .iter()
                .take(LONGEST_LINE)
                .position(|byte| *byte == b'\n');
            let Some((line, rest)) = end.and_then(|end| self.rest.split_at_checked(end)) else {
                return Err(self.mismatch("the table", expected, "its end"));
            };
            self.rest = rest.get(1..).unwrap_or_default();
            let line = std::str::from_utf8(line)
                .map_err(|_| self.mismatch("the table", expected, "a line that is no text"))?;
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                return Ok(line);
            }
        }
    }

    fn expect(&mut self, expected: &str) -> Result<()> {
        let line = self.line(expected)?;
        if line == expected {
            return Ok(());
        }
        Err(self.mismatch("a line of the table", expected, line))
    }

    /// The number on a line of that name: from 0 to 1.
    fn named(&mut self, name: &str) -> Result<f32> {
        let expected = format!("{name} and a number from 0 to 1");
        let line = self.line(&expected)?;
        line.strip_prefix(name)
            .and_then(|rest| f32::from_str(rest.trim()).ok())
            .filter(|number| (0.0..=1.0).contains(number))
            .ok_or_else(|| self.mismatch("a line of the table", &expected, line))
    }

    fn take(&mut self, what: &str, count: usize) -> Result<&'a [u8]> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            let found = format!("{} bytes", self.rest.len());
            return Err(self.mismatch(what, &format!("{count} bytes"), &found));
        };
        self.rest = rest;
        Ok(taken)
    }

    fn numbers(&mut self, what: &str, count: usize) -> Result<Vec<f32>> {
        let bytes = self.take(what, count * size_of::<f32>())?;
        let (chunks, _) = bytes.as_chunks();
        let numbers: Vec<f32> = chunks
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect();
        match numbers
            .iter()
            .find(|number| !number.is_finite() || number.abs() > LARGEST)
        {
            None => Ok(numbers),
            Some(number) => {
                let expected = format!("numbers up to {LARGEST}");
                Err(self.mismatch(what, &expected, &number.to_string()))
            }
        }
    }

    fn linear(&mut self, name: &str, inputs: usize, outputs: usize) -> Result<Linear> {
        let weights = self.numbers(name, inputs * outputs)?;
        let bias = self.numbers(name, outputs)?;
        let weights = Array2::from_shape_vec((inputs, outputs), weights)
            .map_err(|error| self.mismatch(name, "a matrix", &error.to_string()))?;
        Ok(Linear {
            weights,
            bias: Array1::from_vec(bias),
        })
    }
}

#[cfg(test)]
mod tests;
