//! Logits → what the caller reads about one fragment.

use std::fmt;

use crate::error::{Error, Result};
use crate::section::Section;

/// Five probabilities that sum to 1, one per [`Section`].
///
/// ```
/// use vacancy_sections::{Probabilities, Section};
///
/// let probabilities = Probabilities::from_logits([0.0, 3.0, 0.0, 0.0, 0.0])?;
/// assert_eq!(probabilities.best(), Section::Requirements);
/// assert!(probabilities[Section::Requirements] > 0.8);
/// # Ok::<(), vacancy_sections::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(into = "ByName", try_from = "ByName"))]
pub struct Probabilities([f32; Section::COUNT]);

impl Probabilities {
    /// The softmax of logits in the order of [`Section::ALL`].
    ///
    /// # Errors
    ///
    /// [`Error::NonFiniteLogits`] if a logit is NaN or infinite.
    ///
    /// ```
    /// use vacancy_sections::Probabilities;
    ///
    /// let huge = Probabilities::from_logits([3e38, 0.0, -3e38, 0.0, 0.0])?;
    /// assert_eq!(huge.to_array(), [1.0, 0.0, 0.0, 0.0, 0.0]);
    /// assert!(Probabilities::from_logits([f32::NAN; 5]).is_err());
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    pub fn from_logits(logits: [f32; Section::COUNT]) -> Result<Self> {
        if !logits.iter().all(|logit| logit.is_finite()) {
            return Err(Error::NonFiniteLogits { index: 0, logits });
        }
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        // The difference is taken in f64: two finite f32 can be further apart than f32 reaches.
        Self::normalized(logits.map(|logit| (f64::from(logit) - f64::from(largest)).exp()))
    }

    /// Non-negative weights scaled to sum to 1.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if a weight is negative or not finite, or all are 0.
    ///
    /// ```
    /// use vacancy_sections::{Probabilities, Section};
    ///
    /// let half = Probabilities::from_weights([1.0, 1.0, 0.0, 0.0, 0.0])?;
    /// assert_eq!(half[Section::Responsibilities], 0.5);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    pub fn from_weights(weights: [f32; Section::COUNT]) -> Result<Self> {
        Self::normalized(weights.map(f64::from))
    }

    /// The mean of several, weighted; weights are non-negative and not all 0.
    pub(crate) fn weighted_mean(parts: impl IntoIterator<Item = (Self, f64)>) -> Result<Self> {
        let mut sums = [0.0_f64; Section::COUNT];
        for (part, weight) in parts {
            for (sum, probability) in sums.iter_mut().zip(part.0) {
                *sum += f64::from(probability) * weight;
            }
        }
        Self::normalized(sums)
    }

    fn normalized(weights: [f64; Section::COUNT]) -> Result<Self> {
        let sum: f64 = weights.iter().sum();
        let valid = weights.iter().all(|weight| *weight >= 0.0) && sum.is_finite() && sum > 0.0;
        if !valid {
            return Err(Error::Shape {
                what: "weights of the sections",
                expected: "finite, not negative, not all 0".to_owned(),
                found: format!("{weights:?}"),
            });
        }
        #[allow(clippy::cast_possible_truncation)]
        Ok(Self(weights.map(|weight| (weight / sum) as f32)))
    }

    /// The probability of one section; also by indexing.
    ///
    /// ```
    /// use vacancy_sections::{Probabilities, Section};
    ///
    /// let even = Probabilities::from_logits([0.0; 5])?;
    /// assert_eq!(even.get(Section::Junk), even[Section::Junk]);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub fn get(&self, section: Section) -> f32 {
        self[section]
    }

    /// All five in the order of [`Section::ALL`].
    ///
    /// ```
    /// let even = vacancy_sections::Probabilities::from_logits([0.0; 5])?;
    /// assert_eq!(even.to_array(), [0.2; 5]);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub const fn to_array(&self) -> [f32; Section::COUNT] {
        self.0
    }

    /// Each section with its probability, in the order of [`Section::ALL`].
    ///
    /// ```
    /// use vacancy_sections::{Probabilities, Section};
    ///
    /// let half = Probabilities::from_weights([0.0, 1.0, 1.0, 0.0, 0.0])?;
    /// let likely: Vec<Section> = half.iter().filter(|(_, p)| *p > 0.1).map(|(s, _)| s).collect();
    /// assert_eq!(likely, [Section::Requirements, Section::Terms]);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Section, f32)> + use<> {
        Section::ALL.into_iter().zip(self.0)
    }

    /// The likeliest section; the lower id wins a tie.
    ///
    /// ```
    /// use vacancy_sections::{Probabilities, Section};
    ///
    /// assert_eq!(Probabilities::from_logits([0.0; 5])?.best(), Section::Responsibilities);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub fn best(&self) -> Section {
        let mut best = Section::Responsibilities;
        for section in Section::ALL {
            if self.get(section) > self.get(best) {
                best = section;
            }
        }
        best
    }

    /// How far the likeliest section is ahead of the second, 0 to 1.
    ///
    /// ```
    /// use vacancy_sections::Probabilities;
    ///
    /// assert_eq!(Probabilities::from_weights([0.75, 0.25, 0.0, 0.0, 0.0])?.margin(), 0.5);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub fn margin(&self) -> f32 {
        let best = self.best();
        let second = Section::ALL
            .into_iter()
            .filter(|section| *section != best)
            .map(|section| self.get(section))
            .fold(0.0, f32::max);
        self.get(best) - second
    }
}

