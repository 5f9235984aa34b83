//! One line as it was read, before it is cleaned.

use super::marker::marker_len;
use super::text_map::{TextBuilder, is_invisible};
use super::{Block, BlockKind};
use crate::space::is_space;
use crate::span::Span;

/// A stretch of a line with one origin.
#[derive(Debug, Clone, Copy)]
struct Piece {
    text: Span,
    source: Span,
    /// The text is the source, byte for byte; otherwise it stands for the source as a whole.
    copied: bool,
    strong: bool,
}

/// The text of one line with its decoded entities, and where in the source each part stands.
#[derive(Debug, Default)]
pub(super) struct Line {
    text: String,
    pieces: Vec<Piece>,
    kind: BlockKind,
    inked: bool,
}

impl Line {
    /// A line whose blocks are of this kind unless a bullet or number makes them list items.
    pub(super) fn new(kind: BlockKind) -> Self {
        Self {
            kind,
            ..Self::default()
        }
    }

    #[cfg(feature = "html")]
    pub(super) fn set_kind(&mut self, kind: BlockKind) {
        self.kind = kind;
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn is_blank(&self) -> bool {
        !self.inked
    }

    /// Appends text that stands in the source from byte `at` on.
    pub(super) fn push_copied(&mut self, text: &str, at: usize, strong: bool) {
        self.push(text, Span::new(at, at + text.len()), true, strong);
    }

    /// Appends text that stands for these bytes of the source.
    #[cfg(feature = "html")]
    pub(super) fn push_replaced(&mut self, text: &str, source: Span, strong: bool) {
        self.push(text, source, false, strong);
    }

    fn push(&mut self, text: &str, source: Span, copied: bool, strong: bool) {
        let start = self.text.len();
        self.text.push_str(text);
        #[cfg(test)]
        crate::steps::add(text.len());
        self.inked = self.inked || !text.chars().all(|c| is_space(c) || is_invisible(c));
        self.pieces.push(Piece {
            text: Span::new(start, self.text.len()),
            source,
            copied,
            strong,
        });
    }

    /// The blocks of this line, which begin at `cuts` (ascending offsets of its text) and at 0.
    pub(super) fn blocks(&self, cuts: &[usize], blocks: &mut Vec<Block>) {
        let mut start = 0;
        for &end in cuts.iter().chain([&self.text.len()]) {
            blocks.extend(self.block(Span::new(start, end)));
            start = end;
        }
    }

    /// The block on this part of the text; `None` if it is blank.
    fn block(&self, part: Span) -> Option<Block> {
        let text = part.slice(&self.text)?;
        let start = part.start + (text.len() - text.trim_start_matches(is_space).len());
        let text = text.trim_matches(is_space);
        let marker = marker_len(text);
        let end = start + text.len();

        let mut builder = TextBuilder::default();
        let mut emphasis = true;
        let mut span: Option<Span> = None;
        for (at, character, source, strong) in self.characters(Span::new(start, end)) {
            span = Some(Span::new(
                span.map_or(source.start, |span| span.start),
                source.end,
            ));
            if at < start + marker {
                continue;
            }
            emphasis &= strong || is_space(character) || is_invisible(character);
            builder.push(character, source);
        }
        let (text, map) = builder.finish();
        if text.is_empty() {
            return None;
        }
        Some(Block {
            text,
            map,
            span: span?,
            kind: match self.kind {
                BlockKind::Paragraph if marker > 0 => BlockKind::ListItem,
                kind => kind,
            },
            emphasis,
        })
    }

    /// Offset, character, source and emphasis of what stands on this part of the text.
    fn characters(&self, part: Span) -> impl Iterator<Item = (usize, char, Span, bool)> {
        let first = self
            .pieces
            .partition_point(|piece| piece.text.end <= part.start);
        let pieces = self.pieces.get(first..).unwrap_or_default();
        pieces
            .iter()
            .take_while(move |piece| piece.text.start < part.end)
            .flat_map(move |piece| {
                let start = piece.text.start.max(part.start);
                let text = Span::new(start, piece.text.end.min(part.end)).slice(&self.text);
                let characters = text.unwrap_or_default().char_indices();
                characters.map(move |(at, character)| {
                    #[cfg(test)]
                    crate::steps::add(1);
                    let at = start + at;
                    let source = if piece.copied {
                        let from = piece.source.start + (at - piece.text.start);
                        Span::new(from, from + character.len_utf8())
                    } else {
                        piece.source
                    };
                    (at, character, source, piece.strong)
                })
            })
    }
}
