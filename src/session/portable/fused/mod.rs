//! Runs BERT-shaped programs fast: real tokens only, packed weights, fused passes.

// Offsets and lengths only, inside arrays that are in memory: no product of them can overflow. Every
// shape was checked when the program was recognised.
#![allow(clippy::arithmetic_side_effects)]

mod batch;
mod encoder;
mod kernels;
mod layers;
mod recognise;
mod scratch;
#[cfg(test)]
mod tests;
mod weights;

use std::sync::{Mutex, PoisonError};
use std::{mem, thread};

use fearless_simd::Level;

use batch::{Fragment, Plan, Rows};
use encoder::Encoder;
use kernels::{Packer, Vnni};
pub(super) use recognise::{Features, recognise};
use scratch::{Pool, Scratch};
pub(super) use weights::Weights;

use super::precision::Precision;
use crate::error::{Error, Result};
use crate::session::{Logits, SessionInputs};

/// How errors and reports call this engine.
pub(super) const NAME: &str = "portable fused encoder";

/// Tokens that are computed together: enough to read each weight rarely, few enough for the
/// intermediate results to stay in the cache.
const GROUP: usize = 512;

/// A BERT-shaped classifier and the memory its runs share.
#[derive(Debug)]
pub(super) struct FusedEncoder {
    encoder: Encoder,
    /// In which numbers products are computed, and why.
    arithmetic: String,
    rooms: Pool<Room>,
    scratches: Pool<Scratch>,
}

/// The bookkeeping of one call.
#[derive(Debug, Default)]
struct Room {
    plan: Plan,
    logits: Vec<f32>,
}

impl FusedEncoder {
    pub(super) fn new(weights: Weights, precision: Precision) -> Self {
        Self::with_instructions(weights, precision, Level::new(), Vnni::detect())
    }

    /// For these instruction sets, which the machine must have.
    fn with_instructions(
        weights: Weights,
        precision: Precision,
        level: Level,
        vnni: Option<Vnni>,
    ) -> Self {
        let vnni = vnni.filter(|_| precision == Precision::Int8);
        let encoder = Encoder::new(weights, Packer::new(level, vnni));
        let arithmetic = match (precision, vnni) {
            (Precision::Float32, _) => precision.to_string(),
            (Precision::Int8, None) => instead_of_int8("no AVX-512 VNNI on this machine"),
            (Precision::Int8, _) if !encoder.may_round() => {
                instead_of_int8("no layer but the last")
            }
            (Precision::Int8, Some(_)) => "int8 by AVX-512 VNNI".to_owned(),
        };
        Self {
            encoder,
            arithmetic,
            rooms: Pool::default(),
            scratches: Pool::default(),
        }
    }

    /// What was recognised and how it is computed, for reports.
    pub(super) fn describe(&self) -> String {
        format!("{}; {}", self.encoder.describe(), self.arithmetic)
    }

    /// Number of logits of a row.
    pub(super) fn logits(&self) -> usize {
        self.encoder.logits()
    }

    /// Logits of every row whose mask is ones and then zeros, on up to `threads` threads; and the
    /// other rows, whose logits are left at 0. A row's logits are the same bits whatever else is in
    /// the batch and however many threads there are.
    ///
    /// # Errors
    ///
    /// When a token id or type lies outside its table.
    pub(super) fn run(
        &self,
        inputs: SessionInputs<'_>,
        threads: usize,
    ) -> Result<(Logits, Vec<usize>)> {
        let ids = inputs.input_ids();
        let mask = inputs.attention_mask();
        let types = inputs.token_type_ids();
        let (ids, mask, types) = (
            ids.as_standard_layout(),
            mask.as_standard_layout(),
            types.as_standard_layout(),
        );
        let (Some(ids), Some(mask), Some(types)) =
            (ids.as_slice(), mask.as_slice(), types.as_slice())
        else {
            return Err(Error::Session {
                backend: NAME,
                reason: "the inputs are not laid out row by row".to_owned(),
            });
        };
        let mut logits = Logits::zeros((inputs.rows(), self.logits()));
        if inputs.rows() == 0 || inputs.seq_len() == 0 {
            return Ok((logits, (0..inputs.rows()).collect()));
        }
        let rows = Rows {
            ids,
            mask,
            types,
            seq_len: inputs.seq_len(),
        };
        let others = self.rooms.with(
            |Room {
                 plan,
                 logits: unique,
             }| {
                plan.make(rows, self.encoder.tables())?;
                unique.clear();
                unique.resize(plan.unique.len() * self.logits(), 0.0);
                self.spread(rows, &plan.unique, threads, unique);
                for &(row, fragment) in &plan.places {
                    let found = unique.chunks_exact(self.logits()).nth(fragment);
                    for (logit, value) in logits
                        .row_mut(row)
                        .iter_mut()
                        .zip(found.into_iter().flatten())
                    {
                        *logit = *value;
                    }
                }
                Ok(plan.others.clone())
            },
        )?;
        Ok((logits, others))
    }

    /// Divides fragments among threads, by tokens. If the system refuses a thread, the others do its
    /// share too.
    fn spread(&self, rows: Rows<'_>, fragments: &[Fragment], threads: usize, out: &mut [f32]) {
        if threads <= 1 || fragments.len() <= 1 {
            return self.run_groups(rows, fragments, out);
        }
        let total: usize = fragments.iter().map(|fragment| fragment.len()).sum();
        let share = total.div_ceil(threads).max(1);
        let left = Mutex::new((fragments, out));
        let next_share = || {
            let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
            let (fragments, out) = mem::take(&mut *left);
            let count = first_group(fragments, share);
            let (group, others) = fragments.split_at(count);
            let (logits, rest) = out.split_at_mut(count * self.logits());
            *left = (others, rest);
            (!group.is_empty()).then_some((group, logits))
        };
        let work = || {
            while let Some((group, logits)) = next_share() {
                self.run_groups(rows, group, logits);
            }
        };
        thread::scope(|scope| {
            for _ in 1..threads.min(fragments.len()) {
                if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            work();
        });
    }

    /// Runs fragments group by group on this thread.
    fn run_groups(&self, rows: Rows<'_>, fragments: &[Fragment], out: &mut [f32]) {
        self.scratches.with(|scratch| {
            let (mut fragments, mut out) = (fragments, out);
            while !fragments.is_empty() {
                let count = first_group(fragments, GROUP);
                let (group, others) = fragments.split_at(count);
                let (logits, left) = out.split_at_mut(count * self.logits());
                (fragments, out) = (others, left);
                self.encoder.run(rows, group, scratch, logits);
            }
        });
    }
}

/// The arithmetic where 8-bit integers were asked for in vain.
pub(super) fn instead_of_int8(reason: &str) -> String {
    format!("float32 instead of int8: {reason}")
}

/// How many fragments from the first on have, together, at least so many tokens.
fn first_group(fragments: &[Fragment], tokens: usize) -> usize {
    let mut found = 0;
    fragments
        .iter()
        .take_while(|fragment| {
            let open = found < tokens;
            found += fragment.len();
            open
        })
        .count()
}
