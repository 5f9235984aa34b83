//! What the caller reads about a whole vacancy.

use std::fmt;
use std::ops::{Index, Range};

use crate::aggregate::Decision;
use crate::prediction::{Prediction, Probabilities};
use crate::section::Section;
use crate::span::Span;

/// One fragment of a vacancy with everything that is known about it.
///
/// ```
/// # fn main() -> Result<(), vacancy_sections::Error> {
/// # #[cfg(feature = "embedded-model")] {
/// use vacancy_sections::SectionClassifier;
///
/// let text = "Требования:\n- Опыт работы с PostgreSQL от 3 лет";
/// let sections = SectionClassifier::shared()?.classify_vacancy(text)?;
/// let fragment = &sections.fragments[1];
/// assert_eq!(fragment.span.slice(text), Some(fragment.text.as_str()));
/// # } Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Fragment {
    /// The fragment's cleaned text, as the model read it.
    pub text: String,
    /// Bytes of the source that the fragment stands on.
    pub span: Span,
    /// Index of its block in the document.
    pub block: usize,
    /// The section, seen in the vacancy.
    pub section: Section,
    /// The probabilities, seen in the vacancy.
    pub probabilities: Probabilities,
    /// Whether the fragment only announces the section that follows.
    pub heading: bool,
    /// What the model says of the fragment by itself.
    pub prediction: Prediction,
}

/// Neighbouring fragments of one block that belong to one section.
///
/// ```
/// # fn main() -> Result<(), vacancy_sections::Error> {
/// # #[cfg(feature = "embedded-model")] {
/// use vacancy_sections::SectionClassifier;
///
/// let sections = SectionClassifier::shared()?.classify_vacancy("Опыт работы с SQL от 3 лет")?;
/// let passage = &sections.requirements[0];
/// assert_eq!(passage.text, "Опыт работы с SQL от 3 лет");
/// assert_eq!(passage.fragments, 0..1);
/// # } Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Passage {
    /// The cleaned text, without bullet or number.
    pub text: String,
    /// Bytes of the source that the passage stands on.
    pub span: Span,
    /// Index of its block in the document.
    pub block: usize,
    /// Its fragments, as a range of [`VacancySections::fragments`].
    pub fragments: Range<usize>,
    /// Position in [`VacancySections::headings`] of the heading that introduced it: the nearest one
    /// above, if that announces the section of the passage.
    pub heading: Option<usize>,
}

/// A line that only announces what follows: "Обязанности:".
///
/// ```
/// # fn main() -> Result<(), vacancy_sections::Error> {
/// # #[cfg(feature = "embedded-model")] {
/// use vacancy_sections::{Section, SectionClassifier};
///
/// let text = "Мы предлагаем:\n- ДМС со стоматологией\n- Оформление по ТК РФ";
/// let sections = SectionClassifier::shared()?.classify_vacancy(text)?;
/// for heading in &sections.headings {
///     println!("{} announces {}", heading.text, heading.section);
/// }
/// # } Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Heading {
    /// The cleaned text, without bullet or number.
    pub text: String,
    /// Bytes of the source that the heading stands on.
    pub span: Span,
    /// Index of its block in the document.
    pub block: usize,
    /// The section that it announces.
    pub section: Section,
    /// Its fragments, as a range of [`VacancySections::fragments`].
    pub fragments: Range<usize>,
}

/// A vacancy, structured. Passages and headings stand in text order; a heading is no passage.
///
/// The [`Display`](fmt::Display) form is a plain text to read, section by section.
///
/// ```
/// # fn main() -> Result<(), vacancy_sections::Error> {
/// # #[cfg(feature = "embedded-model")] {
/// use vacancy_sections::SectionClassifier;
///
/// let text = "Что нужно делать:\n- Разрабатывать сервисы на Rust\nМы предлагаем:\n- ДМС и удалённую работу";
/// let sections = SectionClassifier::shared()?.classify_vacancy(text)?;
/// assert!(sections.terms.iter().any(|passage| passage.text.contains("ДМС")));
/// # } Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct VacancySections {
    /// What the employee will do.
    pub responsibilities: Vec<Passage>,
    /// What the candidate must have.
    pub requirements: Vec<Passage>,
    /// Conditions of employment.
    pub terms: Vec<Passage>,
    /// About the company, the team, the hiring process.
    pub notes: Vec<Passage>,
    /// Junk, kept out of the structured sections.
    pub orphans: Vec<Passage>,
    /// Lines that only announce a section. Empty when the aggregator tells no headings
    /// ([`MajorityVote`](crate::MajorityVote)).
    pub headings: Vec<Heading>,
    /// Every fragment, in text order.
    pub fragments: Vec<Fragment>,
}

impl VacancySections {
    /// The passages of one section; the orphans for [`Section::Junk`].
    ///
    /// ```
    /// use vacancy_sections::{Section, VacancySections};
    ///
    /// assert!(VacancySections::default().passages(Section::Terms).is_empty());
    /// ```
    #[must_use]
    pub fn passages(&self, section: Section) -> &[Passage] {
        match section {
            Section::Responsibilities => &self.responsibilities,
            Section::Requirements => &self.requirements,
            Section::Terms => &self.terms,
            Section::Notes => &self.notes,
            Section::Junk => &self.orphans,
        }
    }

