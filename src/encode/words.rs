//! An encoder without a vocabulary.

use super::{Encoder, Encoding, Window};
use crate::error::Result;

/// First id that stands for a word; the ids below are special tokens.
const FIRST_WORD: i32 = 5;
const CLS: i32 = 2;
const SEP: i32 = 3;

/// One token per white-space separated word, its id a hash of the word in lower case; long fragments
/// are split. For tests together with [`MockSession`](crate::testing::MockSession).
///
/// ```
/// use vacancy_sections::Encoder;
/// use vacancy_sections::testing::WordEncoder;
///
/// let encoder = WordEncoder::new(128);
/// let encoding = encoder.encode("Знание SQL")?;
/// assert_eq!(encoding.windows[0].input_ids[2], encoder.id("sql"));
/// # Ok::<(), vacancy_sections::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WordEncoder {
    max_seq_len: usize,
}

impl WordEncoder {
    /// An encoder of windows of up to `max_seq_len` tokens, at least 3.
    ///
    /// ```
    /// use vacancy_sections::Encoder;
    /// use vacancy_sections::testing::WordEncoder;
    ///
    /// assert_eq!(WordEncoder::new(4).encode("от двух до пяти")?.windows.len(), 2);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub fn new(max_seq_len: usize) -> Self {
        Self {
            max_seq_len: max_seq_len.max(3),
        }
    }

    /// The id of a word.
    ///
    /// ```
    /// use vacancy_sections::testing::WordEncoder;
    ///
    /// assert_eq!(WordEncoder::new(128).id("SQL"), WordEncoder::new(128).id("sql"));
    /// ```
    #[must_use]
    pub fn id(&self, word: &str) -> i32 {
        let hash = word.to_lowercase().bytes().fold(0_u32, |hash, byte| {
            hash.wrapping_mul(31).wrapping_add(u32::from(byte))
        });
        // 20 bits: always positive.
        FIRST_WORD.saturating_add((hash & 0xF_FFFF) as i32)
    }
}

impl Encoder for WordEncoder {
    fn encode(&self, fragment: &str) -> Result<Encoding> {
        let ids: Vec<i32> = fragment
            .split_whitespace()
            .map(|word| self.id(word))
            .collect();
        let window = |ids: &[i32]| {
            let row = std::iter::once(CLS).chain(ids.iter().copied());
            Window::new(row.chain(std::iter::once(SEP)).collect())
        };
        if ids.is_empty() {
            return Ok(Encoding::new(vec![window(&[])]));
        }
        let windows = ids.chunks(self.max_seq_len - 2).map(window).collect();
        Ok(Encoding::new(windows))
    }

    fn max_seq_len(&self) -> usize {
        self.max_seq_len
    }

    fn vocab_size(&self) -> usize {
        0x10_0005
    }

    fn pad_id(&self) -> i32 {
        0
    }
}
