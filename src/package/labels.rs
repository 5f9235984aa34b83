//! The order of the labels, from the user-defined metadata.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::quote;
use super::spec::LabelSource;
use crate::error::{Error, Result};
use crate::section::Section;

/// What a metadata key's last part may be called, without case and underscores.
const KEYS: [&str; 5] = ["labels", "labelnames", "classes", "id2label", "label2id"];

/// Where Xcode's model preview keeps its parameters, an object that may have `labels`.
const PREVIEW_KEY: &str = "com.apple.coreml.model.preview.params";

/// The sections in the order of the logits columns.
type Order = [Section; Section::COUNT];

/// Finds the labels in the metadata and puts them in the order of the logits columns.
///
/// The model card says that the package holds the label names, but neither the key nor the form. Any
/// key whose last part, after the last dot, is `labels`, `label_names`, `classes`, `id2label` or
/// `label2id` is taken, in any case and with or without underscores. The value is a list, an object
/// id → name, an object name → id, or names separated by commas; lists and objects may be written as
/// JSON or as Python shows them, since metadata values are strings and `str(...)` is what makes one.
/// Where several keys hold labels, they must agree.
///
/// # Errors
///
/// [`Error::Mismatch`] when there are labels but not exactly the five, each once.
pub(super) fn read(file: &str, metadata: &HashMap<String, String>) -> Result<(Order, LabelSource)> {
    // In the order of the keys, so that the outcome does not hang on the order of a hash map.
    let metadata: BTreeMap<&String, &String> = metadata.iter().collect();
    let mut found: Option<(Order, &String)> = None;
    for (key, value) in metadata {
        let parsed = if key == PREVIEW_KEY {
            let Some(labels) = preview_labels(value) else {
                continue;
            };
            parse(&labels)
        } else if KEYS.contains(&last_part(key).as_str()) {
            parse(value)
        } else {
            continue;
        };
        let order = parsed.map_err(|reason| mismatch(file, key, reason))?;
        match found {
            Some((first, first_key)) if first != order => {
                return Err(mismatch(
                    file,
                    key,
                    Wrong {
                        expected: format!("the order of {}", quote::text(first_key)),
                        found: "another one".to_owned(),
                    },
                ));
            }
            Some(_) => {}
            None => found = Some((order, key)),
        }
    }
    Ok(match found {
        Some((order, key)) => (order, LabelSource::Metadata(key.clone())),
        None => (Section::ALL, LabelSource::ModelCard),
    })
}

/// The last part of a metadata key, after the last dot, without case and underscores:
/// `com.apple.coreml.model.labelNames` and `label_names` are the same.
pub(super) fn last_part(key: &str) -> String {
    key.rsplit('.')
        .next()
        .unwrap_or_default()
        .chars()
        .filter(|c| !matches!(c, '_' | '-'))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// The `labels` among the parameters of the preview, as JSON.
fn preview_labels(params: &str) -> Option<String> {
    let params: Value = serde_json::from_str(params).ok()?;
    Some(params.get("labels")?.to_string())
}

/// What is wrong with a set of labels.
struct Wrong {
    expected: String,
    found: String,
}

impl Wrong {
    fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            expected: expected.into(),
            found: found.into(),
        }
    }
}

fn mismatch(file: &str, key: &str, wrong: Wrong) -> Error {
    Error::Mismatch {
        file: file.to_owned(),
        what: format!("metadata {}", quote::text(key)),
        expected: wrong.expected,
        found: wrong.found,
    }
}

/// Reads labels in any of the forms.
fn parse(value: &str) -> Result<Order, Wrong> {
    let value = value.trim();
    let written_as_collection = value.starts_with(['[', '{', '(']);
    let entries = if written_as_collection {
        literal::parse(value)
            .map_err(|reason| Wrong::new("a list or an object of names", reason))?
    } else {
        comma_separated(value)
    };
    arrange(entries)
}

fn comma_separated(value: &str) -> Vec<Entry> {
    value
        .split(',')
        .map(|name| Entry {
            key: None,
            value: Atom::Text(name.trim().to_owned()),
        })
        .collect()
}

/// An element of a list (no key) or of an object.
struct Entry {
    key: Option<Atom>,
    value: Atom,
}

enum Atom {
    Text(String),
    Number(usize),
}

