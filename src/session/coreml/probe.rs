//! A few token sequences that show at load whether CoreML computes what the model says.
//!
//! A binding that reinterprets token ids, reads the output with a wrong type, or a broken build for the
//! Neural Engine gives plausible logits that mean nothing. They are caught here, before a caller sees
//! them.

use std::fmt;

use ndarray::Array2;

use super::engine::failed;
use super::options::PROBE_BOUND;
use crate::error::Result;
use crate::section::Section;
use crate::session::{Logits, Session, SessionInputs};

/// Without a reference: logits of two sequences of one length must differ by more than this, or they do
/// not depend on the token ids.
const SAME: f32 = 1e-3;

/// Real tokens in each sequence, two of each length so that ids alone tell a pair apart; cut to what the
/// model takes.
const LENGTHS: [usize; 8] = [4, 4, 12, 12, 40, 40, usize::MAX, usize::MAX];

/// Ids that every vocabulary has, used where its size is unknown.
const SMALLEST_VOCABULARY: usize = 10;

/// The fixed token sequences for a model.
#[derive(Debug)]
pub(super) struct Sequences {
    ids: Array2<i32>,
    mask: Array2<i32>,
    types: Array2<i32>,
}

impl Sequences {
    /// Sequences of at most `seq_len` tokens with ids below `vocab_size`, spread over all of it.
    ///
    /// Id 0, the padding of BERT vocabularies, is left out: it is what garbled ids turn into.
    pub(super) fn new(seq_len: usize, vocab_size: Option<usize>) -> Self {
        let usable = vocab_size
            .unwrap_or(SMALLEST_VOCABULARY)
            .min(i32::MAX as usize)
            .saturating_sub(1)
            .max(1) as u64;
        let shape = (LENGTHS.len(), seq_len);
        let real = |row: usize, column: usize| {
            LENGTHS
                .get(row)
                .is_some_and(|&length| column < length.min(seq_len))
        };
        Self {
            ids: Array2::from_shape_fn(shape, |(row, column)| {
                if real(row, column) {
                    // Below the vocabulary's size, which fits i32.
                    (1 + scatter(row as u64, column as u64) % usable) as i32
                } else {
                    0
                }
            }),
            mask: Array2::from_shape_fn(shape, |(row, column)| i32::from(real(row, column))),
            types: Array2::zeros(shape),
        }
    }

    pub(super) fn inputs(&self) -> Result<SessionInputs<'_>> {
        SessionInputs::new(self.ids.view(), self.mask.view(), self.types.view())
    }

    /// The first sequence alone, which takes the path of a single prediction.
    fn first(&self) -> Result<SessionInputs<'_>> {
        let row = ndarray::s![..1, ..];
        SessionInputs::new(
            self.ids.slice(row),
            self.mask.slice(row),
            self.types.slice(row),
        )
    }

    /// Number of real tokens of a row.
    fn tokens(&self, row: usize) -> usize {
        self.mask
            .outer_iter()
            .nth(row)
            .map_or(0, |mask| mask.iter().filter(|&&real| real == 1).count())
    }
}

/// A fixed pseudo-random number for a place: the finaliser of SplitMix64 (Steele, Lea and Flood, 2014)
/// over row and column.
fn scatter(row: u64, column: u64) -> u64 {
    let mut x = (row << 32 | column).wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// What a passed probe found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Passed {
    /// Logits agree with the reference up to this difference.
    Agrees(f32),
    /// There was no reference; logits are finite and depend on the ids.
    DependsOnIds,
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = LENGTHS.len();
        match self {
            Self::Agrees(difference) => write!(
                f,
                "{count} probe sequences agree with the reference within {difference:.4}"
            ),
            Self::DependsOnIds => write!(
                f,
                "{count} probe sequences gave finite logits that depend on the ids; no reference to compare with"
            ),
        }
    }
}