impl From<Probabilities> for [f32; Section::COUNT] {
    fn from(probabilities: Probabilities) -> Self {
        probabilities.0
    }
}

impl std::ops::Index<Section> for Probabilities {
    type Output = f32;

    #[allow(clippy::indexing_slicing, reason = "an id is below `Section::COUNT`")]
    fn index(&self, section: Section) -> &f32 {
        &self.0[section.id()]
    }
}

/// The serialized form: an object keyed by section name, so that no reader has to know the order.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct ByName {
    responsibilities: f32,
    requirements: f32,
    terms: f32,
    notes: f32,
    junk: f32,
}

#[cfg(feature = "serde")]
impl From<Probabilities> for ByName {
    fn from(Probabilities(values): Probabilities) -> Self {
        let [responsibilities, requirements, terms, notes, junk] = values;
        Self {
            responsibilities,
            requirements,
            terms,
            notes,
            junk,
        }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<ByName> for Probabilities {
    type Error = Error;

    fn try_from(by_name: ByName) -> Result<Self> {
        let values = [
            by_name.responsibilities,
            by_name.requirements,
            by_name.terms,
            by_name.notes,
            by_name.junk,
        ];
        let sum: f32 = values.iter().sum();
        if values.iter().any(|value| *value < 0.0)
            || (sum - 1.0).abs().partial_cmp(&1e-3) != Some(std::cmp::Ordering::Less)
        {
            return Err(Error::Shape {
                what: "sum of the probabilities",
                expected: "1".to_owned(),
                found: sum.to_string(),
            });
        }
        Ok(Self(values))
    }
}

/// What the model says of one fragment, seen by itself.
///
/// ```
/// use vacancy_sections::{Prediction, Probabilities, Section};
///
/// let probabilities = Probabilities::from_logits([0.0, 3.0, 0.0, 0.0, 0.0])?;
/// let prediction = Prediction::new(probabilities, 1, false);
/// assert_eq!(prediction.section, Section::Requirements);
/// assert_eq!(prediction.margin, probabilities.margin());
/// assert_eq!(prediction.to_string(), "requirements 0.83");
/// # Ok::<(), vacancy_sections::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Prediction {
    /// The likeliest section.
    pub section: Section,
    /// The probability of each section.
    pub probabilities: Probabilities,
    /// Lead of the likeliest section over the second, 0 to 1.
    pub margin: f32,
    /// Model inputs that the fragment was split into; 1 unless it is longer than the model's input.
    pub windows: usize,
    /// Whether the end of the fragment was dropped ([`Overflow::Truncate`](crate::Overflow::Truncate)).
    pub truncated: bool,
}

impl Prediction {
    /// The prediction that these probabilities make.
    ///
    /// ```
    /// use vacancy_sections::{Prediction, Probabilities};
    ///
    /// let prediction = Prediction::new(Probabilities::from_logits([0.0; 5])?, 2, false);
    /// assert_eq!((prediction.windows, prediction.margin), (2, 0.0));
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub fn new(probabilities: Probabilities, windows: usize, truncated: bool) -> Self {
        Self {
            section: probabilities.best(),
            probabilities,
            margin: probabilities.margin(),
            windows,
            truncated,
        }
    }
}

/// The section and its probability: `terms 0.97`.
impl fmt::Display for Prediction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let probability = self.probabilities[self.section];
        write!(f, "{} {probability:.2}", self.section)
    }
}
