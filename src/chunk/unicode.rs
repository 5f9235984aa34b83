//! Sentence boundaries of Unicode.

use unicode_segmentation::UnicodeSegmentation;

use super::Chunker;
use super::razdel::is_word;
use crate::space::is_space;
use crate::span::Span;

/// The sentence boundaries of [UAX #29](https://www.unicode.org/reports/tr29/#Sentence_Boundaries)
/// as `unicode-segmentation` finds them, trimmed of white space.
///
/// Language-independent: knows no abbreviations and splits `г. Москва` in two, splits at
/// every line break, never at `;`. For Russian vacancies
/// [`RazdelChunker`](super::RazdelChunker) makes fewer mistakes.
///
/// One addition keeps the time linear: a full stop with more than 128 characters after it
/// that are no letters, digits or `_` is cut off from what follows the first 128 of them.
/// UAX #29 has no such limit, and the look-ahead of its rule SB8 costs
/// `unicode-segmentation` the square of their number.
///
/// ```
/// use vacancy_sections::{Chunker, UnicodeChunker};
///
/// let block = "Ищем инженера. Офис в г. Москва!";
/// let fragments: Vec<&str> = UnicodeChunker
///     .chunk(block)
///     .iter()
///     .filter_map(|span| span.slice(block))
///     .collect();
/// assert_eq!(fragments, ["Ищем инженера.", "Офис в г.", "Москва!"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct UnicodeChunker;

impl Chunker for UnicodeChunker {
    fn chunk(&self, block: &str) -> Vec<Span> {
        let mut spans = Vec::new();
        let mut offset = 0;
        for piece in pieces(block) {
            for (start, sentence) in piece.split_sentence_bound_indices() {
                let cut = sentence.trim_start_matches(is_space);
                let start = offset + start + sentence.len() - cut.len();
                let cut = cut.trim_end_matches(is_space);
                if !cut.is_empty() {
                    spans.push(Span::new(start, start + cut.len()));
                }
            }
            offset += piece.len();
        }
        spans
    }
}

/// Longest run of characters after a full stop that SB8 may have to look through again
/// from each of them.
const LOOK_AHEAD: usize = 128;

/// `block` cut where such a run gets longer; nearly always in one piece.
fn pieces(block: &str) -> impl Iterator<Item = &str> {
    let mut rest = block;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut run = None;
        for (index, c) in rest.char_indices() {
            run = match (c, run) {
                // The characters of Sentence_Break=ATerm.
                ('.' | '\u{2024}' | '\u{fe52}' | '\u{ff0e}', _) => Some(0),
                // Letters by category, but extenders to UAX #29.
                ('\u{ff9e}' | '\u{ff9f}', Some(length)) => Some(length + 1),
                (c, _) if is_word(c) => None,
                (_, Some(LOOK_AHEAD)) => {
                    let (piece, tail) = rest.split_at_checked(index)?;
                    rest = tail;
                    return Some(piece);
                }
                (_, run) => run.map(|length| length + 1),
            };
        }
        Some(std::mem::take(&mut rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragments(block: &str) -> Vec<&str> {
        let spans = UnicodeChunker.chunk(block);
        spans.iter().filter_map(|span| span.slice(block)).collect()
    }

    #[test]
    fn splits_at_unicode_boundaries() {
        assert_eq!(fragments(""), Vec::<&str>::new());
        assert_eq!(fragments(" \n\t"), Vec::<&str>::new());
        assert_eq!(
            fragments(" Да. Нет!\nМожет быть  "),
            ["Да.", "Нет!", "Может быть"]
        );
        assert_eq!(
            fragments("версия 2.5; т.е. новая"),
            ["версия 2.5; т.е. новая"]
        );
    }

    #[test]
    fn separators_that_are_white_space_to_python_are_trimmed() {
        assert_eq!(fragments("\u{1e}Да.\u{1c} \u{1f}"), ["Да."]);
        assert_eq!(fragments("\u{1d}\u{2029}\u{1e}"), Vec::<&str>::new());
    }

    #[test]
    fn only_a_long_run_after_a_full_stop_is_cut() {
        let kept = [
            "-".repeat(1_000),
            ".".repeat(1_000),
            format!("a.{}b", " ".repeat(LOOK_AHEAD)),
            format!("a!{}b", " ".repeat(1_000)),
            "1.5 ".repeat(1_000),
        ];
        for text in &kept {
            assert_eq!(pieces(text).collect::<Vec<_>>(), [text.as_str()]);
        }
        let long = format!("a.{}b", ")".repeat(LOOK_AHEAD + 1));
        let cut: Vec<_> = pieces(&long).collect();
        assert_eq!(cut, [&long[..2 + LOOK_AHEAD], ")b"]);
        assert_eq!(pieces("").count(), 0);
    }

    #[test]
    fn hostile_runs_are_cut_into_spans() {
        for piece in [")", " ", ")\u{345}", ")\u{ff9e}", "\u{200d})"] {
            let text = format!("a.{}b", piece.repeat(200_000));
            let chars = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
            let total: usize = fragments(&text).iter().map(|text| chars(text)).sum();
            assert_eq!(total, chars(&text), "{piece:?}");
        }
    }
}
