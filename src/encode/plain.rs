//! Word pieces of ordinary texts without the machinery of the library, which follows every character
//! of a text through all its changes.
//!
//! What a `BertNormalizer` and a `BertPreTokenizer` make of a character does not depend on its
//! neighbours, for the characters that are looked at here. So the library itself is asked once what
//! it makes of each, when it first occurs; the words are then put together from the answers and looked
//! up in the library's vocabulary, longest piece first. A text with any other character, or one that
//! an added token begins with, is left to the library.

use std::sync::OnceLock;

use tokenizers::models::wordpiece::WordPiece;
use tokenizers::{
    Model, ModelWrapper, NormalizedString, Normalizer, NormalizerWrapper, OffsetReferential,
    OffsetType, PreTokenizedString, PreTokenizer, PreTokenizerWrapper, Tokenizer,
};

use super::wordpiece::Pieces;

/// The 256-character pages that are looked at: Latin, Greek, Cyrillic and their neighbours; punctuation
/// and symbols; variation selectors; emoji. Of their characters none moves past another one when a text
/// is decomposed, unless it is an accent, which is then dropped.
const PAGES: [(u32, u32); 4] = [(0x00, 0x05), (0x20, 0x27), (0xFE, 0xFE), (0x1F0, 0x1FA)];
const PAGE: usize = 256;

/// Most bytes that one character becomes.
const LONGEST: usize = 6;

/// What becomes of a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// It ends a word.
    Space,
    /// It is a word of its own, and becomes this.
    Mark(Text),
    /// It becomes this part of a word, or nothing.
    Part(Text),
    /// None of these, or where an added token may begin.
    Other,
}

/// A few characters in UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Text {
    bytes: [u8; LONGEST],
    len: u8,
    chars: u8,
}

impl Text {
    fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; LONGEST];
        bytes
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        Some(Self {
            bytes,
            len: u8::try_from(text.len()).ok()?,
            chars: u8::try_from(text.chars().count()).ok()?,
        })
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// What is known of the characters, and how words are cut.
pub(super) struct PlainReader {
    readings: Box<[OnceLock<Reading>]>,
    /// First characters of the added tokens.
    firsts: Vec<char>,
    /// Longest entry of the vocabulary, in bytes.
    longest: usize,
}

/// The parts of the tokenizer that the library asks, too.
#[derive(Clone, Copy)]
pub(super) struct Parts<'t> {
    model: &'t WordPiece,
    normalizer: Option<&'t NormalizerWrapper>,
    pre_tokenizer: &'t PreTokenizerWrapper,
}

impl<'t> Parts<'t> {
    /// `None` if the tokenizer is none whose characters are independent of each other.
    pub(super) fn new(
        tokenizer: &'t Tokenizer,
        normalizer: Option<&'t NormalizerWrapper>,
    ) -> Option<Self> {
        let pre_tokenizer = tokenizer.get_pre_tokenizer()?;
        let (ModelWrapper::WordPiece(model), PreTokenizerWrapper::BertPreTokenizer(_)) =
            (tokenizer.get_model(), pre_tokenizer)
        else {
            return None;
        };
        let known = matches!(
            normalizer,
            None | Some(NormalizerWrapper::BertNormalizer(_))
        );
        known.then_some(Self {
            model,
            normalizer,
            pre_tokenizer,
        })
    }

    /// What the library makes of a character.
    fn ask(&self, c: char) -> tokenizers::Result<String> {
        let mut text = NormalizedString::from(c.to_string());
        if let Some(normalizer) = self.normalizer {
            normalizer.normalize(&mut text)?;
        }
        Ok(text.get().to_owned())
    }

    /// The words of a text that is normalized.
    fn words(&self, text: String) -> tokenizers::Result<Vec<String>> {
        let mut words = PreTokenizedString::from(text);
        self.pre_tokenizer.pre_tokenize(&mut words)?;
        let splits = words.get_splits(OffsetReferential::Original, OffsetType::None);
        Ok(splits
            .iter()
            .map(|(word, _, _)| (*word).to_owned())
            .collect())
    }
}

impl PlainReader {
    /// `patterns` is what the added tokens are searched as; `longest` is the length in bytes of the
    /// longest entry of the vocabulary.
    pub(super) fn new(patterns: &[String], longest: usize) -> Self {
        let pages: u32 = PAGES.iter().map(|(first, last)| last - first + 1).sum();
        Self {
            readings: (0..pages as usize * PAGE)
                .map(|_| OnceLock::new())
                .collect(),
            firsts: patterns.iter().filter_map(|p| p.chars().next()).collect(),
            longest,
        }
    }

