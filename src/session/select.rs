//! Which session runs a package, and why.

use std::cell::OnceCell;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::{BackendInfo, ComputeUnits, CoreMlOptions, Logits, Precision, Session, SessionInputs};
use crate::error::{Error, Result};
use crate::package::MlPackage;
use crate::section::Section;

/// What is to run the model.
///
/// ```
/// use vacancy_sections::{Backend, ComputeUnits};
///
/// assert_eq!(Backend::default(), Backend::Auto);
/// let on_the_neural_engine = Backend::CoreMl(ComputeUnits::CpuAndNeuralEngine);
/// assert_eq!(on_the_neural_engine.to_string(), "coreml:CPU_AND_NE");
///
/// // As a user may set it in a configuration file.
/// assert_eq!("portable".parse::<Backend>()?, Backend::Portable);
/// assert_eq!("coreml".parse::<Backend>()?, Backend::CoreMl(ComputeUnits::All));
/// # Ok::<(), vacancy_sections::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Backend {
    /// CoreML, with the compute units of the [`CoreMlOptions`], where it is available and passes its
    /// probe, the portable session otherwise; [`BackendInfo::reason`] tells why. The default.
    #[default]
    Auto,
    /// CoreML with these compute units, or an error.
    CoreMl(ComputeUnits),
    /// The portable session, on every system.
    Portable,
}

/// `auto`, `portable`, or `coreml:` and the name of the compute units.
impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.pad("auto"),
            Self::CoreMl(units) => write!(f, "coreml:{units}"),
            Self::Portable => f.pad("portable"),
        }
    }
}

/// By the names of [`Display`](fmt::Display), in any case; `coreml` alone means all compute units.
impl FromStr for Backend {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let lower = name.trim().to_ascii_lowercase();
        match (lower.as_str(), lower.strip_prefix("coreml:")) {
            ("auto", _) => Ok(Self::Auto),
            ("portable", _) => Ok(Self::Portable),
            ("coreml", _) => Ok(Self::CoreMl(ComputeUnits::All)),
            (_, Some(units)) => Ok(Self::CoreMl(units.parse()?)),
            _ => Err(Error::UnknownName {
                what: "backend",
                expected: "auto, portable, coreml or coreml:UNITS",
                found: name.to_owned(),
            }),
        }
    }
}

/// Opens the session that `backend` asks for on `package`. [`Backend::CoreMl`] overrides the compute
/// units of `options`; `precision` is that of a portable session.
///
/// # Errors
///
/// As [`select`].
pub(crate) fn open_session(
    package: &MlPackage,
    backend: Backend,
    options: &CoreMlOptions,
    precision: Precision,
    open_portable: impl Fn(Precision) -> Result<Arc<dyn Session>>,
) -> Result<Arc<dyn Session>> {
    select(
        backend,
        precision,
        |units, reference| {
            let mut options = options.clone();
            options.compute_units = units.unwrap_or(options.compute_units);
            open_coreml(package, &options, reference)
        },
        open_portable,
    )
}

#[cfg(all(feature = "coreml", target_os = "macos"))]
fn open_coreml(
    package: &MlPackage,
    options: &CoreMlOptions,
    reference: &Reference<'_>,
) -> Result<Arc<dyn Session>> {
    with_reference(options, reference, |reference| {
        let session = super::CoreMlSession::from_package(package, options, reference)?;
        Ok(Arc::new(session))
    })
}

#[cfg(not(all(feature = "coreml", target_os = "macos")))]
fn open_coreml(_: &MlPackage, _: &CoreMlOptions, _: &Reference<'_>) -> Result<Arc<dyn Session>> {
    Err(Error::Session {
        backend: "CoreML",
        reason: if cfg!(target_os = "macos") {
            "not compiled in, enable the feature `coreml`".to_owned()
        } else {
            format!("runs on macOS only, this is {}", std::env::consts::OS)
        },
    })
}