/// Runs the probe on a freshly loaded session.
///
/// # Errors
///
/// The session's own errors, and [`Error::Session`](crate::Error::Session) with both results where they
/// do not agree: a logit is not finite or further than `bound` from the reference, or the best section
/// is another one although the reference does not waver between the two.
pub(super) fn run(
    session: &dyn Session,
    reference: Option<&dyn Session>,
    bound: f32,
) -> Result<Passed> {
    let vocab_size = reference
        .and_then(Session::vocab_size)
        .or_else(|| session.vocab_size());
    let sequences = Sequences::new(session.max_seq_len(), vocab_size);
    let found = session.run(sequences.inputs()?)?;
    let alone = session.run(sequences.first()?)?;
    if found.dim() != (LENGTHS.len(), Section::COUNT) || alone.dim() != (1, Section::COUNT) {
        return Err(failed(format!(
            "probe: expected logits of shape {:?} and {:?}, found {:?} and {:?}",
            [LENGTHS.len(), Section::COUNT],
            [1, Section::COUNT],
            found.shape(),
            alone.shape()
        )));
    }
    match reference {
        Some(reference) => {
            let expected = reference.run(sequences.inputs()?)?;
            if expected.dim() != found.dim() {
                return Err(failed(format!(
                    "probe: the reference ({}) gave logits of shape {:?}, expected {:?}",
                    reference.backend().name,
                    expected.shape(),
                    found.shape()
                )));
            }
            let name = reference.backend().name;
            let batch = compare(&sequences, &found, &expected, &name, bound)?;
            let single = compare(&sequences, &alone, &expected, &name, bound)?;
            Ok(Passed::Agrees(batch.max(single)))
        }
        None => depends_on_ids(&found).map(|()| Passed::DependsOnIds),
    }
}

/// The largest difference, if every row of `found` agrees with the same row of `expected`.
fn compare(
    sequences: &Sequences,
    found: &Logits,
    expected: &Logits,
    reference: &str,
    bound: f32,
) -> Result<f32> {
    let mut largest = 0.0_f32;
    for (row, (found, expected)) in found.outer_iter().zip(expected.outer_iter()).enumerate() {
        let (found, expected) = (found.to_vec(), expected.to_vec());
        let disagree = |what: String| {
            failed(format!(
                "probe: sequence {row} of {} tokens: {what}: CoreML gave {found:?}, the reference \
                 ({reference}) gave {expected:?}",
                sequences.tokens(row)
            ))
        };
        let mut difference = 0.0_f32;
        for (found, expected) in found.iter().zip(&expected) {
            let delta = (found - expected).abs();
            // NaN compares as neither, so it is looked for by itself.
            if !delta.is_finite() {
                return Err(disagree("expected finite logits".to_owned()));
            }
            difference = difference.max(delta);
        }
        if difference > bound {
            return Err(disagree(format!(
                "expected logits within {bound} of each other, found a difference of {difference}"
            )));
        }
        let (best, expected_best) = (argmax(&found), argmax(&expected));
        if best != expected_best && !wavers(&expected, bound) {
            return Err(disagree(format!(
                "expected column {expected_best} to be the largest, found column {best}"
            )));
        }
        largest = largest.max(difference);
    }
    Ok(largest)
}

fn argmax(logits: &[f32]) -> usize {
    let mut best = (0, f32::NEG_INFINITY);
    for (column, &logit) in logits.iter().enumerate() {
        if logit > best.1 {
            best = (column, logit);
        }
    }
    best.0
}

/// Whether the two largest logits are so close that rounding may swap them: within the bound, or within
/// the default one where a wider was chosen.
fn wavers(logits: &[f32], bound: f32) -> bool {
    let mut sorted = logits.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    match sorted.as_slice() {
        [first, second, ..] => first - second <= bound.min(PROBE_BOUND),
        _ => false,
    }
}

/// Whether sequences that differ in their ids alone give different logits.
fn depends_on_ids(found: &Logits) -> Result<()> {
    if let Some((row, logits)) = found
        .outer_iter()
        .enumerate()
        .find(|(_, logits)| logits.iter().any(|logit| !logit.is_finite()))
    {
        return Err(failed(format!(
            "probe: sequence {row}: expected finite logits, found {:?}",
            logits.to_vec()
        )));
    }
    let rows: Vec<Vec<f32>> = found.outer_iter().map(|row| row.to_vec()).collect();
    let (pairs, _) = rows.as_chunks::<2>();
    let differs = |[first, second]: &[Vec<f32>; 2]| {
        first.iter().zip(second).any(|(a, b)| (a - b).abs() > SAME)
    };
    if pairs.iter().any(differs) {
        return Ok(());
    }
    Err(failed(format!(
        "probe: expected logits that depend on the token ids, found the same for sequences that differ \
         in nothing else: {rows:?}"
    )))
}

#[cfg(test)]
mod tests;
