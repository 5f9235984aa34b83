//! How a source is cut into blocks.

/// How a source is cut into blocks.
///
/// ```
/// use vacancy_sections::{Document, DocumentOptions};
///
/// let source = "Требования:  опыт от 3 лет  знание SQL";
/// assert_eq!(Document::from_plain(source).blocks().len(), 3);
/// let options = DocumentOptions::new().with_split_flat(false);
/// assert_eq!(Document::from_plain_with(source, &options).blocks().len(), 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DocumentOptions {
    /// Whether a text that lost its line breaks is cut where they seem to have been.
    pub split_flat: bool,
}

impl DocumentOptions {
    /// The defaults: `split_flat` is on.
    ///
    /// ```
    /// assert!(vacancy_sections::DocumentOptions::new().split_flat);
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self { split_flat: true }
    }

    /// Sets whether a text that lost its line breaks is cut where they seem to have been.
    ///
    /// A source of one single line (an HTML source of one single block) is cut at runs of two or
    /// more spaces; an HTML source without any block tag is also cut at its line breaks. Any line is cut at bullets inside it, and in front of a capitalised heading such
    /// as "Требования:" inside it, when what surrounds them shows that a line ended there.
    ///
    /// ```
    /// use vacancy_sections::{Document, DocumentOptions};
    ///
    /// let source = "Мы предлагаем: • ДМС • обеды";
    /// let options = DocumentOptions::new().with_split_flat(false);
    /// assert_eq!(Document::from_plain_with(source, &options).blocks().len(), 1);
    /// assert_eq!(Document::from_plain(source).blocks().len(), 3);
    /// ```
    #[must_use]
    pub const fn with_split_flat(mut self, split: bool) -> Self {
        self.split_flat = split;
        self
    }
}

impl Default for DocumentOptions {
    fn default() -> Self {
        Self::new()
    }
}