/// Opens a session with the reference that its probe wants. A package that the portable session cannot
/// run may still run in CoreML; it then stands without a reference, and the reason says so.
#[cfg(any(test, all(feature = "coreml", target_os = "macos")))]
fn with_reference(
    options: &CoreMlOptions,
    reference: &Reference<'_>,
    open: impl FnOnce(Option<&dyn Session>) -> Result<Arc<dyn Session>>,
) -> Result<Arc<dyn Session>> {
    if options.probe == super::Probe::Off {
        return open(None);
    }
    match reference.get() {
        Ok(session) => open(Some(session)),
        Err(error) => {
            let why = format!("the portable session cannot be the reference: {error}");
            open(None).map(|session| explained(session, &why))
        }
    }
}

/// Opens the session that `backend` asks for.
///
/// `open_coreml` is given the compute units (`None` for those of the caller's options) and a portable
/// session to compare with, which is opened when it is asked for, in floats whatever `precision` says.
/// `open_portable` is called once at most for each precision.
///
/// # Errors
///
/// The error of the session that was asked for; for [`Backend::Auto`], of both if none opens.
fn select(
    backend: Backend,
    precision: Precision,
    open_coreml: impl FnOnce(Option<ComputeUnits>, &Reference<'_>) -> Result<Arc<dyn Session>>,
    open_portable: impl Fn(Precision) -> Result<Arc<dyn Session>>,
) -> Result<Arc<dyn Session>> {
    let reference = Reference {
        open: &open_portable,
        opened: OnceCell::new(),
    };
    match backend {
        Backend::Portable => Ok(explained(
            reference.into_session(precision)?,
            "chosen by the caller",
        )),
        Backend::CoreMl(units) => open_coreml(Some(units), &reference),
        Backend::Auto => match open_coreml(None, &reference) {
            Ok(session) => Ok(session),
            Err(coreml) => match reference.into_session(precision) {
                Ok(session) => Ok(explained(session, &coreml.to_string())),
                Err(portable) => Err(Error::Builder {
                    reason: format!("no session runs the model: {coreml}; {portable}"),
                }),
            },
        },
    }
}

/// The portable session in floats, opened when it is first asked for.
pub(crate) struct Reference<'a> {
    open: &'a dyn Fn(Precision) -> Result<Arc<dyn Session>>,
    opened: OnceCell<Result<Arc<dyn Session>>>,
}

impl Reference<'_> {
    /// The session, or why it could not be opened.
    #[cfg(any(test, all(feature = "coreml", target_os = "macos")))]
    pub(crate) fn get(&self) -> Result<&dyn Session, &Error> {
        match self.opened.get_or_init(|| (self.open)(Precision::Float32)) {
            Ok(session) => Ok(&**session),
            Err(error) => Err(error),
        }
    }

    /// A session to work with.
    fn into_session(self, precision: Precision) -> Result<Arc<dyn Session>> {
        match self.opened.into_inner() {
            Some(session) if precision == Precision::Float32 => session,
            _ => (self.open)(precision),
        }
    }
}

/// The session, with why it was taken before its own reason.
fn explained(session: Arc<dyn Session>, why: &str) -> Arc<dyn Session> {
    let BackendInfo { name, reason } = session.backend();
    let backend = BackendInfo::new(name, format!("{why}; {reason}"));
    Arc::new(Explained { session, backend })
}

struct Explained {
    session: Arc<dyn Session>,
    backend: BackendInfo,
}

impl Session for Explained {
    fn run(&self, inputs: SessionInputs<'_>) -> Result<Logits> {
        self.session.run(inputs)
    }

    fn max_seq_len(&self) -> usize {
        self.session.max_seq_len()
    }

    fn backend(&self) -> BackendInfo {
        self.backend.clone()
    }

    fn labels(&self) -> [Section; Section::COUNT] {
        self.session.labels()
    }

