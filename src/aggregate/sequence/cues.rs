//! What can be seen of one fragment without a model.

use super::words::bucket;
use crate::aggregate::ScoredFragment;
use crate::document::{BlockKind, marker_len};

/// Longest line, in words, that may pass for a heading.
const HEADING_WORDS: usize = 8;
/// Longest line, in words, that may pass for one by its length alone.
const SHORT_HEADING_WORDS: usize = 4;
/// Longest beginning before a colon, in words, that may announce what stands behind it.
const INLINE_WORDS: usize = 5;
/// Fewest digits of a telephone number.
const PHONE_DIGITS: usize = 10;

/// How a fragment ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Word,
    Stop,
    Exclamation,
    Question,
    Comma,
    Colon,
    Other,
}

/// How a fragment begins, its bullet or number aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    Lower,
    Upper,
    Digit,
    Other,
}

/// Signs of one fragment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cues {
    pub(super) words: usize,
    /// A few words, a colon and something behind it: "Требования: опыт от 3 лет".
    pub(super) inline: bool,
    pub(super) ending: Ending,
    pub(super) opening: Opening,
    /// A list item by its kind or by a bullet in front.
    pub(super) list: bool,
    /// Set off by markup, or by `**` around it.
    pub(super) emphasis: bool,
    pub(super) heading_kind: bool,
    pub(super) letters: bool,
    pub(super) digits: bool,
    pub(super) capitals: bool,
    pub(super) latin: bool,
    pub(super) emoji: bool,
    pub(super) address: bool,
    pub(super) phone: bool,
    pub(super) tag: bool,
    /// Looks like a line that announces what follows.
    pub(super) announces: bool,
}

impl Cues {
    /// The signs of a fragment; `alone` when it is the whole of its block, `first` when it begins it.
    /// The buckets of its words are added to `buckets`.
    pub(super) fn new(
        fragment: &ScoredFragment<'_>,
        first: bool,
        alone: bool,
        buckets: &mut Vec<usize>,
    ) -> Self {
        #[cfg(test)]
        crate::steps::add(fragment.text.len());
        let text = fragment.text.trim();
        let marker = if first { marker_len(text) } else { 0 };
        let marked = text.get(..marker).is_some_and(|m| !m.trim().is_empty());
        let body = text.get(marker..).unwrap_or(text);
        // Two asterisks in front are emphasis that was written in Markdown, not a bullet.
        let starred = text.starts_with("**") || text.starts_with("__");
        let body = body.trim_matches(|c: char| matches!(c, '*' | '_') || c.is_whitespace());
        let starred = starred && (text.ends_with("**") || text.ends_with("__"));

        let spelling = Spelling::new(body, |word| buckets.push(bucket(word)));
        let ending = ending(body);
        let emphasis = alone && (fragment.emphasis || starred);
        let heading_kind = fragment.kind == BlockKind::Heading;
        let short = (1..=HEADING_WORDS).contains(&spelling.words);
        let inline = is_inline(body);
        let announces = alone
            && short
            && !inline
            && (ending == Ending::Colon
                || emphasis
                || heading_kind
                || (spelling.words <= SHORT_HEADING_WORDS
                    && matches!(ending, Ending::Word | Ending::Question)));
        Self {
            words: spelling.words,
            inline,
            ending,
            opening: opening(body),
            list: fragment.kind == BlockKind::ListItem || (marked && !starred),
            emphasis,
            heading_kind,
            letters: spelling.letters > 0,
            digits: spelling.digits > 0,
            capitals: spelling.letters >= 4 && spelling.capitals == spelling.letters,
            latin: spelling.letters > 0 && 2 * spelling.latin > spelling.letters,
            emoji: has_emoji(body),
            address: has_address(body),
            phone: (spelling.digits >= PHONE_DIGITS && has_phone(body))
                || has_mask(body, "<PHONE>"),
            tag: has_tag(body) || has_mask(body, "<HANDLE>"),
            announces,
        }
    }
}

/// The small letter of one of А..Я.
fn small(capital: char) -> char {
    char::from_u32(u32::from(capital) + 0x20).unwrap_or(capital)
}

/// Counts over the words of a text.
#[derive(Default)]
struct Spelling {
    words: usize,
    letters: usize,
    capitals: usize,
    latin: usize,
    digits: usize,
}

impl Spelling {
    /// Counts, and hands over each word in lower case with `е` for `ё`.
    fn new(text: &str, mut sink: impl FnMut(&str)) -> Self {
        let mut spelling = Self::default();
        let mut word = String::new();
        for character in text.chars() {
            match character {
                // What nearly every text is made of; the last arm says the same, slowly.
                'а'..='я' => {
                    spelling.letters += 1;
                    word.push(character);
                }
                'А'..='Я' => {
                    spelling.letters += 1;
                    spelling.capitals += 1;
                    word.push(small(character));
                }
                '\0'..='\x7F' if !character.is_ascii_alphanumeric() => {
                    spelling.close(&mut word, &mut sink)
                }
                _ if character.is_alphanumeric() => {
                    spelling.letters += usize::from(character.is_alphabetic());
                    spelling.capitals += usize::from(character.is_uppercase());
                    spelling.latin += usize::from(character.is_ascii_alphabetic());
                    spelling.digits += usize::from(character.is_ascii_digit());
                    for lower in character.to_lowercase() {
                        word.push(if lower == 'ё' { 'е' } else { lower });
                    }
                }
                _ => spelling.close(&mut word, &mut sink),
            }
        }
        spelling.close(&mut word, &mut sink);
        spelling
    }

    fn close(&mut self, word: &mut String, sink: &mut impl FnMut(&str)) {
        if !word.is_empty() {
            self.words += 1;
            sink(word);
            word.clear();
        }
    }
}

