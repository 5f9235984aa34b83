//! The table of learned weights: a text of lines, read once.
//!
//! ```text
//! vacancy-sections sequence 1
//! feature <group> <width>             then <width> lines of 10 numbers
//! transition <link>                   then 10 lines (from) of 10 numbers (to)
//! under <gate>                        then 6 lines (announced) of 5 numbers (content)
//! junk_threshold <number>
//! end
//! ```
//!
//! Classes are the five sections as content, then the five sections as headings. Lines that begin
//! with `#` are comments.

use super::chain::{ANNOUNCED, CLASSES, Table, Transitions, Under};
use super::features::{GROUPS, Gate, Link, WIDTH};
use crate::error::{Error, Result};
use crate::section::Section;

const FIRST_LINE: &str = "vacancy-sections sequence 1";

/// Weights beyond this are no outcome of the training, and sums of them might leave the numbers.
const LARGEST: f64 = 1e6;

/// The weights of the chain.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parameters {
    /// A row per feature.
    pub(super) features: Vec<[f64; CLASSES]>,
    /// By [`Link`].
    pub(super) transitions: [Transitions; Link::NAMES.len()],
    /// By [`Gate`].
    pub(super) under: [Under; Gate::NAMES.len()],
    /// From this probability on a fragment is junk.
    pub(super) junk_threshold: f32,
}

impl Parameters {
    /// Reads a table; `file` names it in errors.
    pub(super) fn parse(file: &str, text: &str) -> Result<Self> {
        let mut lines = Lines::new(file, text);
        lines.expect(FIRST_LINE)?;
        let mut features = Vec::with_capacity(WIDTH);
        for (name, width) in GROUPS {
            lines.expect(&format!("feature {name} {width}"))?;
            for _ in 0..width {
                features.push(lines.numbers()?);
            }
        }
        let mut transitions = [[[0.0; CLASSES]; CLASSES]; Link::NAMES.len()];
        for (name, table) in Link::NAMES.iter().zip(&mut transitions) {
            lines.expect(&format!("transition {name}"))?;
            for row in table.iter_mut() {
                *row = lines.numbers()?;
            }
        }
        let mut under = [[[0.0; Section::COUNT]; ANNOUNCED]; Gate::NAMES.len()];
        for (name, table) in Gate::NAMES.iter().zip(&mut under) {
            lines.expect(&format!("under {name}"))?;
            for row in table.iter_mut() {
                *row = lines.numbers()?;
            }
        }
        let (transitions, under) = (transitions.map(Table::new), under.map(Table::new));
        let junk_threshold = lines.threshold()?;
        lines.expect("end")?;
        lines.finish()?;
        Ok(Self {
            features,
            transitions,
            under,
            junk_threshold,
        })
    }
}

/// The lines of a table that are no comments.
struct Lines<'a> {
    file: &'a str,
    rest: Box<dyn Iterator<Item = (usize, &'a str)> + 'a>,
}

impl<'a> Lines<'a> {
    fn new(file: &'a str, text: &'a str) -> Self {
        let numbered = text
            .lines()
            .enumerate()
            .map(|(at, line)| (at + 1, line.trim()));
        let rest = numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        Self {
            file,
            rest: Box::new(rest),
        }
    }

    fn next(&mut self, expected: &str) -> Result<(usize, &'a str)> {
        let next = self.rest.next();
        next.ok_or_else(|| self.mismatch("the table", expected, "its end"))
    }

    fn mismatch(&self, what: &str, expected: &str, found: &str) -> Error {
        Error::Mismatch {
            file: self.file.to_owned(),
            what: what.to_owned(),
            expected: expected.to_owned(),
            found: found.chars().take(60).collect(),
        }
    }

    fn expect(&mut self, expected: &str) -> Result<()> {
        let (number, line) = self.next(expected)?;
        if line == expected {
            return Ok(());
        }
        Err(self.mismatch(&format!("line {number}"), expected, line))
    }

    fn numbers<const N: usize>(&mut self) -> Result<[f64; N]> {
        let expected = format!("{N} numbers");
        let (number, line) = self.next(&expected)?;
        let mut values = [0.0; N];
        let mut words = line.split_ascii_whitespace();
        for value in &mut values {
            let word: Option<f64> = words.next().and_then(|word| word.parse().ok());
            match word {
                Some(weight) if weight.abs() <= LARGEST => *value = weight,
                _ => return Err(self.mismatch(&format!("line {number}"), &expected, line)),
            }
        }
        if words.next().is_some() {
            return Err(self.mismatch(&format!("line {number}"), &expected, line));
        }
        Ok(values)
    }

    fn threshold(&mut self) -> Result<f32> {
        let expected = "junk_threshold and a number from 0 to 1";
        let (number, line) = self.next(expected)?;
        line.strip_prefix("junk_threshold ")
            .and_then(|word| word.parse().ok())
            .filter(|threshold| (0.0..=1.0).contains(threshold))
            .ok_or_else(|| self.mismatch(&format!("line {number}"), expected, line))
    }

    fn finish(&mut self) -> Result<()> {
        match self.rest.next() {
            None => Ok(()),
            Some((number, line)) => {
                Err(self.mismatch(&format!("line {number}"), "nothing more", line))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::TABLE;
    use super::*;

    fn error(text: &str) -> String {
        Parameters::parse("table", text).unwrap_err().to_string()
    }

    #[test]
    fn the_embedded_table_is_read() {
        let parameters = Parameters::parse("sequence.txt", TABLE).unwrap();
        assert_eq!(parameters.features.len(), WIDTH);
    }

    #[test]
    fn another_version_is_refused() {
        let text = TABLE.replacen("sequence 1", "sequence 2", 1);
        assert!(error(&text).contains("expected vacancy-sections sequence 1"));
    }

    #[test]
    fn another_width_is_refused() {
        let text = TABLE.replacen("feature own_log 5", "feature own_log 6", 1);
        assert!(error(&text).contains("expected feature own_log 5, found feature own_log 6"));
    }

    #[test]
    fn a_row_of_another_length_is_refused() {
        let long = TABLE.replacen("feature own_log 5\n", "feature own_log 5\n1 ", 1);
        assert!(error(&long).contains("expected 10 numbers"));
        let short = TABLE.replacen("feature own_log 5\n", "feature own_log 5\n1\n", 1);
        assert!(error(&short).contains("expected 10 numbers"));
    }

    #[test]
    fn numbers_that_cannot_be_weights_are_refused() {
        for word in ["NaN", "inf", "-inf", "1e7", "x", "1,5"] {
            let row = format!("feature own_log 5\n{word} 0 0 0 0 0 0 0 0 0\n");
            let text = TABLE.replacen("feature own_log 5\n", &row, 1);
            assert!(error(&text).contains("expected 10 numbers"), "{word}");
        }
    }

    #[test]
    fn a_table_that_ends_early_or_goes_on_is_refused() {
        for text in ["", "garbage", "\u{0}\u{1}", FIRST_LINE] {
            assert!(error(text).contains("expected"), "{text:?}");
        }
        let cut = &TABLE[..TABLE.len() / 2];
        assert!(error(&cut[..=cut.rfind('\n').unwrap()]).contains("its end"));
        assert!(error(&format!("{TABLE}more\n")).contains("nothing more"));
    }

    #[test]
    fn a_threshold_beyond_one_is_refused() {
        let at = TABLE.find("junk_threshold").unwrap();
        let text = format!("{}junk_threshold 1.5\nend\n", &TABLE[..at]);
        assert!(error(&text).contains("from 0 to 1"));
    }
}
