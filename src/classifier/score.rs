//! Fragments → predictions: encoder, session and window average.

use ndarray::Array2;

use crate::encode::{Encoder, Encoding, Window};
use crate::error::{Error, Result};
use crate::prediction::{Prediction, Probabilities};
use crate::section::Section;
use crate::session::{Session, SessionInputs};

/// Rows handed to the session at once. Bounds the memory of a vacancy of any length.
const BATCH_ROWS: usize = 64;

/// One prediction per fragment, in order.
pub(super) fn predict(
    encoder: &dyn Encoder,
    session: &dyn Session,
    fragments: &[&str],
) -> Result<Vec<Prediction>> {
    let mut predictions = Vec::with_capacity(fragments.len());
    let mut batch = Batch::new(encoder, session);
    for (position, fragment) in fragments.iter().enumerate() {
        let encoding = encoder
            .encode(fragment)
            .map_err(|error| error.at_fragment(position))?;
        batch.push(position, encoding, &mut predictions)?;
    }
    batch.flush(&mut predictions)?;
    Ok(predictions)
}

/// Fragments whose windows wait for the session.
struct Batch<'a> {
    encoder: &'a dyn Encoder,
    session: &'a dyn Session,
    /// Position of the first waiting fragment.
    first: usize,
    waiting: Vec<Encoding>,
    rows: usize,
}

impl<'a> Batch<'a> {
    fn new(encoder: &'a dyn Encoder, session: &'a dyn Session) -> Self {
        Self {
            encoder,
            session,
            first: 0,
            waiting: Vec::new(),
            rows: 0,
        }
    }

    fn push(
        &mut self,
        position: usize,
        encoding: Encoding,
        predictions: &mut Vec<Prediction>,
    ) -> Result<()> {
        if encoding.windows.is_empty() {
            return Err(Error::Shape {
                what: "windows of a fragment",
                expected: "at least 1".to_owned(),
                found: "0".to_owned(),
            });
        }
        if self.waiting.is_empty() {
            self.first = position;
        }
        self.rows += encoding.windows.len();
        self.waiting.push(encoding);
        if self.rows >= BATCH_ROWS {
            self.flush(predictions)?;
        }
        Ok(())
    }

    /// Runs what waits, [`BATCH_ROWS`] rows at a time.
    fn flush(&mut self, predictions: &mut Vec<Prediction>) -> Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        self.rows = 0;
        let windows: Vec<&Window> = waiting.iter().flat_map(|e| &e.windows).collect();
        let mut logits = Vec::with_capacity(windows.len());
        for rows in windows.chunks(BATCH_ROWS) {
            self.run(rows, &mut logits)?;
        }
        let mut logits = logits.into_iter();
        for (offset, encoding) in waiting.iter().enumerate() {
            let parts = encoding
                .windows
                .iter()
                .zip(&mut logits)
                .map(|(window, logits)| {
                    let probabilities = Probabilities::from_logits(logits)?;
                    // Windows count by their word pieces; the two special tokens are no text.
                    let pieces = window.input_ids.len().saturating_sub(2).max(1);
                    Ok((probabilities, pieces as f64))
                })
                .collect::<Result<Vec<_>>>()
                .map_err(|error| error.at_fragment(self.first + offset))?;
            let probabilities = match parts.as_slice() {
                [(probabilities, _)] => *probabilities,
                _ => Probabilities::weighted_mean(parts)?,
            };
            predictions.push(Prediction::new(
                probabilities,
                encoding.windows.len(),
                encoding.truncated,
            ));
        }
        Ok(())
    }

    /// Appends the logits of these windows, columns in the order of the ids.
    fn run(&self, windows: &[&Window], logits: &mut Vec<[f32; Section::COUNT]>) -> Result<()> {
        let len = self.session.max_seq_len();
        let shape = (windows.len(), len);
        let mut ids = Array2::from_elem(shape, self.encoder.pad_id());
        let mut mask = Array2::zeros(shape);
        let mut types = Array2::zeros(shape);
        for (row, window) in windows.iter().enumerate() {
            let real = window.input_ids.len();
            if real > len || window.token_type_ids.len() != real {
                return Err(Error::Shape {
                    what: "tokens of a window",
                    expected: format!("at most {len}, each with its type"),
                    found: format!("{real}, and {} types", window.token_type_ids.len()),
                });
            }
            for (slot, id) in ids.row_mut(row).iter_mut().zip(&window.input_ids) {
                *slot = *id;
            }
            mask.row_mut(row)
                .iter_mut()
                .take(real)
                .for_each(|slot| *slot = 1);
            for (slot, kind) in types.row_mut(row).iter_mut().zip(&window.token_type_ids) {
                *slot = *kind;
            }
        }
        let inputs = SessionInputs::new(ids.view(), mask.view(), types.view())?;
        let scores = self.session.run(inputs)?;
        if scores.shape() != [windows.len(), Section::COUNT] {
            return Err(Error::Shape {
                what: "shape of the session's logits",
                expected: format!("{:?}", [windows.len(), Section::COUNT]),
                found: format!("{:?}", scores.shape()),
            });
        }
        let labels = self.session.labels();
        for row in scores.rows() {
            let mut by_section = [f32::NAN; Section::COUNT];
            for (label, logit) in labels.iter().zip(row) {
                if let Some(slot) = by_section.get_mut(label.id()) {
                    *slot = *logit;
                }
            }
            logits.push(by_section);
        }
        Ok(())
    }
}