    /// Adds the pieces of `text`, or leaves `pieces` alone and returns false.
    pub(super) fn add_pieces(&self, parts: Parts<'_>, text: &str, pieces: &mut Pieces) -> bool {
        #[cfg(test)]
        crate::steps::add(text.len());
        let before = (pieces.ids.len(), pieces.word_starts.len());
        let done = self.read(parts, text, pieces).is_some();
        if !done {
            pieces.ids.truncate(before.0);
            pieces.word_starts.truncate(before.1);
        }
        done
    }

    fn read(&self, parts: Parts<'_>, text: &str, pieces: &mut Pieces) -> Option<()> {
        let mut words = Words {
            model: parts.model,
            longest: self.longest,
            word: Vec::new(),
            chars: 0,
            piece: String::new(),
            pieces,
        };
        for c in text.chars() {
            #[cfg(test)]
            crate::steps::add(1);
            match self.reading(parts, c) {
                Reading::Part(part) => words.extend(part),
                Reading::Space => words.end()?,
                Reading::Mark(mark) => {
                    words.end()?;
                    words.extend(mark);
                    words.end()?;
                }
                Reading::Other => return None,
            }
        }
        words.end()
    }

    fn reading(&self, parts: Parts<'_>, c: char) -> Reading {
        match index(c).and_then(|index| self.readings.get(index)) {
            Some(cell) => *cell.get_or_init(|| self.find(parts, c).unwrap_or(Reading::Other)),
            None => Reading::Other,
        }
    }

    /// `None` for [`Reading::Other`].
    fn find(&self, parts: Parts<'_>, c: char) -> Option<Reading> {
        let normalized = parts.ask(c).ok()?;
        if self.firsts.contains(&c) || normalized.contains(self.firsts.as_slice()) {
            return None;
        }
        let text = Text::new(&normalized)?;
        let words = parts.words(format!("a{normalized}a")).ok()?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            [word] if word.len() == normalized.len() + 2 => Some(Reading::Part(text)),
            ["a", "a"] => Some(Reading::Space),
            ["a", mark, "a"] if *mark == normalized => Some(Reading::Mark(text)),
            _ => None,
        }
    }
}

/// Place of a character in the table.
fn index(c: char) -> Option<usize> {
    let (page, place) = (u32::from(c) >> 8, u32::from(c) & 0xFF);
    let mut before = 0;
    for (first, last) in PAGES {
        if (first..=last).contains(&page) {
            return usize::try_from(((before + page - first) << 8) | place).ok();
        }
        before += last - first + 1;
    }
    None
}

/// The word that is being read, and the pieces of those that were.
struct Words<'a> {
    model: &'a WordPiece,
    longest: usize,
    word: Vec<u8>,
    chars: usize,
    /// A piece as the vocabulary has it.
    piece: String,
    pieces: &'a mut Pieces,
}

impl Words<'_> {
    fn extend(&mut self, part: Text) {
        self.word.extend_from_slice(part.as_bytes());
        self.chars += usize::from(part.chars);
    }

    /// Ends the word, if there is one.
    fn end(&mut self) -> Option<()> {
        if self.word.is_empty() {
            return Some(());
        }
        let first = self.pieces.ids.len();
        self.pieces.word_starts.push(first);
        if self.chars > self.model.max_input_chars_per_word || self.cut().is_none() {
            // One piece for the whole word.
            self.pieces.ids.truncate(first);
            let unknown = self.model.token_to_id(&self.model.unk_token)?;
            self.pieces.ids.push(i32::try_from(unknown).ok()?);
        }
        self.word.clear();
        self.chars = 0;
        Some(())
    }

    /// The pieces of the word, each the longest that fits; `None` if none does.
    fn cut(&mut self) -> Option<()> {
        let word = std::str::from_utf8(&self.word).ok()?;
        let mut start = 0;
        while start < word.len() {
            self.piece.clear();
            if start > 0 {
                self.piece.push_str(&self.model.continuing_subword_prefix);
            }
            let prefix = self.piece.len();
            self.piece.push_str(word.get(start..)?);
            let mut end = self.piece.len();
            while end > self.longest || !self.piece.is_char_boundary(end) {
                end -= 1;
            }
            let id = loop {
                if end <= prefix {
                    return None;
                }
                if let Some(id) = self.model.token_to_id(self.piece.get(..end)?) {
                    break id;
                }
                end -= 1;
                while !self.piece.is_char_boundary(end) {
                    end -= 1;
                }
            };
            self.pieces.ids.push(i32::try_from(id).ok()?);
            start += end - prefix;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_its_place() {
        let found: Vec<usize> = ('\0'..=char::MAX).filter_map(index).collect();
        assert_eq!(found.len(), 26 * PAGE);
        assert!(
            found
                .iter()
                .enumerate()
                .all(|(place, found)| place == *found)
        );
    }

    #[test]
    fn what_becomes_too_long_is_left_to_the_library() {
        assert_eq!(Text::new("ёжик"), None);
        let text = Text::new("ёж").unwrap();
        assert_eq!((text.as_bytes(), text.chars), ("ёж".as_bytes(), 2));
    }
}
