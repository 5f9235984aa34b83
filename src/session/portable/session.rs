//! The session on top of the interpreter and the fused encoder.

use std::num::NonZeroUsize;
use std::sync::Arc;

use ndarray::ArrayView1;

use super::fused::{self, FusedEncoder};
use super::graph::Graph;
use super::precision::Precision;
use super::tensor::{Dense, Kind, Tensor, TensorKind};
use super::{interpreter, lower};
use crate::error::{Error, Result};
use crate::package::MlPackage;
use crate::section::Section;
use crate::session::{BackendInfo, Logits, Session, SessionInputs};

/// Input names of the model card.
const INPUT_IDS: &str = "input_ids";
const ATTENTION_MASK: &str = "attention_mask";
const TOKEN_TYPE_IDS: &str = "token_type_ids";

/// Runs the ML Program of a package on the CPU, on any operating system, without CoreML.
///
/// A program in the shape of a BERT classifier (embeddings, encoder layers, linear layers over the
/// first token) runs fast: padding is not computed, rows with the same content are computed once,
/// many rows share the products with the weights. Everything else, and a row whose attention mask is
/// not ones and then zeros, is evaluated operation by operation. [`backend`](Session::backend) tells
/// which it is, and why. The logits of a row are the same bits in whatever batch it stands, and on
/// however many threads the session runs.
///
/// The program is checked and prepared once, when the session is made: an operation that is unknown
/// here is an error then, not in the middle of a run. Weights are widened to 32 bits and everything
/// is computed in 32-bit floats, so that the logits agree with the model the package was exported
/// from as far as its float16 weights allow; [`with_precision`](Self::with_precision) gives some of
/// that up for speed. Constants that overflowed float16 stand for the largest finite number.
///
/// Cloning is cheap: clones share the weights.
///
/// ```
/// use ndarray::Array2;
/// use vacancy_sections::{MlPackage, PortableSession, Session, SessionInputs};
///
/// let package = MlPackage::open(concat!(
///     env!("CARGO_MANIFEST_DIR"),
///     "/tests/data/packages/bert_eager.mlpackage"
/// ))?;
/// let session = PortableSession::new(&package)?;
/// let ids = Array2::from_shape_fn((1, 128), |(_, token)| if token < 4 { 7 } else { 0 });
/// let mask = ids.mapv(|id| i32::from(id != 0));
/// let types = Array2::zeros((1, 128));
/// let logits = session.run(SessionInputs::new(ids.view(), mask.view(), types.view())?)?;
/// assert_eq!(logits.shape(), [1, 5]);
/// # Ok::<(), vacancy_sections::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct PortableSession {
    model: Arc<Model>,
    threads: NonZeroUsize,
}

#[derive(Debug)]
struct Model {
    graph: Arc<Graph>,
    /// Whether the fused encoder may run it.
    fuse: bool,
    precision: Precision,
    fused: Option<FusedEncoder>,
    labels: [Section; Section::COUNT],
    max_seq_len: usize,
    vocab_size: Option<usize>,
    backend: BackendInfo,
}

impl PortableSession {
    /// Prepares the program of a package.
    ///
    /// # Errors
    ///
    /// [`Error::UnsupportedOp`] when the program holds an operation, or a form of one, that is not
    /// among the supported; [`Error::Op`] when an operation is wrong: names, order, types, shapes;
    /// [`Error::Mismatch`] when inputs or output are not those of a section classifier.
    ///
    /// ```
    /// # use vacancy_sections::{MlPackage, PortableSession, Session};
    /// # let package = MlPackage::open(concat!(
    /// #     env!("CARGO_MANIFEST_DIR"), "/tests/data/packages/bert_eager.mlpackage"))?;
    /// let session = PortableSession::new(&package)?;
    /// assert_eq!(session.max_seq_len(), 128);
    /// assert_eq!(session.vocab_size(), Some(32));
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    pub fn new(package: &MlPackage) -> Result<Self> {
        Self::in_precision(package, Precision::default())
    }

    /// Prepares the program of a package to be evaluated operation by operation: slow, but as simple
    /// as it can be, and what anything faster is compared with.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    ///
    /// ```
    /// # use vacancy_sections::{MlPackage, PortableSession, Session};
    /// # let package = MlPackage::open(concat!(
    /// #     env!("CARGO_MANIFEST_DIR"), "/tests/data/packages/bert_eager.mlpackage"))?;
    /// let session = PortableSession::interpreter(&package)?;
    /// assert_eq!(session.backend().name, "portable interpreter");
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    pub fn interpreter(package: &MlPackage) -> Result<Self> {
        Self::prepare(package, false, Precision::default())
    }

