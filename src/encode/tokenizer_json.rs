//! `tokenizer.json`: what is accepted of it.
//!
//! The file can describe any tokenizer that the `tokenizers` library knows. Checked here is that
//! it describes one of a BERT: a WordPiece model behind normalizers and pre-tokenizers of known
//! behaviour, and `[CLS] text [SEP]` in front of the model. What passes cannot make the library
//! panic.

use std::collections::HashMap;
use std::fmt;

use serde_json::{Map, Value};

use super::json::{self, Source};
use crate::error::Result;

const NORMALIZERS: [&str; 9] = [
    "BertNormalizer",
    "Lowercase",
    "NFC",
    "NFD",
    "NFKC",
    "NFKD",
    "Nmt",
    "Strip",
    "StripAccents",
];

const PRE_TOKENIZERS: [&str; 5] = [
    "BertPreTokenizer",
    "Digits",
    "Punctuation",
    "Whitespace",
    "WhitespaceSplit",
];

/// The checked file.
#[derive(Debug)]
pub(super) struct TokenizerJson {
    /// The root object, free of what the encoder does itself.
    pub(super) root: Map<String, Value>,
    /// Ids that the post-processor puts before and after the text.
    pub(super) cls_id: u32,
    pub(super) sep_id: u32,
    /// Added tokens and the ids that the file gives them.
    pub(super) added: Vec<(String, u32)>,
    /// Sides of the padding and truncation stored in the file: transformers' defaults.
    pub(super) padding_side: Option<String>,
    pub(super) truncation_side: Option<String>,
}

impl TokenizerJson {
    pub(super) fn parse(source: Source<'_>, bytes: &[u8]) -> Result<Self> {
        let mut root = json::object(source, bytes)?;
        check_model(source, root.get("model"))?;
        check_stage(source, "normalizer", root.get("normalizer"), &NORMALIZERS)?;
        if matches!(root.get("pre_tokenizer"), None | Some(Value::Null)) {
            return Err(source.error("`pre_tokenizer`: expected BertPreTokenizer, found none"));
        }
        check_stage(
            source,
            "pre_tokenizer",
            root.get("pre_tokenizer"),
            &PRE_TOKENIZERS,
        )?;
        let (cls_id, sep_id) = template(source, root.get("post_processor"))?;
        let added = added_tokens(source, root.get("added_tokens"))?;
        let padding_side = direction(root.remove("padding"));
        let truncation_side = direction(root.remove("truncation"));
        root.remove("decoder");
        Ok(Self {
            root,
            cls_id,
            sep_id,
            added,
            padding_side,
            truncation_side,
        })
    }
}

fn check_model(source: Source<'_>, model: Option<&Value>) -> Result<()> {
    let Some(model) = model.and_then(Value::as_object) else {
        return Err(source.error("`model`: expected a WordPiece model, found none"));
    };
    match model.get("type").and_then(Value::as_str) {
        Some("WordPiece") => {}
        Some(other) => {
            return Err(source.error(format!(
                "`model`: expected a WordPiece model, found {other}"
            )));
        }
        None => {
            return Err(source.error("`model`: expected a WordPiece model, found one without type"));
        }
    }
    let Some(vocab) = model.get("vocab").and_then(Value::as_object) else {
        return Err(source.error("`model.vocab`: expected an object of token ids"));
    };
    let mut tokens_by_id = HashMap::with_capacity(vocab.len());
    for (token, id) in vocab {
        let id = token_id(source, "model.vocab", token, id)?;
        if let Some(other) = tokens_by_id.insert(id, token) {
            return Err(source.error(format!(
                "`model.vocab`: id {id} belongs to both `{other}` and `{token}`"
            )));
        }
    }
    let unknown = model.get("unk_token").and_then(Value::as_str);
    match unknown {
        Some(token) if vocab.contains_key(token) => Ok(()),
        Some(token) => Err(source.error(format!(
            "`model.vocab`: the unknown token `{token}` is missing"
        ))),
        None => Err(source.error("`model.unk_token`: expected a token, found none")),
    }
}

/// Ids become `int32` inputs of the model.
fn token_id(source: Source<'_>, place: &str, token: &str, id: &Value) -> Result<u32> {
    id.as_u64()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(|id| u32::try_from(id).ok())
        .ok_or_else(|| {
            source.error(format!(
                "`{place}`: expected an id from 0 to {} for `{token}`, found {id}",
                i32::MAX
            ))
        })
}

