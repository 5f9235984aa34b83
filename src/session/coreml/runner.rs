//! A loaded model as a session: everything around the predictions that is not Objective-C.

use std::sync::{Mutex, PoisonError};

use ndarray::ArrayView1;

use super::engine::{BACKEND, Engine, Features, RawOutput, TokenRow, failed};
use super::options::ComputeUnits;
use super::scratch::Scratch;
use super::strided;
use crate::error::{Error, Result};
use crate::package::ModelSpec;
use crate::section::Section;
use crate::session::{BackendInfo, Logits, Session, SessionInputs};

/// Rows handed to CoreML in one batch, so that a large input does not hold all its arrays at once.
const MAX_BATCH: usize = 64;

/// Runs an engine, one thread at a time.
#[derive(Debug)]
pub(super) struct Runner<E> {
    /// CoreML wants a model used by one thread at a time.
    engine: Mutex<E>,
    features: Features,
    max_seq_len: usize,
    labels: [Section; Section::COUNT],
    vocab_size: Option<usize>,
    backend: BackendInfo,
    /// Where the model was loaded from, if that is temporary. After `engine`, so that the files outlive
    /// it: CoreML may map them late.
    scratch: Option<Scratch>,
}

impl<E: Engine> Runner<E> {
    pub(super) fn new(
        engine: E,
        features: Features,
        spec: &ModelSpec,
        vocab_size: Option<usize>,
    ) -> Self {
        Self {
            engine: Mutex::new(engine),
            features,
            max_seq_len: spec.max_seq_len,
            labels: spec.labels,
            vocab_size,
            backend: BackendInfo::new(BACKEND, "loading"),
            scratch: None,
        }
    }

    /// Says how the model came to run.
    pub(super) fn described(mut self, units: ComputeUnits, details: &[String]) -> Self {
        let mut reason = format!("compute units {units}");
        for detail in details {
            reason.push_str("; ");
            reason.push_str(detail);
        }
        self.backend = BackendInfo::new(BACKEND, reason);
        self
    }

    /// Keeps a temporary directory for as long as the model.
    pub(super) fn keeping(mut self, scratch: Option<Scratch>) -> Self {
        self.scratch = scratch;
        self
    }

    fn check_ids(&self, row: usize, ids: &[i32]) -> Result<()> {
        let outside = |&&id: &&i32| {
            usize::try_from(id).map_or(true, |id| self.vocab_size.is_some_and(|size| id >= size))
        };
        match ids.iter().find(outside) {
            None => Ok(()),
            Some(id) => Err(Error::Shape {
                what: "token id",
                expected: self.vocab_size.map_or_else(
                    || "no negative id".to_owned(),
                    |size| format!("an id below {size}"),
                ),
                found: format!("{id} in row {row}"),
            }),
        }
    }

    fn read_logits(&self, row: usize, output: Option<RawOutput>) -> Result<[f32; Section::COUNT]> {
        let name = &self.features.output;
        let output = output.ok_or_else(|| {
            failed(format!(
                "row {row}: expected a multi-array `{name}`, found none"
            ))
        })?;
        let values = strided::read_f32(&output)
            .map_err(|reason| failed(format!("row {row}: output `{name}`: {reason}")))?;
        let logits = <[f32; Section::COUNT]>::try_from(values).map_err(|values| {
            failed(format!(
                "row {row}: output `{name}`: expected {} values, found {} in shape {:?}",
                Section::COUNT,
                values.len(),
                output.shape
            ))
        })?;
        if logits.iter().all(|logit| logit.is_finite()) {
            Ok(logits)
        } else {
            Err(Error::NonFiniteLogits { index: row, logits })
        }
    }
}

impl<E: Engine> Session for Runner<E> {
    fn run(&self, inputs: SessionInputs<'_>) -> Result<Logits> {
        if inputs.seq_len() != self.max_seq_len {
            return Err(Error::Shape {
                what: "length of an input row",
                expected: format!("{} tokens", self.max_seq_len),
                found: inputs.seq_len().to_string(),
            });
        }
        let rows: Vec<[Vec<i32>; 3]> = (0..inputs.rows())
            .map(|row| {
                let of = |array: ndarray::ArrayView2<'_, i32>| {
                    array.outer_iter().nth(row).map_or_else(Vec::new, to_vec)
                };
                [
                    of(inputs.input_ids()),
                    of(inputs.attention_mask()),
                    of(inputs.token_type_ids()),
                ]
            })
            .collect();
        for (row, [ids, _, _]) in rows.iter().enumerate() {
            self.check_ids(row, ids)?;
        }

