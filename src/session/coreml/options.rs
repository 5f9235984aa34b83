//! What a caller may choose.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::error::Error;

/// Largest absolute difference of a logit from the reference, by default.
///
/// Five times what the two sessions of this crate are held to (0.01), since token sequences without
/// meaning drive activations further than text does; a tenth of what a garbled input causes.
pub(super) const PROBE_BOUND: f32 = 0.05;

/// The processors that CoreML may use.
///
/// CoreML decides for each operation; the units are what it may choose from. A Mac without a Neural
/// Engine accepts every variant and runs on what it has.
///
/// ```
/// use vacancy_sections::ComputeUnits;
///
/// assert_eq!(ComputeUnits::default(), ComputeUnits::All);
/// assert_eq!(ComputeUnits::CpuOnly.to_string(), "CPU_ONLY");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ComputeUnits {
    /// CPU, GPU and Neural Engine. The default.
    #[default]
    All,
    /// CPU and Neural Engine.
    CpuAndNeuralEngine,
    /// CPU and GPU.
    CpuAndGpu,
    /// CPU alone.
    CpuOnly,
}

impl ComputeUnits {
    /// Every variant.
    pub(crate) const ALL_VARIANTS: [Self; 4] = [
        Self::All,
        Self::CpuAndNeuralEngine,
        Self::CpuAndGpu,
        Self::CpuOnly,
    ];

    /// The name that coremltools gives it: `ALL`, `CPU_AND_NE`, `CPU_AND_GPU`, `CPU_ONLY`.
    ///
    /// ```
    /// assert_eq!(vacancy_sections::ComputeUnits::CpuAndNeuralEngine.name(), "CPU_AND_NE");
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::CpuAndNeuralEngine => "CPU_AND_NE",
            Self::CpuAndGpu => "CPU_AND_GPU",
            Self::CpuOnly => "CPU_ONLY",
        }
    }
}

impl fmt::Display for ComputeUnits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// By the names of coremltools, in any case.
///
/// ```
/// use vacancy_sections::ComputeUnits;
///
/// let units: ComputeUnits = "cpu_and_ne".parse()?;
/// assert_eq!(units, ComputeUnits::CpuAndNeuralEngine);
/// # Ok::<(), vacancy_sections::Error>(())
/// ```
impl FromStr for ComputeUnits {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL_VARIANTS
            .into_iter()
            .find(|units| units.name().eq_ignore_ascii_case(name.trim()))
            .ok_or_else(|| Error::UnknownName {
                what: "compute units",
                expected: "ALL, CPU_AND_NE, CPU_AND_GPU or CPU_ONLY",
                found: name.to_owned(),
            })
    }
}

/// Where compiled models are kept.
///
/// CoreML runs a compiled form of a package, a directory `*.mlmodelc`. Compiling takes seconds, so the
/// result is kept under a name made of the package's SHA-256, the version and build of the system, and
/// the compute units.
///
/// ```
/// use vacancy_sections::{CoreMlOptions, ModelCache};
///
/// let options = CoreMlOptions::default().with_cache(ModelCache::At("/var/cache/models".into()));
/// assert_ne!(options.cache, ModelCache::UserCaches);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ModelCache {
    /// `~/Library/Caches/vacancy-sections`; a temporary directory if that cannot be written, which
    /// the session's [`BackendInfo`](crate::BackendInfo) then says. The default.
    #[default]
    UserCaches,
    /// This directory, made if missing; loading fails if it cannot be written.
    At(PathBuf),
    /// A temporary directory that is removed when the session is dropped.
    Off,
}

/// What is checked at load before a session is handed out.
///
/// A few fixed token sequences run through CoreML. With a reference session at hand the logits are
/// compared with its own; without one, they must be finite and must depend on the token ids.
///
/// ```
/// use vacancy_sections::Probe;
///
/// assert_eq!(Probe::Within(0.1).bound(), Some(0.1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Probe {
    /// Largest absolute difference of a logit from the reference: 0.05. The default.
    ///
    /// A sound float16 run of a model of this size stays within 0.01; a binding that garbles ids or
    /// misreads outputs is off by 0.5 and more.
    #[default]
    Standard,
    /// Another bound, for models whose float16 rounding is larger.
    Within(f32),
    /// Nothing is checked.
    Off,
}

impl Probe {
    /// The largest absolute difference allowed, if anything is checked.
    ///
    /// ```
    /// use vacancy_sections::Probe;
    ///
    /// assert_eq!(Probe::Standard.bound(), Some(0.05));
    /// assert_eq!(Probe::Off.bound(), None);
    /// ```
    #[must_use]
    pub fn bound(self) -> Option<f32> {
        match self {
            Self::Standard => Some(PROBE_BOUND),
            Self::Within(bound) => Some(bound),
            Self::Off => None,
        }
    }
}

/// How a model is loaded into CoreML.
///
/// The type exists on every system, so that code which sets it compiles everywhere; it matters on macOS
/// only.
///
/// ```
/// use vacancy_sections::{ComputeUnits, CoreMlOptions, ModelCache, Probe};
///
/// let options = CoreMlOptions::default()
///     .with_compute_units(ComputeUnits::CpuOnly)
///     .with_cache(ModelCache::Off)
///     .with_probe(Probe::Within(0.1));
/// assert_eq!(options.compute_units, ComputeUnits::CpuOnly);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct CoreMlOptions {
    /// The processors that CoreML may use. Default: all.
    pub compute_units: ComputeUnits,
    /// Where compiled models are kept. Default: the user's cache directory.
    pub cache: ModelCache,
    /// What is checked at load. Default: agreement with the reference within 0.05.
    pub probe: Probe,
}

impl CoreMlOptions {
    /// Sets the processors that CoreML may use.
    ///
    /// ```
    /// use vacancy_sections::{ComputeUnits, CoreMlOptions};
    ///
    /// let options = CoreMlOptions::default().with_compute_units(ComputeUnits::CpuAndGpu);
    /// assert_eq!(options.compute_units, ComputeUnits::CpuAndGpu);
    /// ```
    #[must_use]
    pub fn with_compute_units(mut self, compute_units: ComputeUnits) -> Self {
        self.compute_units = compute_units;
        self
    }

    /// Sets where compiled models are kept.
    ///
    /// ```
    /// use vacancy_sections::{CoreMlOptions, ModelCache};
    ///
    /// assert_eq!(CoreMlOptions::default().with_cache(ModelCache::Off).cache, ModelCache::Off);
    /// ```
    #[must_use]
    pub fn with_cache(mut self, cache: ModelCache) -> Self {
        self.cache = cache;
        self
    }

    /// Sets what is checked at load.
    ///
    /// ```
    /// use vacancy_sections::{CoreMlOptions, Probe};
    ///
    /// assert_eq!(CoreMlOptions::default().with_probe(Probe::Off).probe, Probe::Off);
    /// ```
    #[must_use]
    pub fn with_probe(mut self, probe: Probe) -> Self {
        self.probe = probe;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compute_units_are_read_by_the_names_they_have() {
        for units in ComputeUnits::ALL_VARIANTS {
            assert_eq!(units.name().parse::<ComputeUnits>().unwrap(), units);
            let lower = units.to_string().to_lowercase();
            assert_eq!(lower.parse::<ComputeUnits>().unwrap(), units);
        }
        let error = "ANE".parse::<ComputeUnits>().unwrap_err().to_string();
        assert_eq!(
            error,
            "unknown compute units `ANE`: expected ALL, CPU_AND_NE, CPU_AND_GPU or CPU_ONLY"
        );
    }
}
