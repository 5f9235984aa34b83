//! Source text → blocks.

mod marker;
mod plain;
mod text_map;

pub(crate) use marker::marker_len;
use text_map::TextMap;

use crate::span::Span;

/// What a block is in the layout of the vacancy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum BlockKind {
    /// A line or paragraph of running text.
    #[default]
    Paragraph,
    /// An item of a list: a line that starts with a bullet or a number.
    ListItem,
    /// A heading by its markup.
    Heading,
}

/// One line, list item or paragraph of a vacancy.
///
/// Its text is cleaned for the model (one space for any run of white space, no zero-width
/// characters, no bullet or number in front); its spans point into the source as it was given.
///
/// ```
/// use vacancy_sections::{BlockKind, Document, Span};
///
/// let source = "Требования:\n  • Опыт   от 3 лет";
/// let document = Document::from_plain(source);
/// let item = &document.blocks()[1];
/// assert_eq!(item.text(), "Опыт от 3 лет");
/// assert_eq!(item.kind(), BlockKind::ListItem);
/// assert_eq!(item.span().slice(source), Some("• Опыт   от 3 лет"));
/// assert_eq!(item.source_span(Span::new(0, 13)).slice(source), Some("Опыт   от"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    text: String,
    map: TextMap,
    span: Span,
    kind: BlockKind,
    emphasis: bool,
}

impl Block {
    /// The cleaned text, never blank.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Bytes of the source that the block stands on, bullet or number included.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// What the block is in the layout.
    #[must_use]
    pub fn kind(&self) -> BlockKind {
        self.kind
    }

    /// Whether markup sets the whole block off (bold, heading tag). Always `false` in plain text.
    #[must_use]
    pub fn emphasis(&self) -> bool {
        self.emphasis
    }

    /// The bytes of the source from which this part of [`text`](Self::text) was made.
    ///
    /// A span beyond the text is cut to it.
    #[must_use]
    pub fn source_span(&self, text_span: Span) -> Span {
        self.map.source_span(text_span)
    }
}

/// A vacancy cut into blocks.
///
/// ```
/// use vacancy_sections::Document;
///
/// let document = Document::from_plain("Обязанности:\n\n1) Писать код\n2) Читать код\n");
/// let texts: Vec<_> = document.blocks().iter().map(|b| b.text()).collect();
/// assert_eq!(texts, ["Обязанности:", "Писать код", "Читать код"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    blocks: Vec<Block>,
}

impl Document {
    /// Blocks of plain text: one per line that is not blank.
    ///
    /// A line ends at LF, CR, CR LF, VT, FF, NEL, U+2028 or U+2029.
    #[must_use]
    pub fn from_plain(source: &str) -> Self {
        Self {
            blocks: plain::blocks(source),
        }
    }

    /// The blocks in text order.
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }
}
