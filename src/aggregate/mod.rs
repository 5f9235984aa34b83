//! Fragment probabilities → the sections of a whole vacancy.

mod majority;
#[cfg_attr(
    not(test),
    allow(
        clippy::indexing_slicing,
        reason = "arrays of a fixed length, indexed by class, state or section, each below it"
    )
)]
mod sequence;

use std::sync::Arc;

pub use majority::MajorityVote;
pub use sequence::SequenceAggregator;
#[cfg(any(test, feature = "testing"))]
pub(crate) use sequence::inspection;

use crate::document::BlockKind;
use crate::error::Result;
use crate::prediction::Probabilities;
use crate::section::Section;

/// One fragment of a vacancy, scored by the model, as an [`Aggregator`] sees it.
///
/// ```
/// use vacancy_sections::{Probabilities, ScoredFragment};
///
/// let even = Probabilities::from_logits([0.0; 5])?;
/// let fragment = ScoredFragment::new(0, "Обязанности:", even);
/// assert!(!fragment.emphasis);
/// # Ok::<(), vacancy_sections::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ScoredFragment<'a> {
    /// Number of the block (line, list item, paragraph) that the fragment stands in; ascending.
    pub block: usize,
    /// The fragment's text.
    pub text: &'a str,
    /// What the model says of the fragment by itself.
    pub probabilities: Probabilities,
    /// What the block is.
    pub kind: BlockKind,
    /// Whether the markup sets the whole block off (bold, heading tag).
    pub emphasis: bool,
}

impl<'a> ScoredFragment<'a> {
    /// A fragment of a plain paragraph.
    ///
    /// ```
    /// use vacancy_sections::{BlockKind, Probabilities, ScoredFragment};
    ///
    /// let even = Probabilities::from_logits([0.0; 5])?;
    /// assert_eq!(ScoredFragment::new(3, "ДМС", even).kind, BlockKind::Paragraph);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub const fn new(block: usize, text: &'a str, probabilities: Probabilities) -> Self {
        Self {
            block,
            text,
            probabilities,
            kind: BlockKind::Paragraph,
            emphasis: false,
        }
    }

    /// Says what the block is, and whether the markup sets it off.
    ///
    /// ```
    /// use vacancy_sections::{BlockKind, Probabilities, ScoredFragment};
    ///
    /// let even = Probabilities::from_logits([0.0; 5])?;
    /// let item = ScoredFragment::new(3, "ДМС", even).in_block(BlockKind::ListItem, false);
    /// assert_eq!(item.kind, BlockKind::ListItem);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub const fn in_block(mut self, kind: BlockKind, emphasis: bool) -> Self {
        self.kind = kind;
        self.emphasis = emphasis;
        self
    }
}

/// What an [`Aggregator`] decides for one fragment.
///
/// ```
/// use vacancy_sections::{Decision, Probabilities, Section};
///
/// let terms = Probabilities::from_weights([0.0, 0.1, 0.9, 0.0, 0.0])?;
/// let decision = Decision::new(Section::Terms, terms);
/// assert!(!decision.heading);
/// # Ok::<(), vacancy_sections::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Decision {
    /// The section, seen in the vacancy; junk goes to the orphans.
    pub section: Section,
    /// The probabilities, seen in the vacancy.
    pub probabilities: Probabilities,
    /// Whether the fragment only announces the section that follows.
    pub heading: bool,
}

impl Decision {
    /// A decision for content, not for a heading.
    ///
    /// ```
    /// use vacancy_sections::{Decision, Probabilities, Section};
    ///
    /// let even = Probabilities::from_logits([0.0; 5])?;
    /// assert_eq!(Decision::new(Section::Notes, even).section, Section::Notes);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub const fn new(section: Section, probabilities: Probabilities) -> Self {
        Self {
            section,
            probabilities,
            heading: false,
        }
    }
}

/// Decides the section of every fragment of one vacancy, knowing all of them.
///
/// ```
/// use vacancy_sections::{Aggregator, Decision, Result, ScoredFragment};
///
/// /// Every fragment for itself.
/// struct Loose;
///
/// impl Aggregator for Loose {
///     fn aggregate(&self, fragments: &[ScoredFragment<'_>]) -> Result<Vec<Decision>> {
///         let decide = |f: &ScoredFragment<'_>| Decision::new(f.probabilities.best(), f.probabilities);
///         Ok(fragments.iter().map(decide).collect())
///     }
/// }
/// ```
pub trait Aggregator: Send + Sync {
    /// One decision per fragment, in the same order. `fragments` are those of one vacancy in text
    /// order; none is a valid input.
    ///
    /// # Errors
    ///
    /// When no decision can be made.
    fn aggregate(&self, fragments: &[ScoredFragment<'_>]) -> Result<Vec<Decision>>;
}

macro_rules! forward_aggregator {
    ($($pointer:ty),*) => {$(
        impl<T: Aggregator + ?Sized> Aggregator for $pointer {
            fn aggregate(&self, fragments: &[ScoredFragment<'_>]) -> Result<Vec<Decision>> {
                (**self).aggregate(fragments)
            }
        }
    )*};
}

forward_aggregator!(&T, Box<T>, Arc<T>);