    /// Divides the rows of a run among so many threads, each started for the run and ended with it.
    /// Default: 1, the caller's own. The interpreter knows no threads.
    ///
    /// ```
    /// # use std::num::NonZeroUsize;
    /// # use vacancy_sections::{MlPackage, PortableSession, Session};
    /// # let package = MlPackage::open(concat!(
    /// #     env!("CARGO_MANIFEST_DIR"), "/tests/data/packages/bert_eager.mlpackage"))?;
    /// let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    /// let session = PortableSession::new(&package)?.with_threads(cores);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub fn with_threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = threads;
        self
    }

    /// Computes products with the weights in these numbers. Default: [`Precision::Float32`]. The weights
    /// are packed anew, from what the session keeps of the program; clones made before stay as they are.
    ///
    /// Where the machine or the program does not allow [`Precision::Int8`], the session computes in
    /// 32-bit floats, and [`backend`](Session::backend) says so. A row whose attention mask is not ones
    /// and then zeros is computed in 32-bit floats always.
    ///
    /// ```
    /// # use vacancy_sections::{MlPackage, PortableSession, Precision, Session};
    /// # let package = MlPackage::open(concat!(
    /// #     env!("CARGO_MANIFEST_DIR"), "/assets/section_classifier.mlpackage"))?;
    /// let session = PortableSession::new(&package)?.with_precision(Precision::Int8);
    /// let reason = session.backend().reason;
    /// assert!(
    ///     reason.ends_with("; int8 by AVX-512 VNNI")
    ///         || reason.ends_with("; float32 instead of int8: no AVX-512 VNNI on this machine")
    /// );
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub fn with_precision(mut self, precision: Precision) -> Self {
        let model = &self.model;
        if precision != model.precision {
            let (fused, backend) = engine(&model.graph, model.max_seq_len, model.fuse, precision);
            self.model = Arc::new(Model {
                graph: Arc::clone(&model.graph),
                fuse: model.fuse,
                precision,
                fused,
                labels: model.labels,
                max_seq_len: model.max_seq_len,
                vocab_size: model.vocab_size,
                backend,
            });
        }
        self
    }

    /// [`new`](Self::new) and [`with_precision`](Self::with_precision), the weights packed once.
    pub(crate) fn in_precision(package: &MlPackage, precision: Precision) -> Result<Self> {
        Self::prepare(package, true, precision)
    }

    fn prepare(package: &MlPackage, fuse: bool, precision: Precision) -> Result<Self> {
        let spec = package.spec();
        let file = package.specification_path();
        let output = spec
            .outputs
            .first()
            .ok_or_else(|| mismatch(file, "outputs", "one output".to_owned(), "none".to_owned()))?;
        let bytes = package.files().map(|(_, bytes)| bytes.len()).sum();
        let limits = lower::Limits::of_package(bytes);
        let graph = lower::lower(
            file,
            package.program(),
            &output.name,
            limits,
            &|reference| package.blob(reference),
        )?;
        check_features(&graph, spec.max_seq_len)?;
        let vocab_size = graph
            .input(INPUT_IDS)
            .and_then(|input_ids| graph.table_rows(input_ids));
        let max_seq_len = spec.max_seq_len;
        let (fused, backend) = engine(&graph, max_seq_len, fuse, precision);
        Ok(Self {
            model: Arc::new(Model {
                graph: Arc::new(graph),
                fuse,
                precision,
                fused,
                labels: spec.labels,
                max_seq_len,
                vocab_size,
                backend,
            }),
            threads: NonZeroUsize::MIN,
        })
    }

    /// The logits of one row.
    fn run_row(&self, inputs: [(&'static str, ArrayView1<'_, i32>); 3]) -> Result<Tensor> {
        let tensors = inputs.map(|(name, row)| (name, row_tensor(row)));
        let mut given = Vec::with_capacity(tensors.len());
        for (name, tensor) in &tensors {
            match tensor {
                Ok(tensor) => given.push((*name, tensor)),
                Err(reason) => {
                    return Err(mismatch(
                        &self.model.graph.file,
                        "input",
                        "a row of tokens".to_owned(),
                        format!("`{name}`: {reason}"),
                    ));
                }
            }
        }
        interpreter::run(&self.model.graph, &given)
    }

    /// Evaluates the program on some rows.
    fn interpret(
        &self,
        inputs: SessionInputs<'_>,
        rows: impl IntoIterator<Item = usize>,
        logits: &mut Logits,
    ) -> Result<()> {
        for row in rows {
            let result = self.run_row([
                (INPUT_IDS, inputs.input_ids().row(row)),
                (ATTENTION_MASK, inputs.attention_mask().row(row)),
                (TOKEN_TYPE_IDS, inputs.token_type_ids().row(row)),
            ])?;
            let result = result.float().map_err(|reason| {
                mismatch(
                    &self.model.graph.file,
                    "output of the program",
                    "floats".to_owned(),
                    reason,
                )
            })?;
            for (out, &logit) in logits.row_mut(row).iter_mut().zip(result.data()) {
                *out = logit;
            }
        }
        Ok(())
    }

    /// Refuses token ids outside the embedding table, which the program itself would read as
    /// counting from its end when they are below zero.
    fn check_ids(&self, row: usize, ids: ArrayView1<'_, i32>) -> Result<()> {
        let Some(vocab_size) = self.model.vocab_size else {
            return Ok(());
        };
        let known = |id: &i32| usize::try_from(*id).is_ok_and(|id| id < vocab_size);
        match ids.iter().find(|id| !known(id)) {
            None => Ok(()),
            Some(id) => Err(Error::Shape {
                what: "token id",
                expected: format!("0 to {}, the embedding table", vocab_size.saturating_sub(1)),
                found: format!("{id} in row {row}"),
            }),
        }
    }
}

