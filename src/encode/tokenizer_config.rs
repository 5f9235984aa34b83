//! `tokenizer_config.json`: what `AutoTokenizer` of transformers takes from it.

use serde_json::{Map, Value};
use tokenizers::AddedToken;

use super::json::{self, Source};
use crate::error::Result;

/// The classes whose fast tokenizer replaces the normalizer of `tokenizer.json` by its own
/// arguments, all with the same defaults (`BertTokenizerFast.__init__` of transformers 4.52.4).
const BERT_CLASSES: [&str; 5] = [
    "BertTokenizer",
    "ConvBertTokenizer",
    "DistilBertTokenizer",
    "ElectraTokenizer",
    "MobileBertTokenizer",
];

/// The class that takes `tokenizer.json` as it is.
const PLAIN_CLASS: &str = "PreTrainedTokenizerFast";

/// Special tokens by their attribute, in the order in which transformers registers them, and the
/// default that the BERT classes give them.
const SPECIAL_TOKENS: [(&str, Option<&str>); 7] = [
    ("bos_token", None),
    ("eos_token", None),
    ("unk_token", Some("[UNK]")),
    ("sep_token", Some("[SEP]")),
    ("pad_token", Some("[PAD]")),
    ("cls_token", Some("[CLS]")),
    ("mask_token", Some("[MASK]")),
];

/// The settings of a `BertNormalizer` that the BERT classes impose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NormalizerArguments {
    pub(super) lowercase: bool,
    pub(super) strip_accents: Option<bool>,
    pub(super) handle_chinese_chars: bool,
}

/// A special token as the file gives it.
#[derive(Debug, Clone)]
struct Special {
    content: String,
    /// Its matching rules, where the file gives more than a string.
    token: Option<AddedToken>,
    /// Whether the rules in `added_tokens_decoder` prevail, as they do for the named attributes
    /// but not for the lists of further tokens.
    looked_up: bool,
}

/// What the file says, with transformers' defaults filled in.
#[derive(Debug, Clone)]
pub(super) struct TokenizerConfig {
    /// `None` where the class leaves the normalizer of `tokenizer.json` alone.
    pub(super) normalizer: Option<NormalizerArguments>,
    pub(super) cls: String,
    pub(super) sep: String,
    pub(super) pad: String,
    pub(super) split_special_tokens: bool,
    pub(super) model_max_length: Option<usize>,
    pub(super) padding_side: Option<String>,
    pub(super) truncation_side: Option<String>,
    special: Vec<Special>,
    added: Option<Vec<AddedToken>>,
}

impl TokenizerConfig {
    pub(super) fn parse(source: Source<'_>, bytes: &[u8]) -> Result<Self> {
        let root = json::object(source, bytes)?;
        let is_bert = is_bert_class(source, &root)?;
        let normalizer = if is_bert {
            Some(NormalizerArguments {
                lowercase: flag(source, &root, "do_lower_case")?.unwrap_or(true),
                strip_accents: match root.get("strip_accents") {
                    Some(Value::Null) => None,
                    _ => flag(source, &root, "strip_accents")?,
                },
                handle_chinese_chars: flag(source, &root, "tokenize_chinese_chars")?
                    .unwrap_or(true),
            })
        } else {
            None
        };

        let mut special: Vec<Special> = Vec::new();
        let mut register = |token: Special| {
            if special.iter().all(|seen| seen.content != token.content) {
                special.push(token);
            }
        };
        let (mut cls, mut sep, mut pad) = (None, None, None);
        for (attribute, default) in SPECIAL_TOKENS {
            let token = match root.get(attribute) {
                None => default.filter(|_| is_bert).map(|name| Special {
                    content: name.to_owned(),
                    token: None,
                    looked_up: true,
                }),
                Some(Value::Null) => None,
                Some(value) => Some(parse_special(source, attribute, value, true)?),
            };
            let content = token.as_ref().map(|token| token.content.clone());
            match attribute {
                "cls_token" => cls = content,
                "sep_token" => sep = content,
                "pad_token" => pad = content,
                _ => {}
            }
            token.into_iter().for_each(&mut register);
        }
        const MORE: &str = "additional_special_tokens";
        for value in list(source, &root, MORE)? {
            register(parse_special(source, MORE, value, false)?);
        }
        if let Some(Value::Object(extra)) = root.get("extra_special_tokens") {
            for (name, value) in extra {
                register(parse_special(source, name, value, false)?);
            }
        }

        Ok(Self {
            normalizer,
            cls: cls.unwrap_or_else(|| "[CLS]".to_owned()),
            sep: sep.unwrap_or_else(|| "[SEP]".to_owned()),
            pad: pad.unwrap_or_else(|| "[PAD]".to_owned()),
            split_special_tokens: flag(source, &root, "split_special_tokens")?.unwrap_or(false),
            model_max_length: root
                .get("model_max_length")
                .or_else(|| root.get("max_len"))
                .and_then(Value::as_u64)
                .and_then(|length| usize::try_from(length).ok()),
            padding_side: side(source, &root, "padding_side")?,
            truncation_side: side(source, &root, "truncation_side")?,
            special,
            added: added_tokens(source, &root)?,
        })
    }

