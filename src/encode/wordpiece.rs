//! The WordPiece tokenizer of a BERT.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::{
    AddedToken, Model, NormalizedString, Normalizer, NormalizerWrapper, OffsetReferential,
    OffsetType, PreTokenizer, PreTokenizerWrapper, Tokenizer,
};

use super::json::Source;
use super::seams::Seams;
use super::tokenizer_config::{NormalizerArguments, TokenizerConfig};
use super::tokenizer_json::TokenizerJson;
use super::window::split;
use super::{Encoder, Encoding, Overflow, Window};
use crate::error::{Error, Result};

const TOKENIZER_FILE: &str = "tokenizer.json";
const CONFIG_FILE: &str = "tokenizer_config.json";

/// The sequence length of the model card.
const DEFAULT_MAX_SEQ_LEN: usize = 128;

/// `[CLS]` and `[SEP]`.
const SPECIAL_TOKENS: usize = 2;

/// Bytes of text that go through the tokenizer at once.
const SEGMENT: usize = 4096;

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

/// The word pieces of a text, without special tokens around them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Pieces {
    ids: Vec<i32>,
    /// Index of the first piece of each word.
    word_starts: Vec<usize>,
}

/// The tokenizer proper: text → word pieces.
struct WordPieceTokenizer {
    /// For messages.
    file: String,
    tokenizer: Tokenizer,
    /// What normalizes texts. The tokenizer's own normalizer stays beside it: with that one its
    /// added tokens were normalized, and so it is in transformers, which replaces the normalizer
    /// when the tokens are in place.
    normalizer: Option<NormalizerWrapper>,
    /// Where a long text can be cut, if anywhere.
    seams: Option<Seams>,
    cls_id: i32,
    sep_id: i32,
    pad_id: i32,
    vocab_size: usize,
}

impl WordPieceTokenizer {
    fn new(source: Source<'_>, parsed: TokenizerJson, config: &TokenizerConfig) -> Result<Self> {
        let mut tokenizer: Tokenizer = serde_json::from_value(Value::Object(parsed.root))
            .map_err(|error| source.error(format!("not a tokenizer: {error}")))?;
        for (content, id) in &parsed.added {
            let found = tokenizer.token_to_id(content);
            if !content.is_empty() && found != Some(*id) {
                return Err(source.error(format!(
                    "`added_tokens`: expected id {} for `{content}`, found {id}",
                    found.map_or("no".to_owned(), |found| found.to_string())
                )));
            }
        }

        // transformers would add a missing one under an id that no model has been trained with.
        let special = |attribute: &str, name: &str| {
            tokenizer.token_to_id(name).ok_or_else(|| {
                source.error(format!(
                    "the vocabulary lacks `{name}`, the {attribute} of {CONFIG_FILE}"
                ))
            })
        };
        let pad_id = special("pad_token", &config.pad)?;
        for (attribute, name, in_template) in [
            ("cls_token", &config.cls, parsed.cls_id),
            ("sep_token", &config.sep, parsed.sep_id),
        ] {
            let id = special(attribute, name)?;
            if id != in_template {
                return Err(source.error(format!(
                    "`post_processor`: expected id {id} of `{name}`, the {attribute} of \
                     {CONFIG_FILE}, found {in_template}"
                )));
            }
        }

        let existing = by_id(&tokenizer);
        tokenizer
            .add_tokens(config.tokens_to_add(&existing))
            .map_err(|error| source.error(format!("the added tokens: {error}")))?;
        tokenizer.set_encode_special_tokens(config.split_special_tokens);
        let normalizer = match (tokenizer.get_normalizer(), config.normalizer) {
            (Some(NormalizerWrapper::BertNormalizer(own)), Some(arguments)) => {
                Some(overridden(own, arguments).into())
            }
            (own, _) => own.cloned(),
        };

        let patterns = added_patterns(&tokenizer);
        let spaced = patterns
            .iter()
            .any(|pattern| pattern.contains(char::is_whitespace));
        if spaced && by_id(&tokenizer).iter().any(|t| t.lstrip || t.rstrip) {
            return Err(source.error(
                "`added_tokens`: tokens that contain spaces beside tokens that strip them \
                 are not supported",
            ));
        }
        let separable = !spaced
            && matches!(
                normalizer,
                None | Some(NormalizerWrapper::BertNormalizer(_))
            )
            && matches!(
                tokenizer.get_pre_tokenizer(),
                Some(PreTokenizerWrapper::BertPreTokenizer(_))
            );

        check_template(source, &tokenizer, parsed.cls_id, parsed.sep_id)?;

        let last_id = tokenizer.get_vocab(true).into_values().max().unwrap_or(0);
        Ok(Self {
            file: source.0.to_owned(),
            cls_id: int32(source, parsed.cls_id)?,
            sep_id: int32(source, parsed.sep_id)?,
            pad_id: int32(source, pad_id)?,
            vocab_size: usize::try_from(int32(source, last_id)?)
                .map_err(|error| source.error(error.to_string()))?
                .saturating_add(1),
            tokenizer,
            normalizer,
            seams: separable.then(|| Seams::new(&patterns)),
        })
    }