fn ending(text: &str) -> Ending {
    let last = text
        .chars()
        .rev()
        .find(|c| !matches!(c, '*' | '_' | '"' | '»' | ')' | '\u{FE0F}') && !c.is_whitespace());
    match last {
        Some(':' | '：') => Ending::Colon,
        Some('.' | '…') => Ending::Stop,
        Some('!') => Ending::Exclamation,
        Some('?') => Ending::Question,
        Some(',' | ';') => Ending::Comma,
        Some(c) if c.is_alphanumeric() => Ending::Word,
        _ => Ending::Other,
    }
}

fn opening(text: &str) -> Opening {
    match text.chars().find(|c| !matches!(c, '"' | '«' | '(')) {
        Some(c) if c.is_lowercase() => Opening::Lower,
        Some(c) if c.is_uppercase() => Opening::Upper,
        Some(c) if c.is_ascii_digit() => Opening::Digit,
        _ => Opening::Other,
    }
}

/// Whether a few words and a colon stand before the rest.
fn is_inline(text: &str) -> bool {
    let Some((head, tail)) = text.split_once(':') else {
        return false;
    };
    // Far enough for five long words.
    head.chars().count() < 80
        && head.split_whitespace().count() <= INLINE_WORDS
        && tail.chars().any(char::is_alphanumeric)
}

fn has_emoji(text: &str) -> bool {
    let is_emoji = |c| matches!(c, '\u{1F300}'..='\u{1FAFF}' | '\u{2600}'..='\u{27BF}');
    // The first byte of the emoji, and of some other characters, but of no Cyrillic letter.
    text.bytes().any(|byte| byte >= 0xE2) && text.chars().any(is_emoji)
}

/// Whether `mask`, which begins with `<`, stands in the text for something that was taken out.
fn has_mask(text: &str, mask: &str) -> bool {
    text.contains('<') && text.contains(mask)
}

/// A web or e-mail address, or the mask of one.
fn has_address(text: &str) -> bool {
    let is_mail = |word: &str| {
        let inner = word.trim_matches(|c: char| !c.is_alphanumeric());
        inner
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
    };
    has_mask(text, "<EMAIL>")
        || text.contains("://")
        || text.contains("www.")
        || text.contains("t.me")
        || (text.contains('@') && text.split_whitespace().any(is_mail))
}

/// Ten digits or more with nothing but the signs of a telephone number between them.
fn has_phone(text: &str) -> bool {
    let mut digits = 0;
    for character in text.chars() {
        if character.is_ascii_digit() {
            digits += 1;
            if digits >= PHONE_DIGITS {
                return true;
            }
        } else if !matches!(character, '+' | '(' | ')' | '-' | '–' | ' ' | '\u{A0}') {
            digits = 0;
        }
    }
    false
}

/// `#тег` or `@name`.
fn has_tag(text: &str) -> bool {
    let is_tag = |word: &str| {
        let mut characters = word.chars();
        matches!(characters.next(), Some('#' | '@'))
            && characters.next().is_some_and(char::is_alphabetic)
    };
    text.contains(['#', '@']) && text.split_whitespace().any(is_tag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prediction::Probabilities;

    fn cues(text: &str) -> Cues {
        let even = Probabilities::from_weights([1.0; 5]).unwrap();
        Cues::new(
            &ScoredFragment::new(0, text, even),
            true,
            true,
            &mut Vec::new(),
        )
    }

    #[test]
    fn lines_that_announce() {
        for text in [
            "Обязанности:",
            "**Что мы предлагаем**",
            "Условия",
            "🔥 Наши плюшки:",
            "Кого мы ищем?",
        ] {
            assert!(cues(text).announces, "{text}");
        }
        for text in [
            "Опыт работы от 3 лет.",
            "Знание SQL и опыт с ClickHouse",
            "Требования: опыт",
            "",
            "---",
        ] {
            assert!(!cues(text).announces, "{text}");
        }
    }

    #[test]
    fn the_bullet_is_no_part_of_the_text() {
        let cues = cues("•\u{a0}Опыт от 3 лет;");
        assert!(cues.list);
        assert_eq!(
            (cues.words, cues.opening, cues.ending),
            (4, Opening::Upper, Ending::Comma)
        );
        assert!(
            !super::Cues::new(
                &ScoredFragment::new(
                    0,
                    "**Условия:**",
                    Probabilities::from_weights([1.0; 5]).unwrap()
                ),
                true,
                true,
                &mut Vec::new()
            )
            .list
        );
    }

    #[test]
    fn inline_headings_need_something_behind_the_colon() {
        assert!(cues("Требования: опыт от 3 лет").inline);
        for text in [
            "Требования:",
            "Опыт",
            "Мы предлагаем вам всё и ещё немного сверху: опыт",
        ] {
            assert!(!cues(text).inline, "{text}");
        }
    }

    #[test]
    fn contacts_are_seen() {
        for text in [
            "job@example.com",
            "на https://example.com/x",
            "www.example.com",
            "<EMAIL>",
            "t.me/x",
        ] {
            assert!(cues(text).address, "{text}");
        }
        for text in ["+7 (900) 000-00-00", "89000000000", "<PHONE>"] {
            assert!(cues(text).phone, "{text}");
        }
        for text in ["#работа", "пишите @name", "<HANDLE>"] {
            assert!(cues(text).tag, "{text}");
        }
        for text in [
            "от 100 000 до 200 000",
            "C# и .NET",
            "а @ б",
            "5/2 с 9:00 до 18:00",
        ] {
            let cues = cues(text);
            assert!(!cues.address && !cues.tag, "{text}");
        }
        assert!(!cues("2020, 2021, 2022 и 2023").phone);
    }
}
