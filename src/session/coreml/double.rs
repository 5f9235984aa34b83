//! A scripted stand-in for CoreML that also plays its faults.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use half::f16;

use super::engine::{
    Description, ElementType, Engine, Failure, Feature, Features, Framework, INPUTS, RawOutput,
    TokenRow,
};
use super::options::ComputeUnits;
use crate::package::{LabelSource, ModelSpec, TensorSpec, TensorType};
use crate::section::Section;

/// What goes wrong, or is merely unusual.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// The output claims this element type.
    Dtype(ElementType),
    /// Rows are padded as the Neural Engine pads them.
    Padded,
    Float16,
    Float64,
    /// The output claims these strides, or this shape.
    Strides(Vec<usize>),
    Shape(Vec<usize>),
    /// A byte of the output is missing.
    Truncated,
    /// No output of the name.
    Missing,
    /// One result fewer than rows.
    TooFew,
    NaN,
    /// The token ids arrive as zeros.
    IgnoresIds,
    Failure(Failure),
    PanicOnce,
}

type Observer = Arc<dyn Fn(bool) + Send + Sync>;

/// A loaded model of sorts.
#[derive(Clone)]
pub(super) struct Double {
    fault: Option<Fault>,
    description: Description,
    calls: Arc<Mutex<Vec<usize>>>,
    panicked: Arc<AtomicBool>,
    observer: Option<Observer>,
}

impl std::fmt::Debug for Double {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Double")
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

impl Double {
    pub(super) fn sound() -> Self {
        Self {
            fault: None,
            description: description(),
            calls: Arc::default(),
            panicked: Arc::default(),
            observer: None,
        }
    }

    pub(super) fn with(fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            ..Self::sound()
        }
    }

    pub(super) fn described(mut self, change: impl FnOnce(&mut Description)) -> Self {
        change(&mut self.description);
        self
    }

    /// Is told of entering (true) and leaving (false) a prediction.
    pub(super) fn observed(mut self, observer: impl Fn(bool) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Rows of each prediction so far.
    pub(super) fn calls(&self) -> Arc<Mutex<Vec<usize>>> {
        self.calls.clone()
    }

    /// Logits that depend on every real id and its place.
    pub(super) fn logits(row: &TokenRow<'_>) -> [f32; Section::COUNT] {
        let [ids, mask, types] = row;
        std::array::from_fn(|column| {
            let mut sum = 0.0;
            for (place, ((&id, &mask), &kind)) in ids.iter().zip(*mask).zip(*types).enumerate() {
                let angle = id as f32 * (0.7 + column as f32) + place as f32 + kind as f32;
                sum += mask as f32 * angle.sin();
            }
            sum
        })
    }

    fn output(&self, row: &TokenRow<'_>) -> Option<RawOutput> {
        let zeros = vec![0; row[0].len()];
        let mut logits = match &self.fault {
            Some(Fault::IgnoresIds) => Self::logits(&[&zeros, row[1], row[2]]),
            _ => Self::logits(row),
        };
        if matches!(self.fault, Some(Fault::NaN)) {
            logits[2] = f32::NAN;
        }
        let flat = |bytes: Vec<u8>, dtype| RawOutput {
            dtype,
            shape: vec![1, Section::COUNT],
            strides: vec![Section::COUNT, 1],
            bytes,
        };
        let f32s = || {
            logits
                .iter()
                .flat_map(|logit| logit.to_ne_bytes())
                .collect::<Vec<u8>>()
        };
        let plain = flat(f32s(), ElementType::Float32);
        Some(match self.fault.clone() {
            Some(Fault::Dtype(dtype)) => RawOutput { dtype, ..plain },
            Some(Fault::Strides(strides)) => RawOutput { strides, ..plain },
            Some(Fault::Shape(shape)) => RawOutput { shape, ..plain },
            Some(Fault::Truncated) => RawOutput {
                bytes: plain.bytes.split_last().map(|(_, rest)| rest.to_vec())?,
                ..plain
            },
            Some(Fault::Padded) => RawOutput {
                strides: vec![64, 2],
                bytes: logits
                    .iter()
                    .flat_map(|logit| [logit.to_ne_bytes(), [0xFF; 4]].concat())
                    .chain(std::iter::repeat_n(0xFF, 54 * 4))
                    .collect(),
                ..plain
            },
            Some(Fault::Float16) => flat(
                logits
                    .iter()
                    .flat_map(|&logit| f16::from_f32(logit).to_ne_bytes())
                    .collect(),
                ElementType::Float16,
            ),
            Some(Fault::Float64) => flat(
                logits
                    .iter()
                    .flat_map(|&logit| f64::from(logit).to_ne_bytes())
                    .collect(),
                ElementType::Float64,
            ),
            Some(Fault::Missing) => return None,
            _ => plain,
        })
    }
}

impl Engine for Double {
    fn description(&self) -> Result<Description, Failure> {
        Ok(self.description.clone())
    }