    fn vocab_size(&self) -> Option<usize> {
        self.session.vocab_size()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::super::Probe;
    use super::*;

    struct Named(&'static str);

    impl Session for Named {
        fn run(&self, inputs: SessionInputs<'_>) -> Result<Logits> {
            Ok(Logits::ones((inputs.rows(), 5)))
        }
        fn max_seq_len(&self) -> usize {
            16
        }
        fn backend(&self) -> BackendInfo {
            BackendInfo::new(self.0, "runs the program op by op")
        }
        fn labels(&self) -> [Section; Section::COUNT] {
            let mut labels = Section::ALL;
            labels.reverse();
            labels
        }
        fn vocab_size(&self) -> Option<usize> {
            Some(100)
        }
    }

    fn session(name: &'static str) -> Result<Arc<dyn Session>> {
        Ok(Arc::new(Named(name)))
    }

    fn fails(reason: &str) -> Result<Arc<dyn Session>> {
        Err(Error::Session {
            backend: "CoreML",
            reason: reason.to_owned(),
        })
    }

    fn unused() -> Result<Arc<dyn Session>> {
        panic!("nobody asked for it")
    }

    /// Without a wish for a precision.
    fn select(
        backend: Backend,
        open_coreml: impl FnOnce(Option<ComputeUnits>, &Reference<'_>) -> Result<Arc<dyn Session>>,
        open_portable: impl Fn() -> Result<Arc<dyn Session>>,
    ) -> Result<Arc<dyn Session>> {
        super::select(backend, Precision::default(), open_coreml, |precision| {
            assert_eq!(precision, Precision::Float32);
            open_portable()
        })
    }

    #[test]
    fn the_reference_is_in_floats_and_the_fallback_as_asked() {
        for backend in [Backend::Auto, Backend::Portable] {
            let opened = std::cell::RefCell::new(Vec::new());
            let chosen = super::select(
                backend,
                Precision::Int8,
                |_, reference| {
                    assert!(reference.get().is_ok());
                    fails("probe")
                },
                |precision| {
                    opened.borrow_mut().push(precision);
                    session("portable")
                },
            );
            assert_eq!(chosen.unwrap().backend().name, "portable");
            let expected = match backend {
                Backend::Auto => vec![Precision::Float32, Precision::Int8],
                _ => vec![Precision::Int8],
            };
            assert_eq!(opened.into_inner(), expected);
        }
    }

    #[test]
    fn portable_never_touches_coreml() {
        let chosen = select(Backend::Portable, |_, _| unused(), || session("portable")).unwrap();
        assert_eq!(
            chosen.backend().to_string(),
            "portable (chosen by the caller; runs the program op by op)"
        );
    }

    #[test]
    fn auto_takes_coreml_where_it_opens() {
        let chosen = select(
            Backend::Auto,
            |units, _| {
                assert_eq!(units, None);
                session("CoreML")
            },
            unused,
        );
        assert_eq!(chosen.unwrap().backend().name, "CoreML");
    }

    #[test]
    fn auto_falls_back_visibly() {
        let chosen = select(
            Backend::Auto,
            |_, _| fails("probe: sequence 3 disagrees"),
            || session("portable"),
        );
        assert_eq!(
            chosen.unwrap().backend().to_string(),
            "portable (CoreML: probe: sequence 3 disagrees; runs the program op by op)"
        );
    }

    #[test]
    fn auto_with_nothing_to_run_tells_both_reasons() {
        let error = select(
            Backend::Auto,
            |_, _| fails("no Mac"),
            || fails("unknown op"),
        );
        let text = error.err().map(|error| error.to_string()).unwrap();
        assert!(text.contains("CoreML: no Mac"), "{text}");
        assert!(text.contains("unknown op"), "{text}");
    }

    #[test]
    fn coreml_by_name_is_coreml_or_an_error() {
        let chosen = select(
            Backend::CoreMl(ComputeUnits::CpuOnly),
            |units, _| {
                assert_eq!(units, Some(ComputeUnits::CpuOnly));
                session("CoreML")
            },
            unused,
        );
        assert_eq!(chosen.unwrap().backend().name, "CoreML");
        let error = select(
            Backend::CoreMl(ComputeUnits::All),
            |_, _| fails("no"),
            unused,
        );
        assert_eq!(
            error.err().map(|error| error.to_string()).unwrap(),
            "CoreML: no"
        );
    }

    #[test]
    fn the_portable_session_is_opened_once_for_reference_and_fallback() {
        let opened = Cell::new(0);
        let chosen = select(
            Backend::Auto,
            |_, reference| {
                assert!(reference.get().is_ok());
                assert!(reference.get().is_ok());
                fails("probe")
            },
            || {
                opened.set(opened.get() + 1);
                session("portable")
            },
        );
        assert_eq!(chosen.unwrap().backend().name, "portable");
        assert_eq!(opened.get(), 1);
    }

    #[test]
    fn an_explained_session_answers_like_the_one_inside() {
        let chosen = select(Backend::Portable, |_, _| unused(), || session("portable")).unwrap();
        let ids = ndarray::Array2::zeros((2, 16));
        let inputs = SessionInputs::new(ids.view(), ids.view(), ids.view()).unwrap();
        assert_eq!(chosen.run(inputs).unwrap(), Logits::ones((2, 5)));
        assert_eq!(chosen.max_seq_len(), 16);
        assert_eq!(chosen.labels(), Named("").labels());
        assert_eq!(chosen.vocab_size(), Some(100));
    }

    /// What `with_reference` hands on, and the backend that comes out.
    fn referred(
        probe: Probe,
        portable: fn() -> Result<Arc<dyn Session>>,
    ) -> (Option<String>, String) {
        let seen = Cell::new(None);
        let options = CoreMlOptions::default().with_probe(probe);
        let chosen = select(
            Backend::Auto,
            |_, reference| {
                with_reference(&options, reference, |reference| {
                    seen.set(reference.map(|session| session.backend().name.into_owned()));
                    session("CoreML")
                })
            },
            portable,
        );
        (seen.take(), chosen.unwrap().backend().to_string())
    }

    #[test]
    fn the_probe_gets_the_portable_session() {
        let (reference, backend) = referred(Probe::Standard, || session("portable"));
        assert_eq!(reference.as_deref(), Some("portable"));
        assert_eq!(backend, "CoreML (runs the program op by op)");
    }

    #[test]
    fn without_a_probe_no_reference_is_opened() {
        assert_eq!(referred(Probe::Off, unused).0, None);
    }

    #[test]
    fn a_missing_reference_is_visible() {
        let (reference, backend) = referred(Probe::Standard, || fails("unknown op"));
        assert_eq!(reference, None);
        assert!(
            backend.starts_with("CoreML (the portable session cannot be the reference: "),
            "{backend}"
        );
        assert!(backend.contains("unknown op"), "{backend}");
    }

    #[cfg(not(target_os = "macos"))]
    #[test]
    fn elsewhere_than_on_a_mac_the_error_says_so() {
        let package = MlPackage::open(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/data/packages/tiny.mlpackage"
        ))
        .unwrap();
        let open = |backend| {
            let precision = Precision::default();
            open_session(
                &package,
                backend,
                &CoreMlOptions::default(),
                precision,
                |_| session("portable"),
            )
        };
        let error = open(Backend::CoreMl(ComputeUnits::All))
            .err()
            .unwrap()
            .to_string();
        assert_eq!(
            error,
            format!(
                "CoreML: runs on macOS only, this is {}",
                std::env::consts::OS
            )
        );
        let backend = open(Backend::Auto).unwrap().backend();
        assert_eq!(backend.name, "portable");
        assert!(backend.reason.starts_with(&error), "{backend}");
    }
}
