//! Byte ranges.

use std::fmt;
use std::ops::Range;

/// A half-open range of bytes, `start..end`, on character boundaries of the text it points into.
///
/// ```
/// use vacancy_sections::Span;
///
/// let text = "Опыт от 3 лет";
/// let span = Span::new(0, 8);
/// assert_eq!(span.slice(text), Some("Опыт"));
/// assert_eq!(span.to_char_range(text), Some(0..4));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The range `start..end`.
    ///
    /// ```
    /// assert_eq!(vacancy_sections::Span::new(2, 6).len(), 4);
    /// ```
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// Length in bytes.
    ///
    /// ```
    /// assert_eq!(vacancy_sections::Span::new(2, 6).len(), 4);
    /// ```
    #[must_use]
    pub const fn len(self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Whether the range holds no byte.
    ///
    /// ```
    /// assert!(vacancy_sections::Span::new(3, 3).is_empty());
    /// ```
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start >= self.end
    }

    /// The text under the span; `None` if the span does not fit the text or cuts a character.
    ///
    /// ```
    /// use vacancy_sections::Span;
    ///
    /// assert_eq!(Span::new(0, 1).slice("ё"), None);
    /// assert_eq!(Span::new(0, 2).slice("ё"), Some("ё"));
    /// ```
    #[must_use]
    pub fn slice(self, text: &str) -> Option<&str> {
        text.get(self.start..self.end)
    }

    /// The same range counted in characters (Unicode scalar values), as Python counts.
    ///
    /// `None` if the span does not fit the text or cuts a character.
    ///
    /// ```
    /// use vacancy_sections::Span;
    ///
    /// assert_eq!(Span::new(3, 5).to_char_range("a ё"), None);
    /// assert_eq!(Span::new(2, 4).to_char_range("a ё"), Some(2..3));
    /// ```
    #[must_use]
    pub fn to_char_range(self, text: &str) -> Option<Range<usize>> {
        let before = text.get(..self.start)?.chars().count();
        let within = self.slice(text)?.chars().count();
        Some(before..before + within)
    }
}

/// As Rust writes the range: `3..8`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }
}

impl From<Span> for Range<usize> {
    fn from(span: Span) -> Self {
        span.start..span.end
    }
}