    fn predict(
        &self,
        features: &Features,
        rows: &[TokenRow<'_>],
    ) -> Result<Vec<Option<RawOutput>>, Failure> {
        assert_eq!(*features, self::features());
        self.calls.lock().unwrap().push(rows.len());
        if let Some(observer) = &self.observer {
            observer(true);
        }
        let mut found: Vec<_> = rows.iter().map(|row| self.output(row)).collect();
        if let Some(observer) = &self.observer {
            observer(false);
        }
        match &self.fault {
            Some(Fault::Failure(failure)) => return Err(failure.clone()),
            Some(Fault::TooFew) => {
                found.pop();
            }
            Some(Fault::PanicOnce) => {
                assert!(self.panicked.swap(true, Ordering::SeqCst), "scripted panic");
            }
            _ => {}
        }
        Ok(found)
    }
}

/// CoreML's compiler and loader of sorts. A compiled model is a directory with a file `model.mil`.
#[derive(Debug)]
pub(super) struct Scripted {
    system: String,
    engine: Double,
    first: Mutex<Option<Double>>,
    compile_failure: Option<Failure>,
    load_failure: Option<Failure>,
    compilations: AtomicUsize,
    loaded: Mutex<Vec<PathBuf>>,
    compiled_files: Mutex<Vec<(String, Vec<u8>)>>,
    package_names: Mutex<Vec<String>>,
    /// Stands for the system's temporary directory, where CoreML leaves compiled models.
    temporary: tempfile::TempDir,
}

impl Scripted {
    pub(super) fn sound() -> Self {
        Self::always(Double::sound())
    }

    pub(super) fn always(engine: Double) -> Self {
        Self {
            system: "Version 14.5 (Build 23F79)".to_owned(),
            engine,
            first: Mutex::new(None),
            compile_failure: None,
            load_failure: None,
            compilations: AtomicUsize::new(0),
            loaded: Mutex::default(),
            compiled_files: Mutex::default(),
            package_names: Mutex::default(),
            temporary: tempfile::tempdir().unwrap(),
        }
    }

    pub(super) fn on(mut self, system: &str) -> Self {
        self.system = system.to_owned();
        self
    }

    pub(super) fn first_load_gives(self, engine: Double) -> Self {
        *self.first.lock().unwrap() = Some(engine);
        self
    }

    pub(super) fn failing_to_compile(mut self, failure: Failure) -> Self {
        self.compile_failure = Some(failure);
        self
    }

    pub(super) fn failing_to_load(mut self, failure: Failure) -> Self {
        self.load_failure = Some(failure);
        self
    }

    pub(super) fn compilations(&self) -> usize {
        self.compilations.load(Ordering::SeqCst)
    }

    pub(super) fn loads(&self) -> usize {
        self.loaded.lock().unwrap().len()
    }

    pub(super) fn last_loaded(&self) -> PathBuf {
        self.loaded.lock().unwrap().last().cloned().unwrap()
    }

