//! Character classes as Python's `re` (`\w`, `\d`, `\s`) and `str` (`isalpha`,
//! `isdigit`, `islower`, `isupper`) see them.
//!
//! They are not those of Rust's `char`: a combining mark is no word character, a
//! superscript two is a digit to `isdigit` and a letter to `[^\W\d]`, U+001C..U+001F are
//! spaces, U+200B and U+FEFF are not, and characters that are newer than Unicode 14.0
//! are unknown.

use super::tables::RUNS;

/// The four classes that tokens are made of; each character is in exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `[^\w\s]`: punctuation, symbols, combining marks, unassigned characters.
    Mark,
    /// `[^\W\d]`: letters, `_` and numbers that are not decimal digits.
    Letter,
    /// `\d`.
    Digit,
    /// `\s`.
    Space,
}

const KIND: u8 = 0b11;
const ALPHA: u8 = 1 << 2;
const DIGIT_VALUE: u8 = 1 << 3;
const LOWER: u8 = 1 << 4;
const UPPER: u8 = 1 << 5;
const TITLE: u8 = 1 << 6;
/// The run alternates upper case (its first character) and lower case.
const ALTERNATES: u8 = 1 << 7;

/// What Python answers about one character.
#[derive(Clone, Copy, Debug)]
pub(super) struct Class(u8);

impl Class {
    pub(super) fn kind(self) -> Kind {
        match self.0 & KIND {
            0 => Kind::Mark,
            1 => Kind::Letter,
            2 => Kind::Digit,
            _ => Kind::Space,
        }
    }

    /// `str.isalpha`.
    pub(super) fn is_alpha(self) -> bool {
        self.0 & ALPHA != 0
    }

    /// `str.isdigit`.
    pub(super) fn is_digit(self) -> bool {
        self.0 & DIGIT_VALUE != 0
    }

    /// `str.islower` of the character alone.
    pub(super) fn is_lower(self) -> bool {
        self.0 & LOWER != 0
    }

    /// `str.isupper` of the character alone.
    pub(super) fn is_upper(self) -> bool {
        self.0 & UPPER != 0
    }

    /// A character that keeps a longer string from being `str.islower`.
    pub(super) fn is_upper_or_title(self) -> bool {
        self.0 & (UPPER | TITLE) != 0
    }
}

/// Latin, Greek and Cyrillic are looked up directly.
const DIRECT: usize = 0x500;

static LOW: [u8; DIRECT] = {
    let mut low = [0; DIRECT];
    let mut run = 0;
    let mut point = 0;
    while point < DIRECT {
        while run + 1 < RUNS.len() && RUNS[run + 1] >> 8 <= point as u32 {
            run += 1;
        }
        low[point] = resolve(RUNS[run], point as u32);
        point += 1;
    }
    low
};

/// The class byte of `point`, which lies in `run`.
const fn resolve(run: u32, point: u32) -> u8 {
    let class = (run & 0xff) as u8;
    if class & ALTERNATES == 0 {
        class
    } else if (point ^ (run >> 8)) & 1 == 0 {
        class & !ALTERNATES
    } else {
        (class & !ALTERNATES) ^ (UPPER | LOWER)
    }
}

#[inline]
pub(super) fn of(c: char) -> Class {
    #[cfg(test)]
    super::steps::add(1);
    let point = u32::from(c);
    if let Some(&class) = LOW.get(point as usize) {
        return Class(class);
    }
    let after = RUNS.partition_point(|run| run >> 8 <= point);
    let run = after.checked_sub(1).and_then(|index| RUNS.get(index));
    Class(run.map_or(0, |&run| resolve(run, point)))
}

/// `\s`; also what `str.strip` removes.
#[inline]
pub(super) fn is_space(c: char) -> bool {
    of(c).kind() == Kind::Space
}

/// `\w`.
pub(in crate::chunk) fn is_word(c: char) -> bool {
    matches!(of(c).kind(), Kind::Letter | Kind::Digit)
}

#[cfg(test)]
mod tests {
    use super::super::tables::CHECKSUM;
    use super::*;

    #[test]
    fn every_character_has_the_class_that_python_gives() {
        let mut state: u64 = 0xcbf2_9ce4_8422_2325;
        for c in '\0'..=char::MAX {
            state = (state ^ u64::from(of(c).0)).wrapping_mul(0x100_0000_01b3);
        }
        assert_eq!(state, CHECKSUM);
    }

    #[test]
    fn direct_and_searched_classes_agree() {
        for point in 0..DIRECT as u32 {
            let index = RUNS.partition_point(|run| run >> 8 <= point) - 1;
            assert_eq!(
                LOW[point as usize],
                resolve(RUNS[index], point),
                "{point:#x}"
            );
        }
    }

    #[test]
    fn basic_letters_agree_with_rust() {
        for c in ('\0'..='\u{7f}').chain('\u{400}'..='\u{481}') {
            let class = of(c);
            assert_eq!(class.is_alpha(), c.is_alphabetic(), "{c:?}");
            assert_eq!(class.is_lower(), c.is_lowercase(), "{c:?}");
            assert_eq!(class.is_upper(), c.is_uppercase(), "{c:?}");
            assert_eq!(class.is_digit(), c.is_ascii_digit(), "{c:?}");
        }
    }

    #[test]
    fn python_differs_from_rust_where_it_should() {
        assert_eq!(of('\u{301}').kind(), Kind::Mark);
        assert_eq!(of('\u{200d}').kind(), Kind::Mark);
        assert_eq!(of('\u{200b}').kind(), Kind::Mark);
        assert_eq!(of('\u{feff}').kind(), Kind::Mark);
        assert_eq!(of('\u{1c}').kind(), Kind::Space);
        assert_eq!(of('\u{a0}').kind(), Kind::Space);
        assert_eq!(of('²').kind(), Kind::Letter);
        assert!(of('²').is_digit() && !of('²').is_alpha());
        assert_eq!(of('½').kind(), Kind::Letter);
        assert!(!of('½').is_digit());
        assert!(of('Ⅷ').is_upper() && !of('Ⅷ').is_alpha());
        assert!(of('ǅ').is_upper_or_title() && !of('ǅ').is_upper());
    }
}