    /// The pieces of `text`, which goes through the tokenizer in segments of about `segment` bytes
    /// where that changes nothing: the library needs some fifty bytes for each byte of text.
    fn pieces(&self, text: &str, segment: usize) -> Result<Pieces> {
        let mut pieces = Pieces::default();
        let mut rest = text;
        while !rest.is_empty() {
            let cut = match &self.seams {
                Some(seams) => seams.cut(rest, segment),
                None => rest.len(),
            };
            let (head, tail) = rest.split_at_checked(cut).unwrap_or((rest, ""));
            self.add_pieces(head, &mut pieces)
                .map_err(|error| Source(&self.file).error(error.to_string()))?;
            rest = tail;
        }
        Ok(pieces)
    }

    /// What `Tokenizer::encode` does, with this normalizer, and without following the offsets of
    /// the pieces in the text.
    fn add_pieces(&self, text: &str, pieces: &mut Pieces) -> tokenizers::Result<()> {
        #[cfg(test)]
        crate::steps::add(text.len());
        let mut words = self
            .tokenizer
            .get_added_vocabulary()
            .extract_and_normalize(self.normalizer.as_ref(), text);
        if let Some(pre_tokenizer) = self.tokenizer.get_pre_tokenizer() {
            pre_tokenizer.pre_tokenize(&mut words)?;
        }
        let model = self.tokenizer.get_model();
        words.tokenize(|word| model.tokenize(word.get()))?;
        for (_, _, tokens) in words.get_splits(OffsetReferential::Original, OffsetType::None) {
            let tokens = tokens.as_deref().unwrap_or_default();
            if tokens.is_empty() {
                continue;
            }
            pieces.word_starts.push(pieces.ids.len());
            for token in tokens {
                pieces.ids.push(i32::try_from(token.id)?);
            }
        }
        Ok(())
    }
}

/// The added tokens in the order of their ids.
fn by_id(tokenizer: &Tokenizer) -> Vec<AddedToken> {
    let mut tokens: Vec<_> = tokenizer
        .get_added_vocabulary()
        .get_added_tokens_decoder()
        .iter()
        .collect();
    tokens.sort_by_key(|(id, _)| **id);
    tokens.into_iter().map(|(_, token)| token.clone()).collect()
}

/// What the added tokens are searched as: as written, or as the tokenizer's normalizer leaves them.
fn added_patterns(tokenizer: &Tokenizer) -> Vec<String> {
    by_id(tokenizer)
        .into_iter()
        .map(|token| {
            let mut pattern = NormalizedString::from(token.content.as_str());
            match tokenizer.get_normalizer() {
                Some(own) if token.normalized && own.normalize(&mut pattern).is_ok() => {
                    pattern.get().to_owned()
                }
                _ => token.content,
            }
        })
        .collect()
}

