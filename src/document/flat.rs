//! Where a text that lost its line breaks had them.
//!
//! Three signs are read: runs of spaces (in a text that is one single line), bullets or numbers
//! inside a line, and capitalised headings inside a line. Signs that are also common inside a
//! sentence (a dash, an arrow, a lone bullet between two words) count only in company.

use super::marker::marker_len;
use crate::space::is_space;

/// The offsets at which new lines begin inside `text`, ascending; `alone` if it is the whole source.
pub(super) fn cuts(text: &str, alone: bool) -> Vec<usize> {
    let mut cuts = Vec::new();
    if alone {
        cuts.extend(space_runs(text));
    }
    cuts.extend(bullets(text, alone));
    cuts.extend(numbers(text));
    cuts.extend(headings(text, alone));
    let start = text.len() - text.trim_start_matches(is_space).len();
    cuts.retain(|&cut| cut > start);
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// Ends of runs with two or more spaces. A run with a line break in it is layout of the source.
fn space_runs(text: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut spaces = 0;
    let mut broken = false;
    for (at, character) in text.char_indices() {
        #[cfg(test)]
        crate::steps::add(1);
        if is_space(character) {
            spaces += usize::from(matches!(character, ' ' | '\t'));
            broken |= matches!(character, '\n' | '\r');
            continue;
        }
        if spaces >= 2 && !broken {
            ends.push(at);
        }
        (spaces, broken) = (0, false);
    }
    ends
}

/// A bullet inside a line that may begin an item.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    at: usize,
    bullet: char,
    /// The text in front of it is complete.
    after_end: bool,
}

fn bullets(text: &str, alone: bool) -> Vec<usize> {
    let start = text.len() - text.trim_start_matches(is_space).len();
    let start = start + marker_len(text.trim_matches(is_space));
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut leading = None;
    // The last character that is not white space, and whether white space follows it.
    let mut before: Option<char> = None;
    let mut spaced = true;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        #[cfg(test)]
        crate::steps::add(1);
        if is_space(character) {
            spaced = true;
            continue;
        }
        let Some(last) = before else {
            leading = Some(character);
            before = Some(character);
            spaced = false;
            continue;
        };
        let next = characters.peek().map(|&(_, next)| next);
        let ended = matches!(last, ':' | ';' | '.' | '!' | '?' | '…');
        if at >= start
            && (spaced || ended)
            && (is_list_bullet(character) || is_dash(character) && next.is_some_and(is_space))
            && is_item_text(text.get(at + character.len_utf8()..).unwrap_or_default())
        {
            candidates.push(Candidate {
                at,
                bullet: character,
                after_end: ended && !(is_dash(character) && last == '.'),
            });
        }
        before = Some(character);
        spaced = false;
    }
    let counts = |bullet: char| {
        #[cfg(test)]
        crate::steps::add(candidates.len());
        let same = candidates.iter().filter(|other| other.bullet == bullet);
        let (all, after_end) = same.fold((0, 0), |(all, after_end), other| {
            (all + 1, after_end + usize::from(other.after_end))
        });
        (all, after_end, leading == Some(bullet))
    };
    let mut known: Vec<(char, (usize, usize, bool))> = Vec::new();
    let mut cuts = Vec::new();
    for candidate in &candidates {
        let bullet = candidate.bullet;
        let found = known.iter().find(|(known, _)| *known == bullet);
        let (all, after_end, leading) = match found {
            Some(&(_, counts)) => counts,
            None => {
                let counts = counts(bullet);
                known.push((bullet, counts));
                counts
            }
        };
        let cut = if is_dash(bullet) {
            // Dashes also stand between words: only those after an end count.
            candidate.after_end && after_end + usize::from(leading) >= 2
        } else {
            leading || after_end > 0 || alone && all >= 2
        };
        if cut {
            cuts.push(candidate.at);
        }
    }
    cuts
}

/// Bullets that hardly ever stand inside a sentence.
fn is_list_bullet(character: char) -> bool {
    matches!(
        character,
        '•' | '●'
            | '▪'
            | '▫'
            | '■'
            | '□'
            | '◦'
            | '○'
            | '◆'
            | '◇'
            | '‣'
            | '⁃'
            | '∙'
            | '►'
            | '▶'
            | '▸'
            | '➢'
            | '➤'
            | '➜'
            | '✓'
            | '✔'
            | '✅'
            | '☑'
            | '✦'
            | '🔹'
            | '🔸'
            | '🔷'
            | '🔶'
            | '👉'
            | '📌'
            | '\u{F0B7}'
            | '\u{F0A7}'
    )
}

fn is_dash(character: char) -> bool {
    matches!(character, '-' | '–' | '—')
}

