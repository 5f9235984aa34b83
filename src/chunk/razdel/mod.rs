//! Strict port of `sentenize` of [razdel](https://github.com/natasha/razdel) 0.5.0
//! (MIT licence, Alexander Kukushkin), as CPython 3.11 runs it.
//!
//! | File | What it follows in razdel |
//! |---|---|
//! | [`scan`] | `SentSplitter`: where a sentence may end, and the windows around it |
//! | [`token`] | the patterns `TOKEN`, `FIRST_TOKEN`, `LAST_TOKEN`, `WORD` |
//! | [`rules`] | the rules that refuse an end |
//! | [`abbreviations`] | the word lists of `sokr.py` |
//! | [`classes`] | the character classes of Python's `re` and `str` |

mod abbreviations;
#[cfg_attr(
    not(test),
    allow(
        clippy::indexing_slicing,
        reason = "in constant evaluation only: an index out of bounds would not compile"
    )
)]
mod classes;
mod rules;
mod scan;
#[cfg(test)]
mod steps;
mod tables;
mod token;

use super::Chunker;
use crate::span::Span;
use scan::Candidates;

#[cfg(feature = "unicode")]
pub(super) use classes::is_word;

/// The sentence splitter of razdel 0.5.0, exactly.
///
/// The models of this family were trained on fragments that razdel's `sentenize` cut
/// out of a block, so this is the default [`Chunker`]. Rules, abbreviations, windows of
/// ten characters and character classes (CPython 3.11, Unicode 14.0) are razdel's, its
/// oddities included:
///
/// * a line break is a space like any other and never ends a sentence;
/// * ten spaces after a full stop hide the next word, so nothing is split there;
/// * no rule looks more than ten characters to either side.
///
/// The only difference: a blank block has no fragments (razdel returns an empty one).
///
/// A fragment is trimmed of what Python's `str.strip` removes: white space and
/// U+001C..U+001F; U+200B and U+FEFF stay. Time is linear in the length of the block, and
/// no memory is used beyond the spans.
///
/// ```
/// use vacancy_sections::{Chunker, RazdelChunker};
///
/// let block = "Оклад 90 тыс. руб. в месяц. Офис на ул. Ленина; график 5/2.";
/// let fragments: Vec<&str> = RazdelChunker
///     .chunk(block)
///     .iter()
///     .filter_map(|span| span.slice(block))
///     .collect();
/// assert_eq!(
///     fragments,
///     ["Оклад 90 тыс. руб. в месяц.", "Офис на ул. Ленина; график 5/2."],
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct RazdelChunker;

impl Chunker for RazdelChunker {
    fn chunk(&self, block: &str) -> Vec<Span> {
        let mut spans = Vec::new();
        let mut start = 0;
        for candidate in Candidates::new(block) {
            if !rules::joins(&candidate, block, start) {
                spans.extend(trimmed(block, start, candidate.end));
                start = candidate.end;
            }
        }
        spans.extend(trimmed(block, start, block.len()));
        spans
    }
}

/// The span of `block[start..end]` without the spaces at its ends, if anything is left.
fn trimmed(block: &str, start: usize, end: usize) -> Option<Span> {
    let text = block.get(start..end)?;
    let cut = text.trim_start_matches(classes::is_space);
    let start = end - cut.len();
    let cut = cut.trim_end_matches(classes::is_space);
    (!cut.is_empty()).then(|| Span::new(start, start + cut.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragments(block: &str) -> Vec<&str> {
        let spans = RazdelChunker.chunk(block);
        spans.iter().filter_map(|span| span.slice(block)).collect()
    }

    #[test]
    fn blank_block_has_no_fragments() {
        assert!(RazdelChunker.chunk("").is_empty());
        assert!(RazdelChunker.chunk(" \t\n\u{a0}\u{1f}").is_empty());
    }

    #[test]
    fn spans_are_bytes_and_trimmed() {
        let spans = RazdelChunker.chunk("  Да.\u{1c} Нет! ");
        assert_eq!(spans, [Span::new(2, 7), Span::new(9, 16)]);
    }

    #[test]
    fn nine_spaces_split_and_ten_do_not() {
        let nine = format!("Офис.{}Склад.", " ".repeat(9));
        let ten = format!("Офис.{}Склад.", " ".repeat(10));
        assert_eq!(fragments(&nine), ["Офис.", "Склад."]);
        assert_eq!(fragments(&ten), [ten.as_str()]);
    }

    /// Characters looked at while `block` is chunked.
    fn steps(block: &str) -> u64 {
        steps::reset();
        RazdelChunker.chunk(block);
        steps::get()
    }

    #[test]
    fn work_is_linear() {
        // One repeated piece each: delimiters packed as densely as they can be, buffers
        // that never end, that end all the time, and that are read as lists.
        for piece in [
            "слово ",
            ".",
            ". ",
            "\" ",
            "А. А. ",
            "а. А ",
            "1. ",
            "IV) ",
            "Да. ",
            ":))) ",
            "=-",
            ".           ",
            "           ",
            "т. д. А. - я ",
            "\u{301}.",
        ] {
            let once = steps(&piece.repeat(1_000));
            let twice = steps(&piece.repeat(2_000));
            let chars = piece.chars().count() as u64 * 1_000;
            assert!(once > 0, "{piece:?} is not counted");
            // The same work for the second half as for the first, but for the ends.
            assert!(
                twice.abs_diff(2 * once) <= 200,
                "{piece:?}: {once}, {twice}"
            );
            // Two windows and a short buffer, each read a few times, per character.
            assert!(once <= 100 * chars, "{piece:?}: {once} for {chars}");
        }
    }
}