/// The normalizer as `BertTokenizerFast` of transformers rebuilds it from its arguments.
fn overridden(own: &BertNormalizer, arguments: NormalizerArguments) -> BertNormalizer {
    BertNormalizer::new(
        own.clean_text,
        arguments.handle_chinese_chars,
        arguments.strip_accents,
        arguments.lowercase,
    )
}

/// Holds what this module puts around the pieces against what the post-processor makes of a probe.
fn check_template(source: Source<'_>, tokenizer: &Tokenizer, cls: u32, sep: u32) -> Result<()> {
    for probe in ["", "Проба probe 1"] {
        let encode = |special| {
            tokenizer
                .encode(probe, special)
                .map_err(|error| source.error(error.to_string()))
        };
        let bare = encode(false)?;
        let full = encode(true)?;
        let expected: Vec<u32> = [&[cls], bare.get_ids(), &[sep]].concat();
        if full.get_ids() != expected || full.get_type_ids().iter().any(|kind| *kind != 0) {
            return Err(source.error(
                "`post_processor`: expected `[CLS] text [SEP]` of one segment, \
                 found other tokens around a probe",
            ));
        }
    }
    Ok(())
}

fn int32(source: Source<'_>, id: u32) -> Result<i32> {
    i32::try_from(id)
        .map_err(|_| source.error(format!("expected ids up to {}, found {id}", i32::MAX)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoder(variant: &str) -> crate::Result<WordPieceEncoder> {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/encoder");
        WordPieceEncoder::from_dir(dir.join(variant))
    }

    #[test]
    fn only_bert_normalizers_and_pre_tokenizers_have_seams() -> crate::Result<()> {
        for (variant, seams) in [("uncased", true), ("cased", true), ("plain", false)] {
            assert_eq!(
                encoder(variant)?.tokenizer.seams.is_some(),
                seams,
                "{variant}"
            );
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn segments_change_nothing(
            parts in prop::collection::vec(
                prop_oneof![
                    any::<char>().prop_map(String::from),
                    prop::sample::select(vec![
                        " ", "\u{a0}", "\n", "\u{85}", "\u{b}", "\u{301}", "\u{200d}", "[SEP]", "[MASK]", "[", "]", "<phone>",
                        "<", "Node.js", ".", "_", ",", "Ёмкость", "[extra]", "字", "ё", "a", "B", "опыт", "7", "-", "\u{0}", "«",
                    ])
                    .prop_map(str::to_owned),
                ],
                0..40,
            ),
            segment in 0_usize..24,
        ) {
            let text = parts.concat();
            for variant in ["uncased", "cased", "defaults"] {
                let tokenizer = encoder(variant)?.tokenizer;
                prop_assert_eq!(tokenizer.pieces(&text, segment)?, tokenizer.pieces(&text, usize::MAX)?);
            }
        }
    }

    /// With the normalizer of the file itself, pieces and words are those of `Tokenizer::encode`.
    #[test]
    fn pieces_are_those_of_the_library() -> Result<(), Box<dyn std::error::Error>> {
        for variant in ["uncased", "plain"] {
            let tokenizer = encoder(variant)?.tokenizer;
            for text in [
                "",
                "Опыт работы с C++, Node.js [SEP] от 3\u{a0}лет",
                "字ё\u{301}-🚀",
            ] {
                let expected = tokenizer
                    .tokenizer
                    .encode(text, false)
                    .map_err(|e| e.to_string())?;
                let found = tokenizer.pieces(text, SEGMENT)?;
                let ids: Vec<i32> = expected.get_ids().iter().map(|&id| id as i32).collect();
                let words = expected.get_word_ids();
                let starts: Vec<usize> = (0..words.len())
                    .filter(|&at| at == 0 || words[at] != words[at - 1])
                    .collect();
                assert_eq!(
                    (found.ids, found.word_starts),
                    (ids, starts),
                    "{variant}: {text:?}"
                );
            }
        }
        Ok(())
    }
}
