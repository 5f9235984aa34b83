//! Documents from HTML and from plain text: blocks ascend, hold text, and point into their source.

use vacancy_sections::{Document, DocumentOptions, Span};

use super::bytes::{Bytes, text};

pub fn check(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    let options = DocumentOptions::new().with_split_flat(bytes.byte().is_multiple_of(2));
    let source = text(bytes.rest());
    fits(&Document::from_html_with(&source, &options), &source);
    fits(&Document::from_plain_with(&source, &options), &source);
}

fn fits(document: &Document, source: &str) {
    let mut end = 0;
    for block in document.blocks() {
        let text = block.text();
        assert!(!text.trim().is_empty(), "a block is blank");
        assert_eq!(text, text.trim(), "a block is not trimmed");
        assert!(!text.contains("  "), "{text:?} has a run of spaces");
        let span = block.span();
        assert!(span.start >= end, "{span:?} begins before byte {end}");
        assert!(
            span.slice(source).is_some(),
            "{span:?} does not fit the source"
        );
        end = span.end;

        let mut last = block.source_span(Span::new(0, 0)).start;
        for (start, c) in text.char_indices() {
            let behind = block.source_span(Span::new(start, start + c.len_utf8()));
            assert!(behind.start >= last, "{behind:?} of {c:?} goes back");
            assert!(behind.slice(source).is_some(), "{behind:?} of {c:?}");
            assert!(span.start <= behind.start && behind.end <= span.end);
            last = behind.start;
        }
    }
}
