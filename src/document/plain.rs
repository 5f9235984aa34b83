//! Plain text: a block per line.

use super::marker::marker_len;
use super::text_map::{TextBuilder, is_space};
use super::{Block, BlockKind};
use crate::span::Span;

pub(super) fn blocks(source: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut start = 0;
    for line in source.split_inclusive(is_line_break) {
        blocks.extend(block(line, start));
        start += line.len();
    }
    blocks
}

/// Line ends of Unicode's newline guidelines. CR LF leaves a blank line between, which is no block.
fn is_line_break(character: char) -> bool {
    matches!(
        character,
        '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// The block of one line that begins at byte `start` of the source; `None` if the line is blank.
fn block(line: &str, start: usize) -> Option<Block> {
    let line_start = start + (line.len() - line.trim_start_matches(is_space).len());
    let line = line.trim_matches(is_space);
    let marker = marker_len(line);
    let mut builder = TextBuilder::default();
    for (at, character) in line.get(marker..)?.char_indices() {
        let at = line_start + marker + at;
        builder.push(character, Span::new(at, at + character.len_utf8()));
    }
    let (text, map) = builder.finish();
    if text.is_empty() {
        return None;
    }
    Some(Block {
        text,
        map,
        span: Span::new(line_start, line_start + line.len()),
        kind: if marker > 0 {
            BlockKind::ListItem
        } else {
            BlockKind::Paragraph
        },
        emphasis: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