    /// The five sections with their passages, in the order of [`Section::ALL`]; a section without
    /// passages is among them.
    ///
    /// ```
    /// # fn main() -> Result<(), vacancy_sections::Error> {
    /// # #[cfg(feature = "embedded-model")] {
    /// use vacancy_sections::SectionClassifier;
    ///
    /// let sections = SectionClassifier::shared()?.classify_vacancy("Опыт работы с SQL от 3 лет")?;
    /// for (section, passages) in sections.iter() {
    ///     println!("{section}: {}", passages.len());
    /// }
    /// assert_eq!(sections.iter().len(), 5);
    /// # } Ok(()) }
    /// ```
    #[must_use]
    pub fn iter(&self) -> <&Self as IntoIterator>::IntoIter {
        self.into_iter()
    }

    /// Whether the vacancy held no text at all.
    ///
    /// ```
    /// assert!(vacancy_sections::VacancySections::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fragments.is_empty()
    }

    /// Adds neighbouring fragments of one block that were decided alike.
    fn push(
        &mut self,
        block: usize,
        text: &str,
        span: Span,
        decision: &Decision,
        fragments: Range<usize>,
    ) {
        let (text, section) = (text.to_owned(), decision.section);
        if decision.heading {
            self.headings.push(Heading {
                text,
                span,
                block,
                section,
                fragments,
            });
            return;
        }
        let nearest = self.headings.len().checked_sub(1);
        let introduces = |at: &usize| self.headings.get(*at).is_some_and(|h| h.section == section);
        let heading = nearest.filter(introduces);
        self.passages_mut(section).push(Passage {
            text,
            span,
            block,
            fragments,
            heading,
        });
    }

    fn passages_mut(&mut self, section: Section) -> &mut Vec<Passage> {
        match section {
            Section::Responsibilities => &mut self.responsibilities,
            Section::Requirements => &mut self.requirements,
            Section::Terms => &mut self.terms,
            Section::Notes => &mut self.notes,
            Section::Junk => &mut self.orphans,
        }
    }
}

/// The passages of one section, as [`passages`](VacancySections::passages) gives them.
impl Index<Section> for VacancySections {
    type Output = [Passage];

    fn index(&self, section: Section) -> &[Passage] {
        self.passages(section)
    }
}

/// As [`iter`](VacancySections::iter).
impl<'a> IntoIterator for &'a VacancySections {
    type Item = (Section, &'a [Passage]);
    type IntoIter = std::array::IntoIter<Self::Item, { Section::COUNT }>;

    fn into_iter(self) -> Self::IntoIter {
        Section::ALL
            .map(|section| (section, self.passages(section)))
            .into_iter()
    }
}

/// As [`iter`](VacancySections::iter), giving the passages away; headings and fragments are dropped.
impl IntoIterator for VacancySections {
    type Item = (Section, Vec<Passage>);
    type IntoIter = std::array::IntoIter<Self::Item, { Section::COUNT }>;

    fn into_iter(mut self) -> Self::IntoIter {
        Section::ALL
            .map(|section| (section, std::mem::take(self.passages_mut(section))))
            .into_iter()
    }
}

impl fmt::Display for VacancySections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (section, passages) in self {
            if passages.is_empty() {
                continue;
            }
            if !first {
                writeln!(f)?;
            }
            first = false;
            writeln!(f, "{}", section.title_ru())?;
            for passage in passages {
                writeln!(f, "  • {}", passage.text)?;
            }
        }
        Ok(())
    }
}

/// A fragment that was scored, before its section in the vacancy is known.
#[derive(Debug)]
pub(crate) struct Scored<'a> {
    /// Index of the block in the document.
    pub(crate) block: usize,
    /// Where the fragment stands in the block's text.
    pub(crate) text_span: Span,
    /// Text of the whole block.
    pub(crate) block_text: &'a str,
    /// Where the fragment stands in the source.
    pub(crate) span: Span,
    /// What the model says.
    pub(crate) prediction: Prediction,
}

/// Puts decisions and fragments, one to one, together.
pub(crate) fn assemble(scored: &[Scored<'_>], decisions: &[Decision]) -> VacancySections {
    let mut sections = VacancySections::default();
    let pairs: Vec<_> = scored.iter().zip(decisions).collect();
    let mut start = 0;
    for run in pairs.chunk_by(|(a, before), (b, after)| {
        a.block == b.block && before.section == after.section && before.heading == after.heading
    }) {
        let end = start + run.len();
        if let (Some((first, decision)), Some((last, _))) = (run.first(), run.last()) {
            let text_span = Span::new(first.text_span.start, last.text_span.end);
            let text = text_span.slice(first.block_text).unwrap_or_default();
            let span = Span::new(first.span.start, last.span.end);
            sections.push(first.block, text, span, decision, start..end);
        }
        start = end;
    }
    sections.fragments = pairs
        .into_iter()
        .map(|(fragment, decision)| Fragment {
            text: fragment
                .text_span
                .slice(fragment.block_text)
                .unwrap_or_default()
                .to_owned(),
            span: fragment.span,
            block: fragment.block,
            section: decision.section,
            probabilities: decision.probabilities,
            heading: decision.heading,
            prediction: fragment.prediction,
        })
        .collect();
    sections
}
