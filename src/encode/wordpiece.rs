//! The WordPiece tokenizer of a BERT.

mod tokenizer;

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::json::Source;
use super::tokenizer_config::TokenizerConfig;
use super::tokenizer_json::TokenizerJson;
use super::window::split;
use super::{Encoder, Encoding, Overflow, Window};
use crate::error::{Error, Result};

pub(super) use tokenizer::Pieces;
use tokenizer::{SEGMENT, WordPieceTokenizer};

const TOKENIZER_FILE: &str = "tokenizer.json";
const CONFIG_FILE: &str = "tokenizer_config.json";

/// The sequence length of the model card.
const DEFAULT_MAX_SEQ_LEN: usize = 128;

/// `[CLS]` and `[SEP]`.
const SPECIAL_TOKENS: usize = 2;

/// The BERT WordPiece tokenizer of a model directory: `tokenizer.json` and
/// `tokenizer_config.json`.
///
/// Ids, attention mask and token types equal those of transformers 4.52,
/// `AutoTokenizer.from_pretrained(dir)(text, padding="max_length", truncation=True,
/// max_length=n)`, with [`Overflow::Truncate`], [`with_max_seq_len(n)`](Self::with_max_seq_len) and
/// [`Window::padded`]. As there, `do_lower_case`, `strip_accents` and `tokenize_chinese_chars` of
/// `tokenizer_config.json` prevail over the normalizer in `tokenizer.json`, the truncation and
/// padding stored in `tokenizer.json` have no effect, and a special token written out in a text
/// (`[SEP]`) is read as that token. With the default [`Overflow::Split`] a longer text is read
/// whole, in several windows.
///
/// A clone shares the vocabulary.
///
/// ```
/// use vacancy_sections::{Encoder, WordPieceEncoder};
///
/// let encoder = WordPieceEncoder::from_dir("tests/data/encoder/uncased")?;
/// let encoding = encoder.encode("Опыт работы с Python")?;
/// let (ids, mask, types) = encoding.windows[0].padded(encoder.max_seq_len(), encoder.pad_id());
/// assert_eq!((ids.len(), mask.len(), types.len()), (128, 128, 128));
/// # Ok::<(), vacancy_sections::Error>(())
/// ```
#[derive(Clone)]
pub struct WordPieceEncoder {
    tokenizer: Arc<WordPieceTokenizer>,
    overflow: Overflow,
    max_seq_len: usize,
}

impl WordPieceEncoder {
    /// Reads `tokenizer.json` and `tokenizer_config.json` in `dir`.
    ///
    /// ```
    /// use vacancy_sections::{Error, WordPieceEncoder};
    ///
    /// let error = WordPieceEncoder::from_dir("no/such/model").unwrap_err();
    /// assert!(matches!(error, Error::Io { path, .. } if path.ends_with("tokenizer.json")));
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when a file is missing or unreadable; otherwise as
    /// [`from_bytes`](Self::from_bytes).
    pub fn from_dir(dir: impl AsRef<Path>) -> Result<Self> {
        let read = |name: &str| {
            let path = dir.as_ref().join(name);
            let bytes = std::fs::read(&path).map_err(|source| Error::Io {
                path: path.clone(),
                source,
            })?;
            Ok::<_, Error>((path.display().to_string(), bytes))
        };
        let (tokenizer_file, tokenizer) = read(TOKENIZER_FILE)?;
        let (config_file, config) = read(CONFIG_FILE)?;
        Self::load(
            (Source(&tokenizer_file), &tokenizer),
            (Source(&config_file), &config),
        )
    }

    /// Reads the contents of `tokenizer.json` and `tokenizer_config.json`.
    ///
    /// The longest window is 128 tokens, or `model_max_length` of `tokenizer_config.json` where
    /// that is less.
    ///
    /// ```
    /// use vacancy_sections::{Encoder, WordPieceEncoder};
    ///
    /// let encoder = WordPieceEncoder::from_bytes(
    ///     include_bytes!("../../tests/data/encoder/uncased/tokenizer.json"),
    ///     include_bytes!("../../tests/data/encoder/uncased/tokenizer_config.json"),
    /// )?;
    /// assert_eq!(encoder.max_seq_len(), 128);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Tokenizer`] when a file is damaged, when it describes anything but a BERT WordPiece
    /// tokenizer that makes `[CLS] text [SEP]`, or when the two files contradict each other.
    pub fn from_bytes(tokenizer_json: &[u8], tokenizer_config_json: &[u8]) -> Result<Self> {
        Self::load(
            (Source(TOKENIZER_FILE), tokenizer_json),
            (Source(CONFIG_FILE), tokenizer_config_json),
        )
    }