/// The fused encoder, if it may and can run the program, and what runs it now.
fn engine(
    graph: &Graph,
    max_seq_len: usize,
    fuse: bool,
    precision: Precision,
) -> (Option<FusedEncoder>, BackendInfo) {
    let features = fused::Features {
        input_ids: INPUT_IDS,
        attention_mask: ATTENTION_MASK,
        token_type_ids: TOKEN_TYPE_IDS,
    };
    let recognised = if fuse {
        fused::recognise(graph, features, max_seq_len)
            .map_err(|reason| format!("the program is not shaped like BERT: {reason}"))
    } else {
        Err("chosen by the caller".to_owned())
    };
    match recognised {
        Ok(weights) => {
            let encoder = FusedEncoder::new(weights, precision);
            let backend = BackendInfo::new(fused::NAME, encoder.describe());
            (Some(encoder), backend)
        }
        Err(mut reason) => {
            if precision == Precision::Int8 {
                let instead = fused::instead_of_int8("the interpreter knows no other numbers");
                reason = format!("{reason}; {instead}");
            }
            (None, BackendInfo::new("portable interpreter", reason))
        }
    }
}

fn row_tensor(row: ArrayView1<'_, i32>) -> Result<Tensor, String> {
    Dense::new([1, row.len()], row.to_vec()).map(Tensor::Int)
}

fn mismatch(file: &str, what: &str, expected: String, found: String) -> Error {
    Error::Mismatch {
        file: file.to_owned(),
        what: what.to_owned(),
        expected,
        found,
    }
}

/// Checks that the function has the inputs and the output that a session gives and takes.
fn check_features(graph: &Graph, max_seq_len: usize) -> Result<()> {
    let row = TensorKind::new(Kind::Int, [1, max_seq_len]);
    for (name, id) in &graph.inputs {
        let expected = [INPUT_IDS, ATTENTION_MASK, TOKEN_TYPE_IDS];
        if !expected.contains(&name.as_str()) {
            return Err(mismatch(
                &graph.file,
                "inputs of the program",
                format!("{expected:?}"),
                format!("`{}`", lower::shown(name)),
            ));
        }
        let kind = graph.value(*id).map(|value| &value.kind);
        if kind != Some(&row) {
            return Err(mismatch(
                &graph.file,
                &format!("input `{name}` of the program"),
                row.to_string(),
                kind.map(ToString::to_string).unwrap_or_default(),
            ));
        }
    }
    let logits = TensorKind::new(Kind::Float, [1, Section::COUNT]);
    let kind = graph.value(graph.output).map(|value| &value.kind);
    if kind != Some(&logits) {
        return Err(mismatch(
            &graph.file,
            "output of the program",
            logits.to_string(),
            kind.map(ToString::to_string).unwrap_or_default(),
        ));
    }
    Ok(())
}

impl Session for PortableSession {
    fn run(&self, inputs: SessionInputs<'_>) -> Result<Logits> {
        if inputs.seq_len() != self.model.max_seq_len {
            return Err(Error::Shape {
                what: "tokens in a row",
                expected: self.model.max_seq_len.to_string(),
                found: inputs.seq_len().to_string(),
            });
        }
        for (row, ids) in inputs.input_ids().rows().into_iter().enumerate() {
            self.check_ids(row, ids)?;
        }
        match &self.model.fused {
            Some(fused) => {
                let (mut logits, others) = fused.run(inputs, self.threads.get())?;
                self.interpret(inputs, others, &mut logits)?;
                Ok(logits)
            }
            None => {
                let mut logits = Logits::zeros((inputs.rows(), Section::COUNT));
                self.interpret(inputs, 0..inputs.rows(), &mut logits)?;
                Ok(logits)
            }
        }
    }

    fn max_seq_len(&self) -> usize {
        self.model.max_seq_len
    }

    fn backend(&self) -> BackendInfo {
        self.model.backend.clone()
    }

    fn labels(&self) -> [Section; Section::COUNT] {
        self.model.labels
    }

    fn vocab_size(&self) -> Option<usize> {
        self.model.vocab_size
    }
}