/// Whether what follows a bullet reads like an item.
fn is_item_text(rest: &str) -> bool {
    #[cfg(test)]
    let length = rest.len();
    let rest = rest.trim_start_matches(|c| is_space(c) || matches!(c, '\u{FE0E}' | '\u{FE0F}'));
    #[cfg(test)]
    crate::steps::add(length - rest.len());
    rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '«' | '"' | '“' | '(' | '<'))
}

/// Items numbered "1)" or "1." from one on; at least two.
fn numbers(text: &str) -> Vec<usize> {
    let mut cuts = Vec::new();
    let mut expected = 1_u32;
    let mut previous = ' ';
    let mut skip_to = 0;
    for (at, character) in text.char_indices() {
        #[cfg(test)]
        crate::steps::add(1);
        let begins = character.is_ascii_digit()
            && at >= skip_to
            && (is_space(previous) || matches!(previous, ';' | ':'));
        previous = character;
        if !begins {
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        skip_to = at + digits;
        #[cfg(test)]
        crate::steps::add(digits);
        let number = rest
            .get(..digits.min(3))
            .and_then(|d| d.parse::<u32>().ok());
        let mut after = rest.get(digits..).unwrap_or_default().chars();
        let marked = matches!(after.next(), Some(')' | '.'));
        let text_follows = after
            .inspect(|_| {
                #[cfg(test)]
                crate::steps::add(1);
            })
            .find(|&c| !is_space(c))
            .is_some_and(char::is_alphabetic);
        if marked && text_follows && number == Some(expected) {
            cuts.push(at);
            expected += 1;
        }
    }
    if cuts.len() < 2 {
        cuts.clear();
    }
    cuts
}

/// First words of the headings that announce a section; what follows up to the colon is free.
const HEADINGS: [&str; 24] = [
    "Обязанности",
    "Основные обязанности",
    "Основные задачи",
    "Ваши задачи",
    "Твои задачи",
    "Задачи",
    "Чем предстоит заниматься",
    "Что предстоит делать",
    "Что нужно делать",
    "Требования",
    "Основные требования",
    "Наши требования",
    "Мы ожидаем",
    "Мы ждем",
    "Мы ждём",
    "Наши ожидания",
    "Что мы ждем",
    "Что мы ждём",
    "Будет плюсом",
    "Условия",
    "Что мы предлагаем",
    "Мы предлагаем",
    "О компании",
    "О нас",
];

/// Most characters between the first words of a heading and its colon.
const HEADING_TAIL: usize = 40;

/// Starts of headings inside the text. After a full stop they begin a line in any text; after a word
/// only in a text that is a single line, if enough stands in front of it.
fn headings(text: &str, alone: bool) -> Vec<usize> {
    let mut cuts = Vec::new();
    let mut line = 0;
    for (colon, _) in text.match_indices(':') {
        let segment = text.get(line..colon).unwrap_or_default();
        if let Some(at) = last_heading(segment) {
            let front = segment.get(..at).unwrap_or_default();
            if ends_sentence(front) || alone && ends_line(front) {
                cuts.push(line + at);
            }
        }
        line = colon + 1;
    }
    cuts
}

fn ends_sentence(front: &str) -> bool {
    front
        .trim_end_matches(is_space)
        .ends_with(['.', '!', '?', ';', '…'])
}

/// Whether a line may end here though no full stop says so: enough stands on it, and its last word
/// is not one that joins ("В Ваши задачи входит:").
fn ends_line(front: &str) -> bool {
    #[cfg(test)]
    crate::steps::add(front.len());
    let line = front.rsplit("  ").find(|part| !part.is_empty());
    let line = line.unwrap_or_default().trim_matches(is_space);
    let word = line.rsplit(is_space).next().unwrap_or_default();
    let joins = word.chars().count() <= 2 && word.chars().all(char::is_alphabetic);
    !joins
        && line.chars().count() >= 30
        && line.ends_with(|c: char| c.is_alphanumeric() || matches!(c, ')' | '»' | '+'))
}

/// Where the heading that ends this text begins.
fn last_heading(segment: &str) -> Option<usize> {
    let longest = HEADINGS
        .iter()
        .map(|h| h.chars().count())
        .max()
        .unwrap_or(0);
    let mut at = segment.len();
    let mut found = None;
    for (tail, (start, character)) in segment.char_indices().rev().enumerate() {
        #[cfg(test)]
        crate::steps::add(1);
        let ends = matches!(character, '.' | '!' | '?' | ';' | ',' | '…');
        if (ends || is_space(character))
            && let Some(rest) = segment.get(at..)
            && HEADINGS
                .iter()
                .any(|heading| begins_with_words(rest, heading))
        {
            found = Some(at);
        }
        if ends || tail > HEADING_TAIL + longest {
            break;
        }
        at = start;
    }
    found
}

/// Whether `text` begins with these words and they end there.
fn begins_with_words(text: &str, words: &str) -> bool {
    text.strip_prefix(words)
        .is_some_and(|rest| !rest.starts_with(char::is_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The parts of a text that is the whole source.
    fn alone(text: &str) -> Vec<&str> {
        parts(text, true)
    }

    /// The parts of one line among others.
    fn among(text: &str) -> Vec<&str> {
        parts(text, false)
    }

    fn parts(text: &str, alone: bool) -> Vec<&str> {
        let mut parts = Vec::new();
        let mut rest = text;
        for cut in cuts(text, alone).into_iter().rev() {
            let (front, part) = rest.split_at(cut);
            parts.push(part.trim());
            rest = front;
        }
        parts.push(rest.trim());
        parts.reverse();
        parts
    }

    #[test]
    fn runs_of_spaces_cut_a_text_of_one_line_only() {
        let text = "Печём хлеб.  Платим:   оклад; премия \t питание";
        assert_eq!(
            alone(text),
            ["Печём хлеб.", "Платим:", "оклад; премия", "питание"]
        );
        assert_eq!(among(text), [text]);
        assert_eq!(alone("a \u{a0}b \n  c"), ["a \u{a0}b \n  c"]);
    }

    #[test]
    fn bullets_that_continue_a_list_begin_lines() {
        let text = "Условия: • оклад • обеды (суп и хлеб) •дорога";
        let items = ["Условия:", "• оклад", "• обеды (суп и хлеб)", "•дорога"];
        assert_eq!(among(text), items);
        assert_eq!(among("✅ ДМС ✅ обеды"), ["✅ ДМС", "✅ обеды"]);
        assert_eq!(among("Нужно: ✔️ Go;✔️ SQL"), ["Нужно:", "✔️ Go;", "✔️ SQL"]);
        assert_eq!(alone("Нужны ▪ Go ▪ SQL"), ["Нужны", "▪ Go", "▪ SQL"]);
    }

    #[test]
    fn bullets_between_words_stay() {
        for text in [
            "Go • SQL • Docker",
            "Москва • гибрид",
            "• • оклад",
            "•••",
            "•",
        ] {
            assert_eq!(among(text), [text]);
        }
        assert_eq!(alone("Москва • гибрид"), ["Москва • гибрид"]);
    }

    #[test]
    fn dashes_begin_lines_after_an_end_and_not_alone() {
        assert_eq!(
            among("Что нужно: — печь хлеб;— считать муку"),
            ["Что нужно:", "— печь хлеб;", "— считать муку"]
        );
        assert_eq!(
            among("- печь хлеб; - считать муку"),
            ["- печь хлеб;", "- считать муку"]
        );
        for text in [
            "Пекарня — это мы: - и вы",
            "пн. - пт., сб. - вс.",
            "- печь хлеб - и булки",
            "с 9:00 - 18:00; 5:00-14:00",
        ] {
            assert_eq!(among(text), [text]);
        }
    }

    #[test]
    fn numbers_in_order_begin_lines() {
        assert_eq!(
            among("Задачи: 1. печь хлеб 2. считать муку 3) спать"),
            ["Задачи:", "1. печь хлеб", "2. считать муку", "3) спать"]
        );
        for text in [
            "Этап 1. Звонок",
            "от 2. до 3. лет",
            "1. 5 лет 2. 6 лет",
            "в 1 и 2) смены",
        ] {
            assert_eq!(among(text), [text]);
        }
    }

    #[test]
    fn headings_begin_lines() {
        assert_eq!(
            among("Печём хлеб. Обязанности: печь хлеб.Требования к пекарю: руки"),
            [
                "Печём хлеб.",
                "Обязанности: печь хлеб.",
                "Требования к пекарю: руки"
            ]
        );
        let text = "Ищем пекаря в большую дружную пекарню Обязанности: печь";
        assert_eq!(
            alone(text),
            ["Ищем пекаря в большую дружную пекарню", "Обязанности: печь"]
        );
        assert_eq!(among(text), [text]);
        for text in [
            "Требования: руки",
            "Ищем пекаря Обязанности: печь",
            "Сразу договоримся о том, что входит в Ваши задачи: печь",
            "Работа большая и очень разная, требования: руки",
            "Печём. Обязанноститься: нет",
        ] {
            assert_eq!(alone(text), [text]);
        }
    }

    proptest! {
        #[test]
        fn cuts_are_inside_the_text(
            pieces in prop::collection::vec(prop::sample::select(vec![
                " ", "  ", "\u{a0}", "\n", ":", ";", ".", "• ", "•", "✔️", "- ", "— ", "1. ", "2) ", "хлеб", "Go",
                "Требования", "Мы ждем", "О нас", "🙂", "\u{200b}",
            ]), 0..40),
            alone in any::<bool>(),
        ) {
            let text = pieces.concat();
            let mut last = 0;
            for cut in cuts(&text, alone) {
                prop_assert!(cut > last && cut < text.len() && text.is_char_boundary(cut));
                last = cut;
            }
        }
    }
}
