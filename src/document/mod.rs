//! Source text → blocks.

mod flat;
#[cfg(feature = "html")]
mod html;
mod line;
mod marker;
mod options;
mod plain;
mod text_map;

pub(crate) use marker::marker_len;
pub use options::DocumentOptions;

use line::Line;
use text_map::TextMap;

use crate::span::Span;

/// What a block is in the layout of the vacancy.
///
/// ```
/// use vacancy_sections::{BlockKind, Document};
///
/// let document = Document::from_plain("Требования:\n- Опыт от 3 лет");
/// let kinds: Vec<BlockKind> = document.blocks().iter().map(|block| block.kind()).collect();
/// assert_eq!(kinds, [BlockKind::Paragraph, BlockKind::ListItem]);
/// ```
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
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Block {
    text: String,
    map: TextMap,
    span: Span,
    kind: BlockKind,
    emphasis: bool,
}

impl Block {
    /// The cleaned text, never blank.
    ///
    /// ```
    /// let document = vacancy_sections::Document::from_plain("• Опыт от 3 лет");
    /// assert_eq!(document.blocks()[0].text(), "Опыт от 3 лет");
    /// ```
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Bytes of the source that the block stands on, bullet or number included.
    ///
    /// ```
    /// let document = vacancy_sections::Document::from_plain("• Опыт от 3 лет");
    /// assert_eq!(document.blocks()[0].span().start, 0);
    /// ```
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// What the block is in the layout.
    ///
    /// ```
    /// let document = vacancy_sections::Document::from_plain("• Опыт от 3 лет");
    /// assert_eq!(document.blocks()[0].kind(), vacancy_sections::BlockKind::ListItem);
    /// ```
    #[must_use]
    pub fn kind(&self) -> BlockKind {
        self.kind
    }

    /// Whether markup sets the whole block off (bold, heading tag). Always `false` in plain text.
    ///
    /// ```
    /// let document = vacancy_sections::Document::from_plain("• Опыт от 3 лет");
    /// assert!(!document.blocks()[0].emphasis());
    /// ```
    #[must_use]
    pub fn emphasis(&self) -> bool {
        self.emphasis
    }

    /// The bytes of the source from which this part of [`text`](Self::text) was made.
    ///
    /// A span beyond the text is cut to it.
    ///
    /// ```
    /// use vacancy_sections::{Document, Span};
    ///
    /// let source = "Требования:\n• Опыт   от 3 лет";
    /// let document = Document::from_plain(source);
    /// let span = document.blocks()[1].source_span(Span::new(0, 13));
    /// assert_eq!(span.slice(source), Some("Опыт   от"));
    /// ```
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
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Document {
    blocks: Vec<Block>,
}

impl Document {
    /// Blocks of plain text, with the default options: one per line that is not blank.
    ///
    /// A line ends at LF, CR, CR LF, VT, FF, NEL, U+2028 or U+2029, and where
    /// [`split_flat`](DocumentOptions::split_flat) says so.
    ///
    /// ```
    /// use vacancy_sections::Document;
    ///
    /// let document = Document::from_plain("Требования:\r\n- Опыт от 3 лет");
    /// assert_eq!(document.blocks()[1].text(), "Опыт от 3 лет");
    /// ```
    #[must_use]
    pub fn from_plain(source: &str) -> Self {
        Self::from_plain_with(source, &DocumentOptions::new())
    }

    /// Blocks of plain text.
    ///
    /// ```
    /// use vacancy_sections::{Document, DocumentOptions};
    ///
    /// let options = DocumentOptions::new().with_split_flat(false);
    /// let document = Document::from_plain_with("Опыт  от 3 лет", &options);
    /// assert_eq!(document.blocks()[0].text(), "Опыт от 3 лет");
    /// ```
    #[must_use]
    pub fn from_plain_with(source: &str, options: &DocumentOptions) -> Self {
        Self::from_lines(&plain::lines(source), options)
    }

    /// Blocks of an HTML text, with the default options.
    ///
    /// The source is tokenized as browsers do it, however broken it is. A block ends at a block
    /// tag (`p`, `li`, `br`, `div`, `h1` … `h6`, `tr`, `td`, …), and at line breaks in `pre`; other
    /// tags glue. Entities are decoded; comments, scripts, styles, templates, titles and form texts
    /// are dropped. [`emphasis`](Block::emphasis) tells of blocks that are bold as a whole or stand in
    /// a heading tag. Spans point into the HTML source.
    ///
    /// ```
    /// use vacancy_sections::{BlockKind, Document, Span};
    ///
    /// let source = "<p><b>Условия:</b></p><ul><li>оклад&nbsp;<i>от 100&nbsp;000</i></li></ul>";
    /// let document = Document::from_html(source);
    /// let [heading, item] = document.blocks() else { panic!() };
    /// assert!(heading.emphasis());
    /// assert_eq!(item.kind(), BlockKind::ListItem);
    /// assert_eq!(item.text(), "оклад от 100 000");
    /// assert_eq!(item.span().slice(source), Some("оклад&nbsp;<i>от 100&nbsp;000"));
    /// assert_eq!(item.source_span(Span::new(0, 15)).slice(source), Some("оклад&nbsp;<i>от"));
    /// ```
    #[cfg(feature = "html")]
    #[must_use]
    pub fn from_html(source: &str) -> Self {
        Self::from_html_with(source, &DocumentOptions::new())
    }

    /// Blocks of an HTML text; see [`from_html`](Self::from_html).
    ///
    /// ```
    /// use vacancy_sections::{Document, DocumentOptions};
    ///
    /// let source = "<p>Мы предлагаем: • ДМС • обеды</p>";
    /// let options = DocumentOptions::new().with_split_flat(false);
    /// assert_eq!(Document::from_html_with(source, &options).blocks().len(), 1);
    /// assert_eq!(Document::from_html(source).blocks().len(), 3);
    /// ```
    #[cfg(feature = "html")]
    #[must_use]
    pub fn from_html_with(source: &str, options: &DocumentOptions) -> Self {
        Self::from_lines(&html::lines(source, options.split_flat), options)
    }

    fn from_lines(lines: &[Line], options: &DocumentOptions) -> Self {
        let mut blocks = Vec::new();
        for line in lines {
            let cuts = if options.split_flat {
                flat::cuts(line.text(), lines.len() == 1)
            } else {
                Vec::new()
            };
            line.blocks(&cuts, &mut blocks);
        }
        Self { blocks }
    }

    /// The blocks in text order.
    ///
    /// ```
    /// use vacancy_sections::Document;
    ///
    /// assert_eq!(Document::from_plain("Опыт от 3 лет\n\nЗнание SQL").blocks().len(), 2);
    /// ```
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }
}

/// As [`blocks`](Document::blocks).
impl<'a> IntoIterator for &'a Document {
    type Item = &'a Block;
    type IntoIter = std::slice::Iter<'a, Block>;

    fn into_iter(self) -> Self::IntoIter {
        self.blocks.iter()
    }
}
