//! Values as forms, queries and careless clients write them.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected `true` or `false`")]
enum Scalar {
    Truth(bool),
    Number(f64),
    Text(String),
    Empty(()),
}

/// `true`, `"true"`, `1`, `"1"`, `"on"` and their opposites in letters of any case; an empty text
/// is not set.
///
/// # Errors
/// When it is none of these.
pub fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    match Option::<Scalar>::deserialize(deserializer)? {
        None | Some(Scalar::Empty(())) => Ok(None),
        Some(Scalar::Truth(value)) => Ok(Some(value)),
        Some(Scalar::Number(number)) => Ok(Some(number != 0.0)),
        Some(Scalar::Text(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "" => Ok(None),
            "true" | "1" | "on" | "t" | "yes" | "y" => Ok(Some(true)),
            "false" | "0" | "off" | "f" | "no" | "n" => Ok(Some(false)),
            _ => Err(D::Error::custom("expected `true` or `false`")),
        },
    }
}

/// Whether there is anything: not null, and no empty text, list or map, nor one of nothing but
/// those.
///
/// # Errors
/// When it is not UTF-8.
pub fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value = Option::<serde_json::Value>::deserialize(deserializer)?;
    Ok(value.is_some_and(|value| is_something(&value)))
}

fn is_something(value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => list.iter().any(is_something),
        Value::Object(map) => map.values().any(is_something),
    }
}

/// An id or other text that some clients write as a number.
///
/// # Errors
/// When it is neither.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text")]
    enum Textual {
        Text(String),
        Number(u64),
        Empty(()),
    }
    Ok(
        Option::<Textual>::deserialize(deserializer)?.map(|value| match value {
            Textual::Text(text) => text,
            Textual::Number(number) => number.to_string(),
            Textual::Empty(()) => String::new(),
        }),
    )
}

/// A number that is not negative, also as a text; an empty text is not set.
///
/// # Errors
/// When it is none.
pub fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let written = text(deserializer)?;
    let written = written.as_deref().map(str::trim);
    match written.filter(|written| !written.is_empty()) {
        None => Ok(None),
        Some(written) => match written.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(D::Error::custom("expected a number, 0 or above")),
        },
    }
}

/// A list, or its only element by itself; the same name more than once; or a map from numbers, as
/// `name[0]=` makes it.
///
/// # Errors
/// When it is none of these.
pub fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    // The tree of parameters turns each of these into a list when one is asked for.
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A list as [`list`] reads it, where leaving it out says something else than an empty one.
///
/// # Errors
/// When it is none of these.
pub fn optional_list<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<String>>, D::Error> {
    list(deserializer).map(Some)
}
