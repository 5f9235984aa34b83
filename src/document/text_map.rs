//! Cleaned text that remembers where in the source each part came from.

use crate::space::is_space;
use crate::span::Span;

/// A stretch of the text copied byte for byte from the source, or one replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Run {
    text: Span,
    source: Span,
}

/// Maps offsets of a cleaned text back to its source. Runs ascend on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct TextMap {
    runs: Vec<Run>,
}

impl TextMap {
    /// The source bytes behind `text`, cut to what the map knows.
    pub(super) fn source_span(&self, text: Span) -> Span {
        if text.is_empty() {
            let at = self.start(text.start);
            return Span::new(at, at);
        }
        Span::new(self.start(text.start), self.end(text.end))
    }

    /// The source offset of the character that begins at `offset` of the text.
    fn start(&self, offset: usize) -> usize {
        let next = self.runs.partition_point(|run| run.text.end <= offset);
        match self.runs.get(next) {
            Some(run) if run.text.len() == run.source.len() => {
                run.source.start + offset.saturating_sub(run.text.start)
            }
            Some(run) => run.source.start,
            None => self.runs.last().map_or(0, |run| run.source.end),
        }
    }

    /// The source offset where the character that ends at `offset` of the text ends.
    fn end(&self, offset: usize) -> usize {
        let next = self.runs.partition_point(|run| run.text.end < offset);
        match self.runs.get(next) {
            Some(run) if run.text.len() == run.source.len() => {
                run.source.start + offset.saturating_sub(run.text.start)
            }
            Some(run) => run.source.end,
            None => self.runs.last().map_or(0, |run| run.source.end),
        }
    }
}

/// Builds a cleaned text and its map from pieces of the source, left to right.
///
/// Runs of white space become one space; white space at both ends is dropped; zero-width characters
/// and soft hyphens are dropped.
#[derive(Debug, Default)]
pub(super) struct TextBuilder {
    text: String,
    map: TextMap,
    /// Source bytes of the white space seen since the last character kept.
    space: Option<Span>,
}

impl TextBuilder {
    /// Appends one character that was made from these bytes of the source.
    pub(super) fn push(&mut self, character: char, source: Span) {
        #[cfg(test)]
        crate::steps::add(1);
        if is_invisible(character) {
            return;
        }
        if is_space(character) {
            let start = self.space.map_or(source.start, |space| space.start);
            self.space = Some(Span::new(start, source.end));
            return;
        }
        if let Some(space) = self.space.take()
            && !self.text.is_empty()
        {
            self.append(' ', space);
        }
        self.append(character, source);
    }

    fn append(&mut self, character: char, source: Span) {
        let start = self.text.len();
        self.text.push(character);
        let text = Span::new(start, self.text.len());
        let copied = text.len() == source.len();
        match self.map.runs.last_mut() {
            Some(run)
                if copied
                    && run.text.len() == run.source.len()
                    && run.source.end == source.start =>
            {
                run.text.end = text.end;
                run.source.end = source.end;
            }
            _ => self.map.runs.push(Run { text, source }),
        }
    }

    pub(super) fn finish(self) -> (String, TextMap) {
        (self.text, self.map)
    }
}

/// Characters without width that only disturb the word pieces: zero-width space, word joiner, byte
/// order mark, soft hyphen. Joiners (U+200C, U+200D) stay: they are part of emoji.
pub(super) fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200B}' | '\u{2060}' | '\u{FEFF}' | '\u{AD}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn build(source: &str) -> (String, TextMap) {
        let mut builder = TextBuilder::default();
        for (at, character) in source.char_indices() {
            builder.push(character, Span::new(at, at + character.len_utf8()));
        }
        builder.finish()
    }

    #[test]
    fn spans_of_the_text_find_their_source() {
        let source = "  Опыт \u{a0}\u{200b} от\u{ad}пуск ";
        let (text, map) = build(source);
        assert_eq!(text, "Опыт отпуск");
        let first = map.source_span(Span::new(0, "Опыт".len()));
        assert_eq!(first.slice(source), Some("Опыт"));
        let second = map.source_span(Span::new("Опыт ".len(), text.len()));
        assert_eq!(second.slice(source), Some("от\u{ad}пуск"));
    }

    #[test]
    fn spans_beyond_the_text_are_cut() {
        let (_, map) = build("ab");
        assert_eq!(map.source_span(Span::new(1, 99)), Span::new(1, 2));
        assert_eq!(map.source_span(Span::new(50, 99)), Span::new(2, 2));
        assert_eq!(
            TextMap::default().source_span(Span::new(0, 9)),
            Span::new(0, 0)
        );
    }

    proptest! {
        #[test]
        fn cleaning_the_source_of_a_span_gives_the_span(source in "[a-яё \u{a0}\u{200b}\u{ad}\t\u{1d}🙂]{0,40}") {
            let (text, map) = build(&source);
            prop_assert_eq!(text.trim(), &text);
            for (start, _) in text.char_indices() {
                for (end, last) in text.char_indices().filter(|(end, _)| *end >= start) {
                    let end = end + last.len_utf8();
                    let part = &text[start..end];
                    let behind = map.source_span(Span::new(start, end)).slice(&source).unwrap();
                    prop_assert_eq!(build(behind).0, part.trim());
                }
            }
        }
    }
}
