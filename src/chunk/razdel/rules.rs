//! The rules of razdel's `sentenize`. Each one may only join what stands on both sides of
//! a delimiter, so a sentence ends where none of them does. They carry razdel's names.

use super::abbreviations::{fold, is_head, is_head_pair, is_initial, is_other, is_pair, is_tail};
use super::classes;
use super::scan::{
    Candidate, Delimiter, is_close_bracket, is_close_quote, is_delimiter, is_ending,
    is_generic_quote, smile,
};
use super::token::{self, Token};

/// Longest beginning of a sentence, in characters, that can be the number of a list item.
const BULLET_SIZE: usize = 20;

/// A delimiter with a token on both sides.
struct Split<'t> {
    delimiter: Delimiter,
    left: &'t str,
    right: &'t str,
    left_token: Token<'t>,
    right_token: Token<'t>,
    /// The sentence so far.
    buffer: &'t str,
}

/// Whether the sentence of `block` that begins at byte `start` goes on after `candidate`.
pub(super) fn joins(candidate: &Candidate<'_>, block: &str, start: usize) -> bool {
    // no_space_prefix. An empty right side is one of empty_side's, which joins as well.
    if !candidate.after().starts_with(classes::is_space) {
        return true;
    }
    let (left, right) = (candidate.left(), candidate.right());
    // empty_side
    let (Some(left_token), Some(right_token)) = (token::last(left), token::tokens(right).next())
    else {
        return true;
    };
    let split = Split {
        delimiter: candidate.delimiter,
        left,
        right,
        left_token,
        right_token,
        buffer: block.get(start..candidate.start).unwrap_or_default(),
    };
    split.lower_right()
        || split.delimiter_right()
        || split.sokr_left()
        || split.inside_pair_sokr()
        || split.initials_left()
        || split.list_item()
        || split.close_quote()
        || split.close_bracket()
        || split.dash_right()
}

impl Split<'_> {
    fn is_full_stop(&self) -> bool {
        self.delimiter == Delimiter::Mark('.')
    }

    /// A lower-case word follows.
    fn lower_right(&self) -> bool {
        is_lower_alpha(self.right_token)
    }

    /// Another delimiter follows. A generic quotation mark may open the next sentence.
    fn delimiter_right(&self) -> bool {
        match self.right_token.mark() {
            Some(c) if is_generic_quote(c) => false,
            Some(c) if is_delimiter(c) => true,
            _ => smile(self.right.trim_start_matches(classes::is_space)).is_some(),
        }
    }

    /// An abbreviation stands before the full stop: `ул. Ленина`, `т. е. Москва`. Those of
    /// the tail kind (`тыс.`, `г.`) also end sentences and need help from the right side.
    fn sokr_left(&self) -> bool {
        if !self.is_full_stop() {
            return false;
        }
        if let Some((a, b)) = left_pair(self.left) {
            if is_head_pair(a, b) {
                return true;
            }
            if is_pair(a, b) {
                // The pair decides: its second half is not looked up as a single word.
                return is_sokr(self.right_token);
            }
        }
        let word = self.left_token.text;
        is_head(word) || (is_tail(word) || is_other(word)) && is_sokr(self.right_token)
    }

    /// The full stop stands between the halves of an abbreviation: `мн. Ч.`.
    fn inside_pair_sokr(&self) -> bool {
        self.is_full_stop() && is_pair(self.left_token.text, self.right_token.text)
    }

    /// An initial stands before the full stop.
    fn initials_left(&self) -> bool {
        self.is_full_stop()
            && (matches!(self.left_token.single(), Some(c) if classes::of(c).is_upper())
                || is_initial(self.left_token.text))
    }

    /// The sentence so far is only the number of a list item: `1.`, `а)`, `IV.`, `§ 2.1)`.
    fn list_item(&self) -> bool {
        matches!(self.delimiter, Delimiter::Mark('.' | ')'))
            && self.buffer.chars().nth(BULLET_SIZE).is_none()
            && token::tokens(self.buffer).all(is_bullet)
    }

    /// A quotation ends inside the sentence, or a generic quotation mark opens one.
    fn close_quote(&self) -> bool {
        match self.delimiter {
            Delimiter::Mark(c) if is_close_quote(c) => self.close_bound(),
            Delimiter::Mark(c) if is_generic_quote(c) => {
                self.left.ends_with(classes::is_space) || self.close_bound()
            }
            _ => false,
        }
    }

    /// A bracket closes inside the sentence.
    fn close_bracket(&self) -> bool {
        matches!(self.delimiter, Delimiter::Mark(c) if is_close_bracket(c)) && self.close_bound()
    }

    /// What is closed does not end like a sentence.
    fn close_bound(&self) -> bool {
        !matches!(self.left_token.mark(), Some(c) if is_ending(c))
    }

    /// A dash and a lower-case word follow: direct speech goes on.
    fn dash_right(&self) -> bool {
        matches!(self.right_token.mark(), Some('‑' | '–' | '—' | '−' | '-'))
            && token::tokens(self.right)
                .find(|token| token.mark().is_none())
                .is_some_and(is_lower_alpha)
    }
}

fn is_lower_alpha(token: Token<'_>) -> bool {
    token.is_alpha() && token.is_lower()
}

/// Whether `token` may follow an abbreviation within a sentence: a number, punctuation or
/// a lower-case word.
fn is_sokr(token: Token<'_>) -> bool {
    !token.is_alpha() || token.is_lower()
}

/// Whether `token` may be a part of the number of a list item.
fn is_bullet(token: Token<'_>) -> bool {
    let is_roman = |c| matches!(c, 'I' | 'V' | 'X' | 'M' | 'L');
    let is_bullet_char = |c| {
        let folded = fold(c);
        matches!(folded, '.' | ')' | '§' | 'а'..='е' | 'a'..='f')
    };
    token.is_digit()
        || token.single().is_some_and(is_bullet_char)
        || token.text.chars().all(is_roman)
}

/// The two characters of `a.b` at the end of `left`, spaces aside.
fn left_pair(left: &str) -> Option<(&str, &str)> {
    let (rest, b) = pop_word_char(left)?;
    let rest = rest.trim_end_matches(classes::is_space).strip_suffix('.')?;
    let (_, a) = pop_word_char(rest)?;
    Some((a, b))
}

/// `text` without its last character, and that character, a `\w`; spaces after it go.
fn pop_word_char(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_end_matches(classes::is_space);
    let last = text.chars().next_back().filter(|&c| classes::is_word(c))?;
    text.split_at_checked(text.len() - last.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_single_characters_around_a_full_stop() {
        assert_eq!(left_pair("и т. д"), Some(("т", "д")));
        assert_eq!(left_pair("кот .\u{a0}д \n"), Some(("т", "д")));
        assert_eq!(left_pair("1._"), Some(("1", "_")));
        assert_eq!(left_pair("т. др"), None);
        assert_eq!(left_pair("т.. д"), None);
        assert_eq!(left_pair("т\u{301}. д"), None);
        assert_eq!(left_pair(".д"), None);
        assert_eq!(left_pair(""), None);
    }

    #[test]
    fn bullets() {
        let bullet = |text| token::tokens(text).all(is_bullet);
        for text in ["", "12", "²", "① 2.)", "§1", "А", "е", "F", "XIV", "MMXL"] {
            assert!(bullet(text), "{text:?}");
        }
        for text in ["ё", "g", "CD", "xiv", "аб", "½", "Ⅷ", "-", "*", "("] {
            assert!(!bullet(text), "{text:?}");
        }
    }
}
