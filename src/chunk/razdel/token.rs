//! Tokens: `[^\W\d]+`, `\d+`, or one character of `[^\w\s]`.

use super::classes::{self, Kind};

/// A token; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) text: &'t str,
    pub(super) kind: Kind,
}

impl Token<'_> {
    /// The character of a token that consists of one.
    pub(super) fn single(self) -> Option<char> {
        let mut chars = self.text.chars();
        let first = chars.next()?;
        chars.next().is_none().then_some(first)
    }

    /// The character of a punctuation token.
    pub(super) fn mark(self) -> Option<char> {
        match self.kind {
            Kind::Mark => self.single(),
            _ => None,
        }
    }

    /// `str.isalpha`.
    pub(super) fn is_alpha(self) -> bool {
        self.text.chars().all(|c| classes::of(c).is_alpha())
    }

    /// `str.isdigit`.
    pub(super) fn is_digit(self) -> bool {
        self.text.chars().all(|c| classes::of(c).is_digit())
    }

    /// `str.islower`: at least one lower-case character, none of upper or title case.
    pub(super) fn is_lower(self) -> bool {
        let mut lower = false;
        for c in self.text.chars() {
            let class = classes::of(c);
            if class.is_upper_or_title() {
                return false;
            }
            lower |= class.is_lower();
        }
        lower
    }
}

/// The tokens of `text` from left to right.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(classes::is_space);
        let first = rest.chars().next()?;
        let kind = classes::of(first).kind();
        let tail = match kind {
            Kind::Mark => rest.get(first.len_utf8()..)?,
            _ => rest.trim_start_matches(|c| classes::of(c).kind() == kind),
        };
        let text = rest.get(..rest.len() - tail.len())?;
        rest = tail;
        Some(Token { text, kind })
    })
}

/// The last token of `text`.
pub(super) fn last(text: &str) -> Option<Token<'_>> {
    let text = text.trim_end_matches(classes::is_space);
    let last = text.chars().next_back()?;
    let kind = classes::of(last).kind();
    let start = match kind {
        Kind::Mark => text.len() - last.len_utf8(),
        _ => text
            .trim_end_matches(|c| classes::of(c).kind() == kind)
            .len(),
    };
    text.get(start..).map(|text| Token { text, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_runs_of_letters_runs_of_digits_and_single_marks() {
        let text: Vec<_> = tokens(" ab_²12 ..\u{301}в\u{1d}").map(|t| t.text).collect();
        assert_eq!(text, ["ab_²", "12", ".", ".", "\u{301}", "в"]);
    }

    #[test]
    fn last_is_the_last_of_tokens() {
        for text in [
            "",
            " \n",
            "a",
            "a1",
            "1a ",
            "a. ",
            "..",
            "и\u{306} ",
            "½2\u{a0}",
        ] {
            assert_eq!(last(text), tokens(text).last(), "{text:?}");
        }
    }

    #[test]
    fn case_of_longer_tokens_follows_python() {
        let token = |text| tokens(text).next().unwrap();
        assert!(token("слово").is_lower());
        assert!(token("а²").is_lower() && !token("а²").is_alpha());
        assert!(!token("словО").is_lower());
        assert!(!token("аǅ").is_lower());
        assert!(!token("漢字").is_lower() && token("漢字").is_alpha());
        assert!(token("漢a").is_lower());
        assert!(token("²³").is_digit() && !token("½").is_digit());
    }
}