        // A panic while the lock was held leaves nothing half done on our side.
        let engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        let mut logits = Vec::with_capacity(rows.len().saturating_mul(Section::COUNT));
        for (batch, rows) in rows.chunks(MAX_BATCH).enumerate() {
            let first = batch * MAX_BATCH;
            let views: Vec<TokenRow<'_>> = rows
                .iter()
                .map(|row| row.each_ref().map(|r| &**r))
                .collect();
            let found = engine
                .predict(&self.features, &views)
                .map_err(|failure| failure.during("prediction"))?;
            if found.len() != rows.len() {
                return Err(failed(format!(
                    "prediction: expected {} results, found {}",
                    rows.len(),
                    found.len()
                )));
            }
            for (row, output) in found.into_iter().enumerate() {
                logits.extend(self.read_logits(first + row, output)?);
            }
        }
        Logits::from_shape_vec((rows.len(), Section::COUNT), logits)
            .map_err(|error| failed(format!("logits: {error}")))
    }

    fn max_seq_len(&self) -> usize {
        self.max_seq_len
    }

    fn backend(&self) -> BackendInfo {
        self.backend.clone()
    }

    fn labels(&self) -> [Section; Section::COUNT] {
        self.labels
    }

    fn vocab_size(&self) -> Option<usize> {
        self.vocab_size
    }
}

