//! Reading the two JSON files of a tokenizer.

use serde_json::{Map, Value};

use crate::error::{Error, Result, lfs_pointer};

/// The file that is being read, for messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a>(pub(super) &'a str);

impl Source<'_> {
    pub(super) fn error(self, reason: impl Into<String>) -> Error {
        Error::Tokenizer {
            file: self.0.to_owned(),
            reason: reason.into(),
        }
    }
}

/// The file's root object.
pub(super) fn object(source: Source<'_>, bytes: &[u8]) -> Result<Map<String, Value>> {
    if let Some(reason) = lfs_pointer(bytes) {
        return Err(source.error(reason));
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(root)) => Ok(root),
        Ok(other) => Err(source.error(format!("expected a JSON object, found {}", kind(&other)))),
        Err(error) => Err(source.error(format!("not JSON: {error}"))),
    }
}

/// What a value is, in words.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
