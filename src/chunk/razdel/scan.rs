//! Finds the places where a sentence may end, with the text around them.

/// How many characters the rules see on either side of a delimiter.
pub(super) const WINDOW: usize = 10;

/// `.`, `?`, `!` and the ellipsis.
pub(super) fn is_ending(c: char) -> bool {
    matches!(c, '.' | '?' | '!' | '…')
}

/// Quotation marks that only close.
pub(super) fn is_close_quote(c: char) -> bool {
    matches!(c, '»' | '”' | '’')
}

/// Quotation marks that open as well as close.
pub(super) fn is_generic_quote(c: char) -> bool {
    matches!(c, '"' | '„' | '\'')
}

pub(super) fn is_close_bracket(c: char) -> bool {
    matches!(c, ')' | ']' | '}')
}

/// Characters that may end a sentence: opening quotation marks and brackets do not.
pub(super) fn is_delimiter(c: char) -> bool {
    c == ';' || is_ending(c) || is_generic_quote(c) || is_close_quote(c) || is_close_bracket(c)
}

/// The smile at the start of `text`, `[=:;]-?[)(]{1,3}`: its length in characters, which
/// are all ASCII.
pub(super) fn smile(text: &str) -> Option<usize> {
    let tail = text.strip_prefix(['=', ':', ';'])?;
    let mouth = tail.strip_prefix('-').unwrap_or(tail);
    let brackets = mouth.bytes().take(3);
    let brackets = brackets.take_while(|b| matches!(b, b'(' | b')')).count();
    (brackets > 0).then(|| text.len() - mouth.len() + brackets)
}

/// A place in a text, in bytes and in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) byte: usize,
    pub(super) chars: usize,
}

impl Position {
    fn after(self, bytes: usize, chars: usize) -> Self {
        Self {
            byte: self.byte + bytes,
            chars: self.chars + chars,
        }
    }
}

/// What stands where a sentence may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delimiter {
    Mark(char),
    Smile,
}

/// A delimiter and its surroundings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'t> {
    pub(super) delimiter: Delimiter,
    /// Where the delimiter starts.
    pub(super) start: Position,
    /// Where it ends.
    pub(super) end: Position,
    /// The last [`WINDOW`] characters before it, earlier delimiters included.
    pub(super) left: &'t str,
    /// The next [`WINDOW`] characters after it, later delimiters included.
    pub(super) right: &'t str,
}

/// The delimiters of a text from left to right; they do not overlap, and a smile goes
/// before the `;` that it starts with.
pub(super) struct Candidates<'t> {
    text: &'t str,
    position: Position,
}

impl<'t> Candidates<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let position = Position::default();
        Self { text, position }
    }

    /// The delimiter that begins with `c` at `start`, and its end.
    fn delimiter(&self, c: char, start: Position) -> Option<(Delimiter, Position)> {
        if matches!(c, '=' | ':' | ';')
            && let Some(length) = self.text.get(start.byte..).and_then(smile)
        {
            return Some((Delimiter::Smile, start.after(length, length)));
        }
        is_delimiter(c).then(|| (Delimiter::Mark(c), start.after(c.len_utf8(), 1)))
    }
}

impl<'t> Iterator for Candidates<'t> {
    type Item = Candidate<'t>;

    fn next(&mut self) -> Option<Candidate<'t>> {
        let rest = self.text.get(self.position.byte..)?;
        let mut start = self.position;
        for c in rest.chars() {
            #[cfg(test)]
            super::steps::add(1);
            if let Some((delimiter, end)) = self.delimiter(c, start) {
                self.position = end;
                return Some(Candidate {
                    delimiter,
                    start,
                    end,
                    left: last_chars(self.text.get(..start.byte)?, WINDOW),
                    right: first_chars(self.text.get(end.byte..)?, WINDOW),
                });
            }
            start = start.after(c.len_utf8(), 1);
        }
        self.position.byte = self.text.len();
        None
    }
}

/// At most `count` characters from the start of `text`.
fn first_chars(text: &str, count: usize) -> &str {
    #[cfg(test)]
    super::steps::add(count);
    let end = text.char_indices().nth(count).map(|(index, _)| index);
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// At most `count` characters from the end of `text`; `count` is not zero.
fn last_chars(text: &str, count: usize) -> &str {
    #[cfg(test)]
    super::steps::add(count);
    let start = text.char_indices().nth_back(count - 1);
    let start = start.map(|(index, _)| index);
    start.and_then(|start| text.get(start..)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        Candidates::new(text)
            .map(|c| &text[c.start.byte..c.end.byte])
            .collect()
    }

    #[test]
    fn smiles_go_before_single_characters() {
        assert_eq!(
            found("a;) b; c:-((( d=-e :- ))))"),
            [";)", ";", ":-(((", ")", ")", ")", ")"]
        );
        assert_eq!(found("=:) ;-x ;))))"), [":)", ";", ";)))", ")"]);
    }

    #[test]
    fn opening_quotes_and_brackets_are_no_delimiters() {
        assert_eq!(found("«“‘([{-—,:="), Vec::<&str>::new());
        assert_eq!(found(".?!…;\"„'»”’)]}").len(), 14);
    }

    #[test]
    fn windows_are_ten_characters_and_positions_count_both_units() {
        let text = "абвгдежзийк.лмнопрстуфх";
        let candidate = Candidates::new(text).next().unwrap();
        assert_eq!(candidate.left, "бвгдежзийк");
        assert_eq!(candidate.right, "лмнопрстуф");
        assert_eq!(
            candidate.start,
            Position {
                byte: 22,
                chars: 11
            }
        );
        assert_eq!(
            candidate.end,
            Position {
                byte: 23,
                chars: 12
            }
        );
        assert!(Candidates::new("").next().is_none());
    }
}
