//! What comes in with a request, and clear errors when it is not what it should be.

use axum::extract::{FromRequest, FromRequestParts, Multipart, Path, Request};
use axum::http::request::Parts;
use bytes::Bytes;
use http::header;
use infra_kernel::{Error, ErrorCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// How deep `a[b][c]` may nest in a form or a query.
const NESTING_MAX: usize = 4;
/// The most characters of a parser's words that are repeated to the client.
const DETAIL_CHARACTERS_MAX: usize = 200;
/// The most text fields taken from a multipart form.
const MULTIPART_FIELDS_MAX: usize = 200;

/// The id in a route's path; what is no id is answered as what is not there.
#[derive(Debug)]
pub struct PathOf<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for PathOf<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(rejection) => {
                let text = "There is nothing at this address: the id in it is not one.";
                Err(Error::new(ErrorCode::NotFound, text)
                    .with_source(rejection)
                    .into())
            }
        }
    }
}

/// The query, with `name[]=a&name[]=b` for lists.
#[derive(Debug)]
pub struct QueryOf<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for QueryOf<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(from_pairs(
            parts.uri.query().unwrap_or_default().as_bytes(),
            "query",
        )?))
    }
}

/// The body: JSON, a form, or a multipart form of text fields. No body is an empty form.
#[derive(Debug)]
pub struct BodyOf<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for BodyOf<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let content_type = content_type(&request).to_owned();
        match content_type.as_str() {
            "application/json" => Ok(Self(from_json(&read(request, state).await?)?)),
            "multipart/form-data" => Ok(Self(from_pairs(
                &multipart_pairs(request, state).await?,
                "form",
            )?)),
            "application/x-www-form-urlencoded" | "" => {
                Ok(Self(from_pairs(&read(request, state).await?, "form")?))
            }
            other => {
                let shown: String = other.chars().take(64).collect();
                let text = format!(
                    "A body of type `{shown}` is not taken here: send JSON (application/json) or a form \
                     (application/x-www-form-urlencoded or multipart/form-data)."
                );
                Err(Error::new(ErrorCode::Unsupported, text).into())
            }
        }
    }
}

/// The content type without its parameters, in lower case by convention of every client.
fn content_type(request: &Request) -> &str {
    let value = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state)
        .await
        .map_err(|rejection| {
            let status = rejection.status();
            body_error(status, rejection)
        })
}

fn body_error(
    status: http::StatusCode,
    rejection: impl std::error::Error + Send + Sync + 'static,
) -> Problem {
    let error = if status == http::StatusCode::PAYLOAD_TOO_LARGE {
        Error::new(
            ErrorCode::TooLarge,
            "The body is larger than is taken here.",
        )
    } else {
        Error::new(ErrorCode::Invalid, "The body could not be read to its end.")
    };
    error.with_source(rejection).into()
}

fn from_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let body = if body.trim_ascii().is_empty() {
        b"{}"
    } else {
        body
    };
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = error.path().to_string();
        match field.as_str() {
            // Not in a field: the JSON itself is broken, or is no object.
            "." | "?" => malformed("JSON", error.inner()),
            _ => malformed_field(&field, error.inner()),
        }
    })?;
    json.end().map_err(|error| malformed("JSON", &error))?;
    Ok(value)
}

fn from_pairs<T: DeserializeOwned>(pairs: &[u8], what: &str) -> Result<T, Problem> {
    // Browsers and most clients encode the brackets of `ids[]`; some do not. Form encoding reads both.
    let config = serde_qs::Config::new()
        .max_depth(NESTING_MAX)
        .use_form_encoding(true);
    config
        .deserialize_bytes(pairs)
        .map_err(|error| malformed(what, &error))
}

fn malformed(what: &str, error: &dyn std::fmt::Display) -> Problem {
    let detail: String = error
        .to_string()
        .chars()
        .take(DETAIL_CHARACTERS_MAX)
        .collect();
    Error::new(
        ErrorCode::Invalid,
        format!("The {what} of this request is not as it should be: {detail}."),
    )
    .into()
}

fn malformed_field(field: &str, error: &dyn std::fmt::Display) -> Problem {
    let detail: String = error
        .to_string()
        .chars()
        .take(DETAIL_CHARACTERS_MAX)
        .collect();
    let field: String = field.chars().take(DETAIL_CHARACTERS_MAX).collect();
    let text = format!("`{field}` is not as it should be: {detail}.");
    Error::invalid(field, text).into()
}

/// The text fields of a multipart form as an encoded form. Files in it are passed over.
async fn multipart_pairs<S: Send + Sync>(request: Request, state: &S) -> Result<Vec<u8>, Problem> {
    let mut form = Multipart::from_request(request, state)
        .await
        .map_err(|rejection| malformed("multipart form", &rejection))?;
    let mut pairs = Vec::new();
    for _ in 0..MULTIPART_FIELDS_MAX {
        let Some(field) = form
            .next_field()
            .await
            .map_err(|error| body_error(error.status(), error))?
        else {
            return Ok(pairs);
        };
        if field.file_name().is_some() {
            continue;
        }
        let name = field.name().unwrap_or_default().to_owned();
        let value = field
            .bytes()
            .await
            .map_err(|error| body_error(error.status(), error))?;
        if !pairs.is_empty() {
            pairs.push(b'&');
        }
        push_pair(&name, &value, &mut pairs);
    }
    Err(Error::new(
        ErrorCode::Invalid,
        format!("A form may have at most {MULTIPART_FIELDS_MAX} fields."),
    )
    .into())
}