    fn load(
        (tokenizer_source, tokenizer): (Source<'_>, &[u8]),
        (config_source, config): (Source<'_>, &[u8]),
    ) -> Result<Self> {
        let config = TokenizerConfig::parse(config_source, config)?;
        let parsed = TokenizerJson::parse(tokenizer_source, tokenizer)?;
        for (side, what) in [
            (
                config
                    .padding_side
                    .as_ref()
                    .or(parsed.padding_side.as_ref()),
                "padding",
            ),
            (
                config
                    .truncation_side
                    .as_ref()
                    .or(parsed.truncation_side.as_ref()),
                "truncation",
            ),
        ] {
            if let Some(side) = side.filter(|side| *side != "right") {
                return Err(config_source.error(format!(
                    "`{what}_side`: expected right, as the model card has it, found {side}"
                )));
            }
        }
        let max_seq_len = config
            .model_max_length
            .filter(|length| *length > SPECIAL_TOKENS)
            .map_or(DEFAULT_MAX_SEQ_LEN, |length| {
                length.min(DEFAULT_MAX_SEQ_LEN)
            });
        Ok(Self {
            tokenizer: Arc::new(WordPieceTokenizer::new(tokenizer_source, parsed, &config)?),
            overflow: Overflow::default(),
            max_seq_len,
        })
    }

    /// Chooses what happens to a text that does not fit one window.
    ///
    /// ```
    /// use vacancy_sections::{Encoder, Overflow, WordPieceEncoder};
    ///
    /// let encoder = WordPieceEncoder::from_dir("tests/data/encoder/uncased")?;
    /// let text = "опыт ".repeat(200);
    /// assert_eq!(encoder.encode(&text)?.windows.len(), 2);
    ///
    /// let encoding = encoder.with_overflow(Overflow::Truncate).encode(&text)?;
    /// assert_eq!(encoding.windows.len(), 1);
    /// assert!(encoding.truncated);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub fn with_overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// Sets the longest window in tokens, `[CLS]` and `[SEP]` included.
    ///
    /// ```
    /// use vacancy_sections::{Encoder, WordPieceEncoder};
    ///
    /// let encoder = WordPieceEncoder::from_dir("tests/data/encoder/uncased")?;
    /// assert_eq!(encoder.with_max_seq_len(64)?.max_seq_len(), 64);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] for less than 3: such a window has no room for text.
    pub fn with_max_seq_len(mut self, max_seq_len: usize) -> Result<Self> {
        if max_seq_len <= SPECIAL_TOKENS {
            return Err(Error::Shape {
                what: "max_seq_len",
                expected: format!("at least {}", SPECIAL_TOKENS + 1),
                found: max_seq_len.to_string(),
            });
        }
        self.max_seq_len = max_seq_len;
        Ok(self)
    }

    /// What happens to a text that does not fit one window.
    ///
    /// ```
    /// use vacancy_sections::{Overflow, WordPieceEncoder};
    ///
    /// let encoder = WordPieceEncoder::from_dir("tests/data/encoder/uncased")?;
    /// assert_eq!(encoder.overflow(), Overflow::Split);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub fn overflow(&self) -> Overflow {
        self.overflow
    }

    fn window(&self, pieces: &[i32]) -> Window {
        let mut ids = Vec::with_capacity(pieces.len() + SPECIAL_TOKENS);
        ids.push(self.tokenizer.cls_id);
        ids.extend_from_slice(pieces);
        ids.push(self.tokenizer.sep_id);
        Window::new(ids)
    }
}

impl fmt::Debug for WordPieceEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WordPieceEncoder")
            .field("overflow", &self.overflow)
            .field("max_seq_len", &self.max_seq_len)
            .field("vocab_size", &self.tokenizer.vocab_size)
            .finish_non_exhaustive()
    }
}

impl Encoder for WordPieceEncoder {
    /// A text without any visible character gives one window, `[CLS] [SEP]`, as in transformers.
    fn encode(&self, fragment: &str) -> Result<Encoding> {
        let pieces = self.tokenizer.pieces(fragment, SEGMENT)?;
        let limit = self.max_seq_len.saturating_sub(SPECIAL_TOKENS);
        let found = pieces.ids.len();
        let ranges: Vec<Range<usize>> = match self.overflow {
            Overflow::Error if found > limit => {
                return Err(Error::FragmentTooLong {
                    index: 0,
                    found,
                    limit,
                });
            }
            Overflow::Truncate => std::iter::once(0..found.min(limit)).collect(),
            Overflow::Split | Overflow::Error => split(found, &pieces.word_starts, limit),
        };
        Ok(Encoding {
            windows: ranges
                .into_iter()
                .map(|range| self.window(pieces.ids.get(range).unwrap_or_default()))
                .collect(),
            truncated: self.overflow == Overflow::Truncate && found > limit,
        })
    }

    fn max_seq_len(&self) -> usize {
        self.max_seq_len
    }

    fn vocab_size(&self) -> usize {
        self.tokenizer.vocab_size
    }

    fn pad_id(&self) -> i32 {
        self.tokenizer.pad_id
    }
}

#[cfg(test)]
mod tests;
