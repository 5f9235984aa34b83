//! Text → word pieces, by the `tokenizers` library or, for ordinary texts, without it.

use serde_json::Value;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::{
    AddedToken, Model, NormalizedString, Normalizer, NormalizerWrapper, OffsetReferential,
    OffsetType, PreTokenizer, PreTokenizerWrapper, Tokenizer,
};

use super::CONFIG_FILE;
use crate::encode::json::Source;
use crate::encode::plain::{Parts, PlainReader};
use crate::encode::seams::Seams;
use crate::encode::tokenizer_config::{NormalizerArguments, TokenizerConfig};
use crate::encode::tokenizer_json::TokenizerJson;
use crate::error::Result;

/// Bytes of text that go through the tokenizer at once.
pub(super) const SEGMENT: usize = 4096;

/// The word pieces of a text, without special tokens around them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::encode) struct Pieces {
    pub(in crate::encode) ids: Vec<i32>,
    /// Index of the first piece of each word.
    pub(in crate::encode) word_starts: Vec<usize>,
}

/// The tokenizer proper: text → word pieces.
pub(super) struct WordPieceTokenizer {
    /// For messages.
    pub(super) file: String,
    pub(super) tokenizer: Tokenizer,
    /// What normalizes texts. The tokenizer's own normalizer stays beside it: with that one its
    /// added tokens were normalized, and so it is in transformers, which replaces the normalizer
    /// when the tokens are in place.
    pub(super) normalizer: Option<NormalizerWrapper>,
    /// Where a long text can be cut, if anywhere.
    pub(super) seams: Option<Seams>,
    /// Reads ordinary texts.
    pub(super) plain: PlainReader,
    pub(super) cls_id: i32,
    pub(super) sep_id: i32,
    pub(super) pad_id: i32,
    pub(super) vocab_size: usize,
}

impl WordPieceTokenizer {
    pub(super) fn new(
        source: Source<'_>,
        parsed: TokenizerJson,
        config: &TokenizerConfig,
    ) -> Result<Self> {
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

        let (mut last_id, mut longest) = (0, 0);
        for (piece, id) in tokenizer.get_vocab(true) {
            last_id = last_id.max(id);
            longest = longest.max(piece.len());
        }
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
            plain: PlainReader::new(&patterns, longest),
        })
    }

    /// The pieces of `text`, which goes through the tokenizer in segments of about `segment` bytes
    /// where that changes nothing: the library needs some fifty bytes for each byte of text.
    pub(super) fn pieces(&self, text: &str, segment: usize) -> Result<Pieces> {
        let mut pieces = Pieces::default();
        let parts = Parts::new(&self.tokenizer, self.normalizer.as_ref());
        let mut rest = text;
        while !rest.is_empty() {
            let cut = match &self.seams {
                Some(seams) => seams.cut(rest, segment),
                None => rest.len(),
            };
            let (head, tail) = rest.split_at_checked(cut).unwrap_or((rest, ""));
            let read = parts.is_some_and(|parts| self.plain.add_pieces(parts, head, &mut pieces));
            if !read {
                self.add_pieces(head, &mut pieces)
                    .map_err(|error| Source(&self.file).error(error.to_string()))?;
            }
            rest = tail;
        }
        Ok(pieces)
    }

    /// What `Tokenizer::encode` does, with this normalizer, and without following the offsets of
    /// the pieces in the text.
    pub(super) fn add_pieces(&self, text: &str, pieces: &mut Pieces) -> tokenizers::Result<()> {
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