/// Adds `name=value` in form encoding; brackets in the name stay, they mean lists.
pub fn push_pair(name: &str, value: &[u8], pairs: &mut Vec<u8>) {
    use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
    const NAME: &percent_encoding::AsciiSet =
        &NON_ALPHANUMERIC.remove(b'[').remove(b']').remove(b'_');
    pairs.extend(percent_encode(name.as_bytes(), NAME).to_string().bytes());
    pairs.push(b'=');
    pairs.extend(percent_encode(value, NON_ALPHANUMERIC).to_string().bytes());
}

/// Reads an encoded form that [`push_pair`] made, for handlers that take files themselves.
///
/// # Errors
/// When a field is not of its type; the answer says which.
pub fn parse_pairs<T: DeserializeOwned>(pairs: &[u8]) -> Result<T, Problem> {
    from_pairs(pairs, "form")
}

/// Values as forms, queries and careless clients write them.
pub mod lenient {
    use super::Deserialize;
    use serde::Deserializer;
    use serde::de::Error as _;

    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected `true` or `false`")]
    enum Scalar {
        Truth(bool),
        Number(f64),
        Text(String),
        /// `name=` in a form: an empty text.
        Empty(()),
    }

    /// `true`, `"true"`, `1`, `"1"`, `"on"` and their opposites; an empty text is not set.
    ///
    /// # Errors
    /// When it is none of these.
    pub fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
        match Option::<Scalar>::deserialize(deserializer)? {
            None | Some(Scalar::Empty(())) => Ok(None),
            Some(Scalar::Truth(value)) => Ok(Some(value)),
            Some(Scalar::Number(number)) => Ok(Some(number != 0.0)),
            Some(Scalar::Text(text)) => match text.to_ascii_lowercase().as_str() {
                "" => Ok(None),
                "true" | "1" | "on" | "t" | "yes" => Ok(Some(true)),
                "false" | "0" | "off" | "f" | "no" => Ok(Some(false)),
                _ => Err(D::Error::custom("expected `true` or `false`")),
            },
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
            /// `name=` in a form: an empty text.
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

    /// A list, or its only element by itself.
    ///
    /// # Errors
    /// When it is neither.
    pub fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a text")]
        enum Element {
            Text(String),
            Number(u64),
            /// `name=` in a form: an empty text.
            Empty(()),
        }
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a list of texts")]
        enum Elements {
            Many(Vec<Element>),
            One(Element),
        }
        let text = |element| match element {
            Element::Text(text) => text,
            Element::Number(number) => number.to_string(),
            Element::Empty(()) => String::new(),
        };
        Ok(match Option::<Elements>::deserialize(deserializer)? {
            None => Vec::new(),
            Some(Elements::Many(elements)) => elements.into_iter().map(text).collect(),
            Some(Elements::One(element)) => vec![text(element)],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(default)]
    #[derive(Default)]
    struct Form {
        #[serde(deserialize_with = "lenient::truth")]
        sensitive: Option<bool>,
        #[serde(deserialize_with = "lenient::list")]
        media_ids: Vec<String>,
        #[serde(deserialize_with = "lenient::text")]
        in_reply_to_id: Option<String>,
    }

    #[test]
    fn forms_and_json_say_the_same_in_their_own_ways() {
        let expected = Form {
            sensitive: Some(true),
            media_ids: vec!["1".into(), "2".into()],
            in_reply_to_id: Some("7".into()),
        };
        let forms = [
            "sensitive=1&media_ids[]=1&media_ids[]=2&in_reply_to_id=7",
            "sensitive=true&media_ids%5B%5D=1&media_ids%5B%5D=2&in_reply_to_id=7",
            "sensitive=on&media_ids[0]=1&media_ids[1]=2&in_reply_to_id=7",
        ];
        for form in forms {
            assert_eq!(
                from_pairs::<Form>(form.as_bytes(), "form").unwrap(),
                expected,
                "{form}"
            );
        }
        let json = br#"{"sensitive":true,"media_ids":["1",2],"in_reply_to_id":7}"#;
        assert_eq!(from_json::<Form>(json).unwrap(), expected);
        assert_eq!(from_json::<Form>(b" ").unwrap(), Form::default());
    }

    #[test]
    fn a_wrong_value_is_told_by_its_field() {
        let Problem(error) = from_json::<Form>(br#"{"in_reply_to_id":{"a":1}}"#).unwrap_err();
        assert_eq!(error.field(), Some("in_reply_to_id"));
        assert!(error.public().contains("expected a text"), "{error}");
        for broken in [&b"{"[..], b"7", b"{} {}"] {
            let Problem(error) = from_json::<Form>(broken).unwrap_err();
            assert_eq!(error.field(), None, "{error}");
        }
    }

    #[test]
    fn a_field_left_empty_is_no_error() {
        let form = from_pairs::<Form>(b"sensitive=&in_reply_to_id=", "form").unwrap();
        assert_eq!(form.sensitive, None);
        assert_eq!(form.in_reply_to_id.as_deref().unwrap_or_default(), "");
        for empty in ["media_ids=", "media_ids[]="] {
            let form = from_pairs::<Form>(empty.as_bytes(), "form").unwrap();
            assert!(form.media_ids.iter().all(String::is_empty), "{empty}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = from_pairs::<Form>(b"sensitive=perhaps", "form")
            .unwrap_err()
            .0;
        assert!(error.public().contains("true"), "{error}");
        assert!(from_json::<Form>(b"{").is_err());
    }

    #[test]
    fn pairs_survive_the_round_trip() {
        let mut pairs = Vec::new();
        push_pair("media_ids[]", "a&b=ü".as_bytes(), &mut pairs);
        let form: Form = parse_pairs(&pairs).unwrap();
        assert_eq!(form.media_ids, ["a&b=ü"]);
    }
}