    /// The tokens that transformers adds to the tokenizer after loading `tokenizer.json`, whose
    /// own added tokens are `existing`.
    ///
    /// `PreTrainedTokenizerFast.__init__`: first `added_tokens_decoder`, then every special token
    /// that is not there yet; whatever a special token names becomes special.
    pub(super) fn tokens_to_add(&self, existing: &[AddedToken]) -> Vec<AddedToken> {
        let known = self.added.as_deref().unwrap_or(existing);
        let mut tokens: Vec<AddedToken> = self.added.clone().unwrap_or_default();
        for special in &self.special {
            let declared = known
                .iter()
                .rev()
                .find(|token| special.looked_up && token.content == special.content);
            let token = match declared.or(special.token.as_ref()) {
                Some(token) => token.clone(),
                None => {
                    let mut present = existing.iter().chain(&tokens);
                    if present.any(|token| token.content == special.content) {
                        continue;
                    }
                    AddedToken::from(special.content.as_str(), true)
                }
            };
            if !tokens.contains(&token) {
                tokens.push(token);
            }
        }
        for token in &mut tokens {
            token.special |= self
                .special
                .iter()
                .any(|special| special.content == token.content);
        }
        tokens
    }
}

/// Whether the class is one of [`BERT_CLASSES`]. Without a class transformers asks the model's
/// configuration, which for the models read here says BERT.
fn is_bert_class(source: Source<'_>, root: &Map<String, Value>) -> Result<bool> {
    let class = match root.get("tokenizer_class") {
        None | Some(Value::Null) => return Ok(true),
        Some(Value::String(class)) => class.as_str(),
        Some(other) => {
            return Err(source.error(format!(
                "`tokenizer_class`: expected a string, found {}",
                json::kind(other)
            )));
        }
    };
    let base = class.strip_suffix("Fast").unwrap_or(class);
    if BERT_CLASSES.contains(&base) {
        Ok(true)
    } else if class == PLAIN_CLASS {
        Ok(false)
    } else {
        Err(source.error(format!(
            "`tokenizer_class`: expected {} or {PLAIN_CLASS}, found {class}",
            BERT_CLASSES.join(", ")
        )))
    }
}

fn parse_special(
    source: Source<'_>,
    attribute: &str,
    value: &Value,
    looked_up: bool,
) -> Result<Special> {
    let token = match value {
        Value::String(_) => None,
        Value::Object(_) => Some(parse_token(source, attribute, value)?),
        other => {
            return Err(source.error(format!(
                "`{attribute}`: expected a string or a token, found {}",
                json::kind(other)
            )));
        }
    };
    let content = match (&token, value) {
        (Some(token), _) => token.content.clone(),
        (None, value) => value.as_str().unwrap_or_default().to_owned(),
    };
    Ok(Special {
        content,
        token,
        looked_up,
    })
}

/// `AddedToken(**value)` of tokenizers' Python binding: what is missing is false, and only special
/// tokens are matched before normalization.
fn parse_token(source: Source<'_>, place: &str, value: &Value) -> Result<AddedToken> {
    let Some(fields) = value.as_object() else {
        return Err(source.error(format!(
            "`{place}`: expected a token, found {}",
            json::kind(value)
        )));
    };
    let Some(content) = fields.get("content").and_then(Value::as_str) else {
        return Err(source.error(format!("`{place}`: expected a token with `content`")));
    };
    let special = flag(source, fields, "special")?.unwrap_or(false);
    Ok(AddedToken::from(content, special)
        .normalized(flag(source, fields, "normalized")?.unwrap_or(!special))
        .single_word(flag(source, fields, "single_word")?.unwrap_or(false))
        .lstrip(flag(source, fields, "lstrip")?.unwrap_or(false))
        .rstrip(flag(source, fields, "rstrip")?.unwrap_or(false)))
}

/// `added_tokens_decoder`, by id.
fn added_tokens(source: Source<'_>, root: &Map<String, Value>) -> Result<Option<Vec<AddedToken>>> {
    const KEY: &str = "added_tokens_decoder";
    let entries = match root.get(KEY) {
        None => return Ok(None),
        Some(Value::Object(entries)) => entries,
        Some(other) => {
            return Err(source.error(format!(
                "`{KEY}`: expected an object, found {}",
                json::kind(other)
            )));
        }
    };
    let mut tokens = Vec::with_capacity(entries.len());
    for (id, token) in entries {
        let id: u32 = id
            .parse()
            .map_err(|_| source.error(format!("`{KEY}`: expected token ids, found `{id}`")))?;
        tokens.push((id, parse_token(source, KEY, token)?));
    }
    tokens.sort_by_key(|(id, _)| *id);
    Ok(Some(tokens.into_iter().map(|(_, token)| token).collect()))
}

fn flag(source: Source<'_>, root: &Map<String, Value>, key: &str) -> Result<Option<bool>> {
    match root.get(key) {
        None => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        Some(other) => Err(source.error(format!(
            "`{key}`: expected true or false, found {}",
            json::kind(other)
        ))),
    }
}

fn side(source: Source<'_>, root: &Map<String, Value>, key: &str) -> Result<Option<String>> {
    match root.get(key) {
        None => Ok(None),
        Some(Value::String(side)) => Ok(Some(side.clone())),
        Some(other) => Err(source.error(format!(
            "`{key}`: expected `right`, found {}",
            json::kind(other)
        ))),
    }
}

fn list<'a>(source: Source<'_>, root: &'a Map<String, Value>, key: &str) -> Result<&'a [Value]> {
    match root.get(key) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(values)) => Ok(values),
        Some(other) => Err(source.error(format!(
            "`{key}`: expected a list, found {}",
            json::kind(other)
        ))),
    }
}
