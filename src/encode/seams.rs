//! Where a long text can be cut without changing its word pieces.

use std::collections::HashSet;

/// The places between two characters at which the text before and the text after give the same
/// pieces apart as together.
///
/// They lie before a space, and at punctuation, which a BERT pre-tokenizer isolates, where no added
/// token can reach across. Valid for `BertNormalizer` and `BertPreTokenizer`, and added tokens
/// without spaces.
#[derive(Debug, Clone, Default)]
pub(super) struct Seams {
    /// Punctuation that occurs in added tokens.
    used: HashSet<char>,
    /// Two characters in a row in added tokens.
    pairs: HashSet<(char, char)>,
}

impl Seams {
    /// `patterns` is what the added tokens are searched as.
    pub(super) fn new(patterns: &[String]) -> Self {
        let mut seams = Self::default();
        for pattern in patterns {
            seams.used.extend(pattern.chars());
            seams
                .pairs
                .extend(pattern.chars().zip(pattern.chars().skip(1)));
        }
        seams
    }

    /// The index of the last seam within the first `near` bytes, or else of the first one after
    /// them, or else the end of `text`; 0 only for an empty text.
    pub(super) fn cut(&self, text: &str, near: usize) -> usize {
        if text.len() <= near {
            return text.len();
        }
        let mut last = None;
        let following = text.char_indices().skip(1);
        for ((_, before), (at, after)) in text.char_indices().zip(following) {
            #[cfg(test)]
            crate::steps::add(1);
            if at > near && last.is_some() {
                break;
            }
            if self.is_seam(before, after) {
                last = Some(at);
            }
        }
        last.unwrap_or(text.len())
    }

    fn is_seam(&self, before: char, after: char) -> bool {
        if is_space(after) {
            return true;
        }
        if !is_isolated(after) {
            return false;
        }
        !self.used.contains(&after)
            || (is_isolated(before) && !self.pairs.contains(&(before, after)))
    }
}

/// Spaces that the normalizer keeps as such; it drops control characters.
fn is_space(c: char) -> bool {
    c.is_whitespace() && (!c.is_control() || matches!(c, '\t' | '\n' | '\r'))
}

/// Characters that are a word of their own and that no normalizer changes. The underscore counts as
/// part of a word where an added token must be a word of its own.
fn is_isolated(c: char) -> bool {
    c.is_ascii_punctuation() && c != '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str, near: usize) -> Vec<&str> {
        let seams = Seams::new(&["[SEP]", "Node.js", "<|x|>"].map(str::to_owned));
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (head, tail) = rest.split_at(seams.cut(rest, near));
            parts.push(head);
            rest = tail;
        }
        parts
    }

    #[test]
    fn cuts_before_spaces() {
        assert_eq!(parts("один два три", 16), ["один два", " три"]);
        assert_eq!(
            parts("раз\u{a0}два\u{85}три", 1),
            ["раз", "\u{a0}два\u{85}три"]
        );
    }

    #[test]
    fn without_a_seam_nearby_takes_the_next_one() {
        assert_eq!(parts("одинокий два", 3), ["одинокий", " два"]);
        assert_eq!(parts("слово", 3), ["слово"]);
    }

    #[test]
    fn cuts_at_punctuation_outside_added_tokens() {
        assert_eq!(
            parts("a,b[SEP][SEP]Node.js", 1),
            ["a", ",b[SEP]", "[SEP]Node.js"]
        );
        assert_eq!(parts("-<|x|>|<|", 1), ["-", "<|x|>", "|", "<|"]);
        assert_eq!(parts("....", 1), [".", ".", ".", "."]);
        assert_eq!(parts("a_b__c", 1), ["a_b__c"]);
    }
}
