//! Showing what a file says in an error message.

use std::fmt::Write as _;

/// Characters of a name that a message repeats.
const SHOWN_CHARS: usize = 64;

/// Dimensions of a shape that a message repeats.
const SHOWN_DIMENSIONS: usize = 8;

/// Quotes a text of the package: escaped, and cut when it is long, so that a message stays a line.
pub(super) fn text(text: &str) -> String {
    let mut chars = text.chars();
    let mut shown = String::new();
    for c in chars.by_ref().take(SHOWN_CHARS) {
        match c {
            '"' | '\'' => shown.push(c),
            _ => shown.extend(c.escape_debug()),
        }
    }
    if chars.next().is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// Shows a shape, such as `[1, 128]`.
pub(super) fn shape(shape: &[i64]) -> String {
    if shape.is_empty() {
        return "no shape".to_owned();
    }
    let mut shown = String::from("[");
    for (axis, size) in shape.iter().take(SHOWN_DIMENSIONS).enumerate() {
        let separator = if axis == 0 { "" } else { ", " };
        // Writing to a `String` cannot fail.
        let _ = write!(shown, "{separator}{size}");
    }
    if shape.len() > SHOWN_DIMENSIONS {
        shown.push_str(", …");
    }
    shown.push(']');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_unprintable_texts_stay_one_short_line() {
        assert_eq!(text("logits"), "`logits`");
        assert_eq!(text("a\n\u{202e}\"b'"), "`a\\n\\u{202e}\"b'`");
        let long = text(&"ю".repeat(1000));
        assert_eq!(long.chars().count(), SHOWN_CHARS + 3);
    }

    #[test]
    fn shapes_read_like_arrays() {
        assert_eq!(shape(&[1, 128]), "[1, 128]");
        assert_eq!(shape(&[]), "no shape");
        assert_eq!(shape(&[7; 100]), "[7, 7, 7, 7, 7, 7, 7, 7, …]");
    }
}
