//! Chunkers: spans ascend, stand on character boundaries, are trimmed and cover all that is not
//! white space.

use vacancy_sections::{Chunker, RazdelChunker, UnicodeChunker};

use super::bytes::text;

pub fn check(input: &[u8]) {
    let text = text(input);
    covers(&RazdelChunker, &text);
    covers(&UnicodeChunker, &text);
}

/// What `str.strip` of Python removes.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

fn covers(chunker: &dyn Chunker, text: &str) {
    let mut end = 0;
    for span in chunker.chunk(text) {
        let gap = text
            .get(end..span.start)
            .expect("spans ascend on character boundaries");
        assert!(gap.chars().all(is_space), "{gap:?} is in no fragment");
        let fragment = span.slice(text).expect("a span fits its text");
        assert!(!fragment.is_empty(), "a fragment is empty");
        assert!(
            !fragment.starts_with(is_space) && !fragment.ends_with(is_space),
            "{fragment:?} is not trimmed"
        );
        end = span.end;
    }
    let rest = text
        .get(end..)
        .expect("the last span ends on a character boundary");
    assert!(rest.chars().all(is_space), "{rest:?} is in no fragment");
}
