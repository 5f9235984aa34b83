//! Reading what the API sends now and then instead of what it documents.

use serde::{Deserialize, Deserializer};

/// The value, or its default for `null`.
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A string, a whole number as its digits, or nothing for `null`.
pub(super) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a string or a whole number")]
    enum Id {
        Text(String),
        Number(i64),
        Large(u64),
    }

    Ok(match Option::deserialize(deserializer)? {
        Some(Id::Text(text)) => text,
        Some(Id::Number(number)) => number.to_string(),
        Some(Id::Large(number)) => number.to_string(),
        None => String::new(),
    })
}