fn to_vec(row: ArrayView1<'_, i32>) -> Vec<i32> {
    row.to_vec()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use ndarray::Array2;

    use super::super::double::{Double, Fault, features, spec};
    use super::super::engine::{ElementType, Failure};
    use super::*;

    fn runner(double: Double) -> Runner<Double> {
        Runner::new(double, features(), &spec(), Some(100))
    }

    fn ids(rows: usize) -> Array2<i32> {
        Array2::from_shape_fn((rows, 8), |(row, column)| ((row * 3 + column) % 100) as i32)
    }

    fn run(session: &dyn Session, ids: &Array2<i32>) -> Result<Logits> {
        let ones = Array2::ones(ids.raw_dim());
        let zeros = Array2::zeros(ids.raw_dim());
        session.run(SessionInputs::new(ids.view(), ones.view(), zeros.view())?)
    }

    #[test]
    fn each_row_reaches_its_logits() {
        let ids = ids(3);
        let logits = run(&runner(Double::sound()), &ids).unwrap();
        for (row, found) in logits.outer_iter().enumerate() {
            let view = ids.row(row).to_vec();
            assert_eq!(found.to_vec(), Double::logits(&[&view, &[1; 8], &[0; 8]]));
        }
    }

    #[test]
    fn no_rows_give_no_logits() {
        assert_eq!(
            run(&runner(Double::sound()), &ids(0)).unwrap().dim(),
            (0, 5)
        );
    }

    #[test]
    fn inputs_in_another_memory_order_are_read_by_index() {
        let rows = ids(4);
        let turned = rows.t().as_standard_layout().into_owned();
        let session = runner(Double::sound());
        let ones = Array2::ones((4, 8));
        let zeros = Array2::zeros((4, 8));
        let inputs = SessionInputs::new(turned.t(), ones.view(), zeros.view()).unwrap();
        assert_eq!(session.run(inputs).unwrap(), run(&session, &rows).unwrap());
    }

    #[test]
    fn large_inputs_go_in_batches() {
        let double = Double::sound();
        let calls = double.calls();
        let logits = run(&runner(double), &ids(150)).unwrap();
        assert_eq!(logits.nrows(), 150);
        assert_eq!(*calls.lock().unwrap(), [64, 64, 22]);
        let alone = run(
            &runner(Double::sound()),
            &ids(150).slice(ndarray::s![149.., ..]).to_owned(),
        );
        assert_eq!(logits.row(149), alone.unwrap().row(0));
    }

    #[test]
    fn rows_of_another_length_are_refused() {
        let wide = Array2::zeros((1, 9));
        let error = run(&runner(Double::sound()), &wide).unwrap_err();
        assert!(matches!(error, Error::Shape { .. }), "{error}");
    }

    #[test]
    fn ids_outside_the_embedding_table_never_reach_the_engine() {
        for id in [-1, 100, i32::MIN, i32::MAX] {
            let double = Double::sound();
            let calls = double.calls();
            let mut ids = ids(2);
            ids[[1, 3]] = id;
            let error = run(&runner(double), &ids).unwrap_err().to_string();
            assert!(error.contains(&format!("{id} in row 1")), "{error}");
            assert!(calls.lock().unwrap().is_empty());
        }
        let unknown = Runner::new(Double::sound(), features(), &spec(), None);
        let mut ids = ids(1);
        ids[[0, 0]] = -5;
        assert!(run(&unknown, &ids).is_err());
        ids[[0, 0]] = 5_000;
        assert!(run(&unknown, &ids).is_ok());
    }

    #[test]
    fn float16_and_padded_outputs_are_read_as_what_they_are() {
        let expected = run(&runner(Double::sound()), &ids(2)).unwrap();
        for fault in [Fault::Padded, Fault::Float16, Fault::Float64] {
            let found = run(&runner(Double::with(fault.clone())), &ids(2)).unwrap();
            let difference = (&found - &expected).mapv(f32::abs);
            assert!(
                difference.iter().all(|&d| d < 0.01),
                "{fault:?}: {found} {expected}"
            );
        }
    }

    #[test]
    fn faults_become_errors_that_say_where() {
        let cases = [
            (
                Fault::Dtype(ElementType::Int32),
                "row 0: output `logits`: expected float16",
            ),
            (
                Fault::Dtype(ElementType::Other(0x2_0008)),
                "element type 0x20008",
            ),
            (
                Fault::Missing,
                "expected a multi-array `logits`, found none",
            ),
            (
                Fault::Strides(vec![5, usize::MAX]),
                "strides [5, 18446744073709551615]",
            ),
            (Fault::Strides(vec![1]), "one stride per dimension"),
            (
                Fault::Shape(vec![1, 4]),
                "expected 5 values, found 4 in shape [1, 4]",
            ),
            (Fault::Truncated, "room for 5 elements, found 4"),
            (Fault::TooFew, "expected 2 results, found 1"),
            (
                Fault::Failure(Failure::Error {
                    domain: "com.apple.CoreML".to_owned(),
                    code: 3,
                    description: "Unable to compute.".to_owned(),
                }),
                "CoreML: prediction: Unable to compute. (com.apple.CoreML 3)",
            ),
            (
                Fault::Failure(Failure::Exception("NSInvalidArgumentException".to_owned())),
                "Objective-C exception: NSInvalidArgumentException",
            ),
            (
                Fault::Failure(Failure::Unexpected("no multi-array".to_owned())),
                "CoreML: prediction: no multi-array",
            ),
        ];
        for (fault, expected) in cases {
            let error = run(&runner(Double::with(fault.clone())), &ids(2)).unwrap_err();
            assert!(error.to_string().contains(expected), "{fault:?}: {error}");
            assert!(matches!(error, Error::Session { .. }), "{fault:?}");
        }
    }

    #[test]
    fn logits_that_are_not_finite_name_their_row() {
        let ids = ids(70);
        // In the second batch.
        let row = 66;
        let fault = Fault::NaN(ids[[row, 0]]);
        let error = run(&runner(Double::with(fault)), &ids).unwrap_err();
        assert!(
            matches!(error, Error::NonFiniteLogits { index, .. } if index == row),
            "{error}"
        );
    }

    #[test]
    fn only_one_thread_is_inside_the_engine() {
        let inside = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let (count, peak) = (inside.clone(), most.clone());
        let session = runner(Double::sound().observed(move |entering| {
            if entering {
                let now = count.fetch_add(1, Ordering::SeqCst) + 1;
                peak.fetch_max(now, Ordering::SeqCst);
                std::thread::yield_now();
            } else {
                count.fetch_sub(1, Ordering::SeqCst);
            }
        }));
        let expected = run(&session, &ids(2)).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        assert_eq!(run(&session, &ids(2)).unwrap(), expected);
                    }
                });
            }
        });
        assert_eq!(most.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_panic_in_the_engine_does_not_poison_the_session() {
        let session = runner(Double::with(Fault::PanicOnce));
        let caught =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&session, &ids(1))));
        assert!(caught.is_err());
        assert!(run(&session, &ids(1)).is_ok());
    }
}