    pub(super) fn predictions(&self) -> usize {
        self.engine.calls.lock().unwrap().len()
    }

    pub(super) fn package_names(&self) -> Vec<String> {
        self.package_names.lock().unwrap().clone()
    }

    pub(super) fn compiled_files(&self) -> Vec<(String, Vec<u8>)> {
        self.compiled_files.lock().unwrap().clone()
    }
}

impl Framework for Scripted {
    type Engine = Double;

    fn system_version(&self) -> String {
        self.system.clone()
    }

    fn compile(&self, package: &Path) -> Result<PathBuf, Failure> {
        let number = self.compilations.fetch_add(1, Ordering::SeqCst);
        if let Some(failure) = &self.compile_failure {
            return Err(failure.clone());
        }
        assert!(package.is_absolute());
        assert_eq!(package.extension().unwrap(), "mlpackage");
        let name = package.file_name().unwrap().to_str().unwrap().to_owned();
        self.package_names.lock().unwrap().push(name);
        let mut seen = self.compiled_files.lock().unwrap();
        for (path, _) in files() {
            let bytes = fs::read(package.join(path)).unwrap();
            seen.push((path.to_owned(), bytes));
        }
        let compiled = self.temporary.path().join(format!("{number}.mlmodelc"));
        fs::create_dir_all(compiled.join("weights")).unwrap();
        fs::write(compiled.join("model.mil"), "program").unwrap();
        fs::write(compiled.join("weights/weight.bin"), "weights").unwrap();
        Ok(compiled)
    }

    fn load(&self, compiled: &Path, _: ComputeUnits) -> Result<Double, Failure> {
        self.loaded.lock().unwrap().push(compiled.to_owned());
        if let Some(failure) = &self.load_failure {
            return Err(failure.clone());
        }
        if !compiled.join("model.mil").is_file() {
            return Err(Failure::Error {
                domain: "com.apple.CoreML".to_owned(),
                code: 0,
                description: "model.mil is not there.".to_owned(),
            });
        }
        Ok(self
            .first
            .lock()
            .unwrap()
            .take()
            .unwrap_or_else(|| self.engine.clone()))
    }
}

/// The files of a package of sorts.
pub(super) fn files() -> Vec<(&'static str, &'static [u8])> {
    vec![
        ("Data/com.apple.CoreML/model.mlmodel", b"a program"),
        ("Data/com.apple.CoreML/weights/weight.bin", b"weights"),
        ("Manifest.json", b"{}"),
    ]
}

pub(super) fn features() -> Features {
    Features {
        inputs: &INPUTS,
        output: "logits".to_owned(),
    }
}

/// Eight tokens, the model card's names and labels.
pub(super) fn spec() -> ModelSpec {
    let tensor = |name: &str, dtype, shape: &[usize]| TensorSpec {
        name: name.to_owned(),
        dtype,
        shape: shape.to_vec(),
    };
    ModelSpec {
        inputs: INPUTS
            .iter()
            .map(|name| tensor(name, TensorType::Int32, &[1, 8]))
            .collect(),
        outputs: vec![tensor("logits", TensorType::Float32, &[1, 5])],
        max_seq_len: 8,
        labels: Section::ALL,
        label_source: LabelSource::ModelCard,
    }
}

/// What CoreML says of the model of [`spec`].
pub(super) fn description() -> Description {
    let feature = |name: &str, dtype, shape: &[usize]| Feature {
        name: name.to_owned(),
        array: Some((dtype, shape.to_vec())),
        optional: false,
    };
    Description {
        inputs: INPUTS
            .iter()
            .map(|name| feature(name, ElementType::Int32, &[1, 8]))
            .collect(),
        outputs: vec![feature("logits", ElementType::Float32, &[1, 5])],
        metadata: HashMap::from([
            ("max_seq_len".to_owned(), "8".to_owned()),
            (
                "labels".to_owned(),
                "responsibilities,requirements,terms,notes,junk".to_owned(),
            ),
        ]),
    }
}
