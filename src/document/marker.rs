//! Bullets and numbers in front of a list item.

use crate::space::is_space;

/// Length in bytes of the bullet or number that `line` starts with, white space after it included;
/// 0 if there is none, or if nothing but the marker stands on the line.
///
/// `line` has no white space in front.
pub(crate) fn marker_len(line: &str) -> usize {
    let marker = match bullet_len(line) {
        0 => number_len(line),
        len => len,
    };
    let rest = line.get(marker..).unwrap_or_default();
    let text = rest.trim_start_matches(is_passed_over);
    if text.is_empty() {
        return 0;
    }
    line.len() - text.len()
}

/// A run of bullets: "•", "- ", "—", "✅", "➡\u{fe0f}", "**".
fn bullet_len(line: &str) -> usize {
    let rest = line.trim_start_matches(|c| is_bullet(c) || is_passed_over(c));
    let run = line.len() - rest.len();
    let Some(first) = line.chars().next() else {
        return 0;
    };
    if !is_bullet(first) {
        return 0;
    }
    let bullets = line.get(..run).unwrap_or_default();
    // A sign that belongs to what follows: "+7 …", "-5 °C", "–20 %".
    let signed = bullets.chars().count() == 1 && rest.starts_with(|c: char| c.is_ascii_digit());
    if signed && matches!(first, '+' | '-' | '–' | '−') {
        return 0;
    }
    run
}

/// "1)", "12.", "1.2.", "а)", "b." in front of a letter, an opening quote or bracket, or white space.
fn number_len(line: &str) -> usize {
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let counted = line.len() - digits.len();
    let head = line.get(..counted).unwrap_or_default();
    let numbered = (1..=5).contains(&counted)
        && head.starts_with(|c: char| c.is_ascii_digit())
        && !head.contains("..")
        && head.split('.').all(|part| part.len() <= 2);
    if numbered && let Some(rest) = digits.strip_prefix(')') {
        return line.len() - rest.len();
    }
    // "1.С" could be a version; a dot counts as a marker only with white space behind it.
    if numbered && head.ends_with('.') && digits.starts_with(is_space) {
        return counted;
    }
    let mut characters = line.chars();
    let lettered = characters.next().is_some_and(char::is_lowercase)
        && characters.next() == Some(')')
        && characters.next().is_some_and(is_space);
    if lettered {
        return line.find(')').map_or(0, |at| at + 1);
    }
    0
}

fn is_bullet(c: char) -> bool {
    matches!(c,
        '-' | '*' | '+' | '~' | '–' | '—' | '−' | '‐' | '‑' | '―' | '•' | '‣' | '⁃' | '∙' | '·' | '⋅' | '●'
        | '○' | '◦' | '■' | '□' | '▪' | '▫' | '◆' | '◇' | '◊' | '★' | '☆' | '►' | '▶' | '▸' | '▹' | '➢' | '➤'
        | '»' | '›' | '\u{F0B7}' | '\u{F0A7}')
        // Arrows, geometric shapes, miscellaneous symbols, dingbats and the emoji planes.
        || ('\u{2190}'..='\u{21FF}').contains(&c)
        || ('\u{25A0}'..='\u{27BF}').contains(&c)
        || ('\u{2900}'..='\u{297F}').contains(&c)
        || ('\u{2B00}'..='\u{2BFF}').contains(&c)
        || ('\u{1F300}'..='\u{1FAFF}').contains(&c)
}

/// White space, zero-width characters, variation selectors and joiners inside a bullet.
fn is_passed_over(c: char) -> bool {
    is_space(c)
        || matches!(
            c,
            '\u{200B}'
                | '\u{200D}'
                | '\u{2060}'
                | '\u{FE0E}'
                | '\u{FE0F}'
                | '\u{FEFF}'
                | '\u{20E3}'
        )
}

#[cfg(test)]
mod tests {
    use super::marker_len;

    #[track_caller]
    fn assert_text(line: &str, expected: &str) {
        assert_eq!(&line[marker_len(line)..], expected);
    }

    #[test]
    fn bullets_are_stripped() {
        assert_text("• Опыт", "Опыт");
        assert_text("-Опыт", "Опыт");
        assert_text("— Опыт", "Опыт");
        assert_text("✅ ДМС", "ДМС");
        assert_text("➡\u{fe0f} ДМС", "ДМС");
        assert_text("•\u{a0}\u{a0}ДМС", "ДМС");
        assert_text("- - ДМС", "ДМС");
        assert_text("👨\u{200d}💻 Код", "Код");
        assert_text("** Опыт", "Опыт");
    }

    #[test]
    fn numbers_are_stripped() {
        assert_text("1) Опыт", "Опыт");
        assert_text("1)Опыт", "Опыт");
        assert_text("12. Опыт", "Опыт");
        assert_text("1.2. Опыт", "Опыт");
        assert_text("а) Опыт", "Опыт");
    }

    #[test]
    fn content_is_kept() {
        for line in [
            "1С:Предприятие",
            "5/2 с 9 до 18",
            "3 года опыта",
            "1.5 ставки",
            "2024.05.01 старт",
            "+7 900 000-00-00",
            "-5 °C на складе",
            "C) не список",
            "«Ромашка» ищет",
            "#работа",
            "(удалённо)",
            "100. Много",
            "",
        ] {
            assert_text(line, line);
        }
    }

    #[test]
    fn a_line_of_markers_alone_is_kept() {
        for line in ["---", "•", "1)", "🙂🙂", "* * *"] {
            assert_text(line, line);
        }
    }
}