/// Checks a normalizer or pre-tokenizer, or each of a sequence of them.
fn check_stage(
    source: Source<'_>,
    key: &str,
    stage: Option<&Value>,
    accepted: &[&str],
) -> Result<()> {
    let mut pending = vec![match stage {
        None | Some(Value::Null) => return Ok(()),
        Some(stage) => stage,
    }];
    while let Some(stage) = pending.pop() {
        let kind = stage.get("type").and_then(Value::as_str);
        let children = stage
            .get("normalizers")
            .or_else(|| stage.get("pretokenizers"))
            .and_then(Value::as_array);
        match (kind, children) {
            (Some("Sequence"), Some(children)) => pending.extend(children),
            (Some("Replace"), _) if key == "normalizer" && replaces_a_string(stage) => {}
            (Some(kind), _) if accepted.contains(&kind) => {}
            (kind, _) => {
                return Err(source.error(format!(
                    "`{key}`: expected {} or a Sequence of these, found {}",
                    accepted.join(", "),
                    kind.unwrap_or("one without type")
                )));
            }
        }
    }
    Ok(())
}

fn replaces_a_string(stage: &Value) -> bool {
    stage
        .get("pattern")
        .and_then(|pattern| pattern.get("String"))
        .and_then(Value::as_str)
        .is_some_and(|pattern| !pattern.is_empty())
}

/// The ids of the first and the last token of `[CLS] text [SEP]`.
fn template(source: Source<'_>, processor: Option<&Value>) -> Result<(u32, u32)> {
    let none = || source.error("`post_processor`: expected `[CLS] text [SEP]`, found none");
    let processor = processor.ok_or_else(none)?;
    match processor.get("type").and_then(Value::as_str) {
        Some("BertProcessing") => {
            let id = |key: &str| -> Result<u32> {
                let token = processor.get(key);
                let id = token.and_then(|token| token.get(1)).unwrap_or(&Value::Null);
                token_id(source, "post_processor", key, id)
            };
            Ok((id("cls")?, id("sep")?))
        }
        Some("TemplateProcessing") => {
            let (first, last) = single_template(processor).map_err(|found| {
                source.error(format!(
                    "`post_processor.single`: expected `[CLS]:0 $A:0 [SEP]:0`, found `{found}`"
                ))
            })?;
            let id = |name: &str| -> Result<u32> {
                let ids = processor
                    .get("special_tokens")
                    .and_then(|tokens| tokens.get(name))
                    .and_then(|token| token.get("ids"))
                    .and_then(Value::as_array);
                match ids.map(Vec::as_slice) {
                    Some([id]) => token_id(source, "post_processor.special_tokens", name, id),
                    _ => Err(source.error(format!(
                        "`post_processor.special_tokens`: expected one id for `{name}`"
                    ))),
                }
            };
            Ok((id(first)?, id(last)?))
        }
        Some(other) => Err(source.error(format!(
            "`post_processor`: expected BertProcessing or TemplateProcessing, found {other}"
        ))),
        None => Err(none()),
    }
}

/// The special tokens of the template for one text, or that template in words.
fn single_template(processor: &Value) -> Result<(&str, &str), String> {
    let Some(pieces) = processor.get("single").and_then(Value::as_array) else {
        return Err("nothing".to_owned());
    };
    let pieces: Vec<Piece<'_>> = pieces.iter().map(Piece::of).collect();
    match pieces.as_slice() {
        [
            Piece::Special(first, 0),
            Piece::Text("A", 0),
            Piece::Special(last, 0),
        ] => Ok((first, last)),
        other => {
            let words: Vec<String> = other.iter().map(Piece::to_string).collect();
            Err(words.join(" "))
        }
    }
}

/// A piece of a template with its token type.
enum Piece<'a> {
    Special(&'a str, u64),
    Text(&'a str, u64),
    Unknown,
}

impl<'a> Piece<'a> {
    fn of(piece: &'a Value) -> Self {
        let named = |key: &str| {
            let fields = piece.get(key)?;
            let name = fields.get("id")?.as_str()?;
            Some((name, fields.get("type_id")?.as_u64()?))
        };
        match (named("SpecialToken"), named("Sequence")) {
            (Some((name, kind)), None) => Self::Special(name, kind),
            (None, Some((name, kind))) => Self::Text(name, kind),
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for Piece<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Special(name, kind) => write!(f, "{name}:{kind}"),
            Self::Text(name, kind) => write!(f, "${name}:{kind}"),
            Self::Unknown => f.write_str("?"),
        }
    }
}

fn added_tokens(source: Source<'_>, tokens: Option<&Value>) -> Result<Vec<(String, u32)>> {
    let tokens = match tokens {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(tokens)) => tokens,
        Some(other) => {
            return Err(source.error(format!(
                "`added_tokens`: expected a list, found {}",
                json::kind(other)
            )));
        }
    };
    tokens
        .iter()
        .map(|token| {
            let Some(content) = token.get("content").and_then(Value::as_str) else {
                return Err(source.error("`added_tokens`: expected tokens with `content`"));
            };
            let id = token.get("id").unwrap_or(&Value::Null);
            Ok((
                content.to_owned(),
                token_id(source, "added_tokens", content, id)?,
            ))
        })
        .collect()
}

/// The side of stored padding or truncation, in the words of `tokenizer_config.json`.
fn direction(settings: Option<Value>) -> Option<String> {
    let direction = settings?.get("direction")?.as_str()?.to_lowercase();
    Some(direction)
}
