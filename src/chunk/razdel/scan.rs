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

/// What stands where a sentence may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delimiter {
    Mark(char),
    Smile,
}

/// A delimiter and where it stands in the text, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'t> {
    pub(super) delimiter: Delimiter,
    text: &'t str,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl<'t> Candidate<'t> {
    /// The last [`WINDOW`] characters before it, earlier delimiters included.
    pub(super) fn left(&self) -> &'t str {
        last_chars(self.text.get(..self.start).unwrap_or_default(), WINDOW)
    }

    /// The next [`WINDOW`] characters after it, later delimiters included.
    pub(super) fn right(&self) -> &'t str {
        first_chars(self.after(), WINDOW)
    }

    /// All that follows.
    pub(super) fn after(&self) -> &'t str {
        self.text.get(self.end..).unwrap_or_default()
    }
}

/// The bytes that delimiters begin with in UTF-8.
#[allow(
    clippy::indexing_slicing,
    reason = "computed by the compiler, where an index out of bounds does not build"
)]
static FIRST_BYTES: [bool; 256] = {
    let mut first = [false; 256];
    let bytes = b".?!;\"')]}=:";
    let mut index = 0;
    while index < bytes.len() {
        first[bytes[index] as usize] = true;
        index += 1;
    }
    // » and … ” ’ „; and the few other characters that begin so.
    first[0xC2] = true;
    first[0xE2] = true;
    first
};

/// Whether one of these bytes may be among [`FIRST_BYTES`]; a few others pass, too. It is so written
/// that the compiler makes one comparison of sixteen.
fn any_may_begin(bytes: &[u8; 16]) -> bool {
    bytes.iter().fold(false, |any, &byte| {
        // 8 9 : ; < = > ? are one comparison, so are ] and }, and the two bytes beyond ASCII.
        let eight = byte & 0xF8 == 0x38;
        let brackets = byte | 0x20 == 0x7D;
        let beyond = byte | 0x20 == 0xE2;
        let others = (byte == b'.') | (byte == b'!') | (byte == b'"') | (byte == b'\'');
        any | eight | brackets | beyond | others | (byte == b')')
    })
}

/// Bytes in front of the first that a delimiter may begin with.
fn passed(bytes: &[u8]) -> usize {
    let (sixteens, _) = bytes.as_chunks();
    let clear = sixteens.iter().take_while(|bytes| !any_may_begin(bytes));
    let clear = clear.count() * 16;
    let rest = bytes.get(clear..).unwrap_or_default();
    let may_begin = |byte: &u8| FIRST_BYTES.get(usize::from(*byte)) == Some(&true);
    clear + rest.iter().position(may_begin).unwrap_or(rest.len())
}

/// The delimiters of a text from left to right; they do not overlap, and a smile goes
/// before the `;` that it starts with.
pub(super) struct Candidates<'t> {
    text: &'t str,
    /// Bytes that were read.
    at: usize,
}

impl<'t> Candidates<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }
}

/// The delimiter that begins with `c`, at the start of `text`, and its length in bytes.
fn delimiter(c: char, text: &str) -> Option<(Delimiter, usize)> {
    if matches!(c, '=' | ':' | ';')
        && let Some(length) = smile(text)
    {
        return Some((Delimiter::Smile, length));
    }
    is_delimiter(c).then(|| (Delimiter::Mark(c), c.len_utf8()))
}

impl<'t> Iterator for Candidates<'t> {
    type Item = Candidate<'t>;

    fn next(&mut self) -> Option<Candidate<'t>> {
        loop {
            let rest = self.text.as_bytes().get(self.at..)?;
            let passed = passed(rest);
            #[cfg(test)]
            super::steps::add(passed + 1);
            let start = self.at + passed;
            let rest = self.text.get(start..)?;
            let c = rest.chars().next()?;
            self.at = start + c.len_utf8();
            if let Some((delimiter, length)) = delimiter(c, rest) {
                self.at = start + length;
                return Some(Candidate {
                    delimiter,
                    text: self.text,
                    start,
                    end: self.at,
                });
            }
        }
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
            .map(|c| &text[c.start..c.end])
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
    fn no_first_byte_is_passed() {
        for byte in 0..=u8::MAX {
            let expected = FIRST_BYTES[usize::from(byte)];
            assert!(any_may_begin(&[byte; 16]) || !expected, "{byte:#x}");
            for at in [0, 15, 16, 31, 40] {
                let mut bytes = [b' '; 41];
                bytes[at] = byte;
                let found = if expected { at } else { bytes.len() };
                assert_eq!(passed(&bytes), found, "{byte:#x} at {at}");
            }
        }
    }

    #[test]
    fn every_delimiter_is_found_by_its_first_byte() {
        for c in '\0'..=char::MAX {
            let text = format!("а{c} ");
            assert_eq!(found(&text).len(), usize::from(is_delimiter(c)), "{c:?}");
        }
        // The other characters that smiles begin with.
        assert_eq!(found("а=) а:("), ["=)", ":("]);
    }

    #[test]
    fn windows_are_ten_characters() {
        let text = "абвгдежзийк.лмнопрстуфх";
        let candidate = Candidates::new(text).next().unwrap();
        assert_eq!(candidate.left(), "бвгдежзийк");
        assert_eq!(candidate.right(), "лмнопрстуф");
        assert_eq!((candidate.start, candidate.end), (22, 23));
        assert!(Candidates::new("").next().is_none());
    }
}
