//! Plain text: a line per line.

use super::BlockKind;
use super::line::Line;

/// The lines of a plain text that are not blank.
pub(super) fn lines(source: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = 0;
    for text in source.split_inclusive(is_line_break) {
        let mut line = Line::new(BlockKind::Paragraph);
        line.push_copied(text, start, false);
        if !line.is_blank() {
            lines.push(line);
        }
        start += text.len();
    }
    lines
}

/// Line ends of Unicode's newline guidelines. CR LF leaves a blank line between, which is no block.
fn is_line_break(character: char) -> bool {
    matches!(
        character,
        '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

#[cfg(test)]
mod tests {
    use crate::document::{Block, BlockKind, Document};
    use crate::span::Span;
    use proptest::prelude::*;

    fn blocks(source: &str) -> Vec<Block> {
        Document::from_plain(source).blocks
    }

    #[test]
    fn every_line_end_ends_a_block() {
        let source = "а\nб\r\nв\rг\u{b}д\u{c}е\u{85}ё\u{2028}ж\u{2029}з";
        let texts: Vec<_> = blocks(source).into_iter().map(|b| b.text).collect();
        assert_eq!(texts, ["а", "б", "в", "г", "д", "е", "ё", "ж", "з"]);
    }

    #[test]
    fn blank_lines_are_no_blocks() {
        assert_eq!(blocks(""), []);
        assert_eq!(blocks(" \n\u{a0}\n\u{200b}\u{feff}\n\t"), []);
    }

    #[test]
    fn the_marker_is_in_the_span_and_not_in_the_text() {
        let source = "x\n  1) Опыт\u{a0} 3 года  \n";
        let block = blocks(source).pop().unwrap();
        assert_eq!(block.text(), "Опыт 3 года");
        assert_eq!(block.kind(), BlockKind::ListItem);
        assert_eq!(block.span().slice(source), Some("1) Опыт\u{a0} 3 года"));
    }

    proptest! {
        #[test]
        fn spans_ascend_and_fit_the_source(source in "(?s)[\\PC\n\r\u{2028}•1).\\- ]{0,80}") {
            let mut end = 0;
            for block in blocks(&source) {
                prop_assert!(block.span.start >= end);
                prop_assert!(block.span.slice(&source).is_some());
                prop_assert!(!block.text.trim().is_empty());
                let inner = block.source_span(Span::new(0, block.text.len()));
                prop_assert!(inner.start >= block.span.start && inner.end <= block.span.end);
                prop_assert!(inner.slice(&source).is_some());
                end = block.span.end;
            }
        }
    }
}