impl Atom {
    fn id(&self) -> Option<usize> {
        match self {
            Self::Text(text) => text.trim().parse().ok(),
            Self::Number(number) => Some(*number),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Text(text) => quote::text(text),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// Puts each name in its column.
fn arrange(entries: Vec<Entry>) -> Result<Order, Wrong> {
    if entries.len() != Section::COUNT {
        return Err(Wrong::new(
            format!("{} labels", Section::COUNT),
            entries.len().to_string(),
        ));
    }
    let mut columns = [None; Section::COUNT];
    for (position, entry) in entries.iter().enumerate() {
        let (column, name) = match (&entry.key, &entry.value) {
            (None, name) => (position, name),
            // id → name, or else name → id.
            (Some(key), value) => match (key.id(), value.id()) {
                (Some(id), None) => (id, value),
                (None, Some(id)) => (id, key),
                _ => {
                    return Err(Wrong::new(
                        "an id from 0 to 4 and a name",
                        format!("{}: {}", key.shown(), value.shown()),
                    ));
                }
            },
        };
        let section = match name {
            Atom::Text(text) => text.parse::<Section>().ok(),
            Atom::Number(_) => None,
        }
        .ok_or_else(|| Wrong::new(expected_names(), name.shown()))?;
        if columns.contains(&Some(section)) {
            return Err(Wrong::new("each label once", format!("`{section}` twice")));
        }
        let Some(slot) = columns.get_mut(column) else {
            return Err(Wrong::new("ids from 0 to 4", format!("id {column}")));
        };
        if slot.replace(section).is_some() {
            return Err(Wrong::new("each id once", format!("id {column} twice")));
        }
    }
    // Five entries in five columns, none twice: all are filled.
    let mut order = Section::ALL;
    for (slot, column) in order.iter_mut().zip(columns) {
        *slot = column.ok_or_else(|| Wrong::new("a label for each id", "one without"))?;
    }
    Ok(order)
}

fn expected_names() -> String {
    Section::ALL.map(Section::name).join(", ")
}

/// Lists and objects of strings and numbers, as JSON or as Python shows them.
mod literal {
    use super::{Atom, Entry};
    use crate::package::quote;

    /// Reads `[…]`, `(…)` or `{…}`, of which only whitespace may follow.
    pub(super) fn parse(text: &str) -> Result<Vec<Entry>, String> {
        let mut reader = Reader { rest: text };
        let closing = match reader.next_char() {
            Some('[') => ']',
            Some('(') => ')',
            Some('{') => '}',
            _ => return Err(quote::text(text)),
        };
        let mut entries = Vec::new();
        loop {
            if reader.take(closing) {
                break;
            }
            let first = reader.atom()?;
            let entry = if closing == '}' {
                reader.expect(':')?;
                Entry {
                    key: Some(first),
                    value: reader.atom()?,
                }
            } else {
                Entry {
                    key: None,
                    value: first,
                }
            };
            entries.push(entry);
            if !reader.take(',') {
                reader.expect(closing)?;
                break;
            }
        }
        if !reader.rest.trim_start().is_empty() {
            return Err(reader.unexpected());
        }
        Ok(entries)
    }

    struct Reader<'a> {
        rest: &'a str,
    }

    impl<'a> Reader<'a> {
        fn next_char(&mut self) -> Option<char> {
            let mut chars = self.rest.trim_start().chars();
            let next = chars.next();
            self.rest = chars.as_str();
            next
        }

        fn take(&mut self, expected: char) -> bool {
            match self.rest.trim_start().strip_prefix(expected) {
                Some(rest) => {
                    self.rest = rest;
                    true
                }
                None => false,
            }
        }

        fn expect(&mut self, expected: char) -> Result<(), String> {
            if self.take(expected) {
                return Ok(());
            }
            Err(format!(
                "{} where {expected:?} was expected",
                self.unexpected()
            ))
        }

        /// A string in single or double quotes, or a number.
        fn atom(&mut self) -> Result<Atom, String> {
            let start = self.rest.trim_start();
            if let Some(delimiter) = start.chars().next().filter(|c| matches!(c, '"' | '\'')) {
                return self.string(start, delimiter);
            }
            let digits = start
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(start.len());
            match start.split_at_checked(digits) {
                Some((digits, rest)) if !digits.is_empty() => {
                    let number = digits.parse().map_err(|_| quote::text(digits))?;
                    self.rest = rest;
                    Ok(Atom::Number(number))
                }
                _ => Err(self.unexpected()),
            }
        }

        fn string(&mut self, start: &'a str, delimiter: char) -> Result<Atom, String> {
            let mut escaped = false;
            let end = start
                .char_indices()
                .skip(1)
                .find(|&(_, c)| {
                    let closes = c == delimiter && !escaped;
                    escaped = c == '\\' && !escaped;
                    closes
                })
                .and_then(|(at, _)| at.checked_add(delimiter.len_utf8()));
            let (string, rest) = end
                .and_then(|end| start.split_at_checked(end))
                .ok_or_else(|| format!("{} without its closing {delimiter}", quote::text(start)))?;
            let text = if delimiter == '"' {
                serde_json::from_str(string).map_err(|_| quote::text(string))?
            } else {
                // None of the names needs an escape.
                string.trim_matches(delimiter).to_owned()
            };
            self.rest = rest;
            Ok(Atom::Text(text))
        }

        fn unexpected(&self) -> String {
            match self.rest.trim_start() {
                "" => "the end of the text".to_owned(),
                rest => quote::text(rest),
            }
        }
    }
}

#[cfg(test)]
mod tests;
