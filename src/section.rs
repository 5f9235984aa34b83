//! The five sections.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// The section of a vacancy that a fragment belongs to; ids and meaning as on the model card.
///
/// ```
/// use vacancy_sections::Section;
///
/// assert_eq!(Section::Requirements.id(), 1);
/// assert_eq!(Section::Requirements.to_string(), "requirements");
/// assert_eq!("terms".parse::<Section>()?, Section::Terms);
/// # Ok::<(), vacancy_sections::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum Section {
    /// 0: what the employee will do (задачи, обязанности).
    Responsibilities = 0,
    /// 1: what the candidate must have (требования, навыки).
    Requirements = 1,
    /// 2: conditions of employment (условия, зарплата, ДМС).
    Terms = 2,
    /// 3: about the company, the team, the hiring process.
    Notes = 3,
    /// 4: noise that carries no information; routed to the orphans.
    Junk = 4,
}

impl Section {
    /// Number of sections.
    ///
    /// ```
    /// assert_eq!(vacancy_sections::Section::COUNT, 5);
    /// ```
    pub const COUNT: usize = 5;

    /// All sections in the order of their ids.
    ///
    /// ```
    /// use vacancy_sections::Section;
    ///
    /// assert_eq!(Section::ALL.map(Section::id), [0, 1, 2, 3, 4]);
    /// ```
    pub const ALL: [Self; Self::COUNT] = [
        Self::Responsibilities,
        Self::Requirements,
        Self::Terms,
        Self::Notes,
        Self::Junk,
    ];

    /// The id on the model card, 0 to 4.
    ///
    /// ```
    /// assert_eq!(vacancy_sections::Section::Junk.id(), 4);
    /// ```
    #[must_use]
    pub const fn id(self) -> usize {
        self as usize
    }

    /// The section with this id; `None` above 4.
    ///
    /// ```
    /// use vacancy_sections::Section;
    ///
    /// assert_eq!(Section::from_id(2), Some(Section::Terms));
    /// assert_eq!(Section::from_id(5), None);
    /// ```
    #[must_use]
    pub fn from_id(id: usize) -> Option<Self> {
        Self::ALL.get(id).copied()
    }

    /// The label name on the model card.
    ///
    /// ```
    /// assert_eq!(vacancy_sections::Section::Notes.name(), "notes");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Responsibilities => "responsibilities",
            Self::Requirements => "requirements",
            Self::Terms => "terms",
            Self::Notes => "notes",
            Self::Junk => "junk",
        }
    }

    /// A Russian title to show to people.
    ///
    /// ```
    /// assert_eq!(vacancy_sections::Section::Terms.title_ru(), "Условия");
    /// ```
    #[must_use]
    pub const fn title_ru(self) -> &'static str {
        match self {
            Self::Responsibilities => "Обязанности",
            Self::Requirements => "Требования",
            Self::Terms => "Условия",
            Self::Notes => "О компании и прочее",
            Self::Junk => "Не по делу",
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Section {
    type Err = Error;

    /// Reads a label name, in any case.
    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|section| section.name().eq_ignore_ascii_case(name.trim()))
            .ok_or_else(|| Error::UnknownName {
                what: "section",
                expected: "responsibilities, requirements, terms, notes or junk",
                found: name.to_owned(),
            })
    }
}
