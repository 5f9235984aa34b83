//! A session that answers from a script.

use std::fmt;
use std::sync::Mutex;

use super::{BackendInfo, Logits, Session, SessionInputs};
use crate::error::{Error, Result};
use crate::section::Section;

type Script = dyn Fn(&[i32]) -> Result<[f32; Section::COUNT]> + Send + Sync;

/// A session whose logits are made by a function of the real token ids of a row.
///
/// It checks the shape of what it is given and remembers the size of every call.
///
/// ```
/// use ndarray::array;
/// use vacancy_sections::testing::MockSession;
/// use vacancy_sections::{Session, SessionInputs};
///
/// let session = MockSession::new(3, |ids| [ids.len() as f32, 0.0, 0.0, 0.0, 0.0]);
/// let (ids, mask, types) = (array![[2, 3, 0]], array![[1, 1, 0]], array![[0, 0, 0]]);
/// let logits = session.run(SessionInputs::new(ids.view(), mask.view(), types.view())?)?;
/// assert_eq!(logits[[0, 0]], 2.0);
/// assert_eq!(session.calls(), [1]);
/// # Ok::<(), vacancy_sections::Error>(())
/// ```
pub struct MockSession {
    max_seq_len: usize,
    script: Box<Script>,
    labels: [Section; Section::COUNT],
    calls: Mutex<Vec<usize>>,
}

impl fmt::Debug for MockSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockSession")
            .field("max_seq_len", &self.max_seq_len)
            .field("labels", &self.labels)
            .finish_non_exhaustive()
    }
}

impl MockSession {
    /// A session over rows of `max_seq_len` tokens that answers by `script`.
    ///
    /// ```
    /// use vacancy_sections::Session;
    /// use vacancy_sections::testing::MockSession;
    ///
    /// let session = MockSession::new(128, |ids| [ids.len() as f32, 0.0, 0.0, 0.0, 0.0]);
    /// assert_eq!(session.max_seq_len(), 128);
    /// ```
    #[must_use]
    pub fn new(
        max_seq_len: usize,
        script: impl Fn(&[i32]) -> [f32; Section::COUNT] + Send + Sync + 'static,
    ) -> Self {
        Self::fallible(max_seq_len, move |ids| Ok(script(ids)))
    }

    /// As [`new`](Self::new), with a script that can fail.
    ///
    /// ```
    /// use vacancy_sections::Error;
    /// use vacancy_sections::testing::MockSession;
    ///
    /// let broken = MockSession::fallible(128, |_| Err(Error::stage("session", "unplugged")));
    /// ```
    #[must_use]
    pub fn fallible(
        max_seq_len: usize,
        script: impl Fn(&[i32]) -> Result<[f32; Section::COUNT]> + Send + Sync + 'static,
    ) -> Self {
        Self {
            max_seq_len,
            script: Box::new(script),
            labels: Section::ALL,
            calls: Mutex::new(Vec::new()),
        }
    }

    /// Announces another order of the logits columns.
    ///
    /// ```
    /// use vacancy_sections::testing::MockSession;
    /// use vacancy_sections::{Section, Session};
    ///
    /// let mut labels = Section::ALL;
    /// labels.reverse();
    /// let session = MockSession::new(128, |_| [0.0; 5]).with_labels(labels);
    /// assert_eq!(session.labels()[0], Section::Junk);
    /// ```
    #[must_use]
    pub fn with_labels(mut self, labels: [Section; Section::COUNT]) -> Self {
        self.labels = labels;
        self
    }

    /// The number of rows of every call so far.
    ///
    /// ```
    /// use vacancy_sections::testing::MockSession;
    ///
    /// assert!(MockSession::new(128, |_| [0.0; 5]).calls().is_empty());
    /// ```
    #[must_use]
    pub fn calls(&self) -> Vec<usize> {
        match self.calls.lock() {
            Ok(calls) => calls.clone(),
            Err(poisoned) => poisoned.into_inner().clone(),
        }
    }
}

impl Session for MockSession {
    fn run(&self, inputs: SessionInputs<'_>) -> Result<Logits> {
        if inputs.seq_len() != self.max_seq_len {
            return Err(Error::Shape {
                what: "tokens of an input row",
                expected: self.max_seq_len.to_string(),
                found: inputs.seq_len().to_string(),
            });
        }
        match self.calls.lock() {
            Ok(mut calls) => calls.push(inputs.rows()),
            Err(poisoned) => poisoned.into_inner().push(inputs.rows()),
        }
        let mut logits = Logits::zeros((inputs.rows(), Section::COUNT));
        for (row, mut scores) in logits.rows_mut().into_iter().enumerate() {
            let real: Vec<i32> = inputs
                .input_ids()
                .row(row)
                .iter()
                .zip(inputs.attention_mask().row(row))
                .filter(|(_, mask)| **mask == 1)
                .map(|(id, _)| *id)
                .collect();
            for (score, value) in scores.iter_mut().zip((self.script)(&real)?) {
                *score = value;
            }
        }
        Ok(logits)
    }

    fn max_seq_len(&self) -> usize {
        self.max_seq_len
    }

    fn backend(&self) -> BackendInfo {
        BackendInfo::new("mock", "scripted")
    }

    fn labels(&self) -> [Section; Section::COUNT] {
        self.labels
    }
}
