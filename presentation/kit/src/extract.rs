//! What comes in with a request, and clear errors when it is not what it should be.
//!
//! Parameters come in the address and in the body, and mean the same in both: the address is read
//! first, the body over it, as in Mastodon. So a client that sends
//! `POST /api/v1/statuses?status=hello` is understood, and nothing it says is silently lost. Only a
//! person's password is refused in an address, because addresses end up in logs and histories.

pub mod lenient;
mod multipart;
mod tree;

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use bytes::Bytes;
use http::header;
use infra_kernel::{Error, ErrorCode};
use serde::de::DeserializeOwned;

use crate::problem::Problem;
use tree::{Malformed, Map, Node};

pub use multipart::{decoded, is_text};

/// The most characters of a parser's words that are repeated to the client.
const DETAIL_CHARACTERS_MAX: usize = 200;
/// What may not stand in an address. The other secrets may, as clients send them there: a code
/// works once, and a client's secret opens nothing by itself.
const REFUSED_IN_ADDRESSES: [&str; 1] = ["password"];
/// What an empty value never takes the place of: who may see something would become more than was
/// said.
const KEPT_BY_EMPTY: [&str; 1] = ["visibility"];

/// Where null says "none any more", as an empty value does, and leaving it out that it stays.
const EMPTIED_BY_NULL: [&str; 1] = ["expires_in"];

/// The id or name in a route's path; what is none is treated as not found.
#[derive(Debug)]
pub struct PathOf<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for PathOf<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(rejection) => {
                let text = "There is nothing at this address: what should be an id or a name in it is none.";
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
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self(parse_pairs(query.as_bytes())?))
    }
}

/// The parameters of a request that changes something: those of the address, and over them those of
/// the body, which is JSON, a form, or a multipart form of texts. No body is an empty form.
#[derive(Debug)]
pub struct BodyOf<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for BodyOf<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let mut parameters = of_address(request.uri().query())?;
        let content_type = content_type(&request);
        let of_body = match kind_of(&content_type) {
            Kind::Multipart => multipart::read(request, state).await?,
            kind => of_bytes(&read(request, state).await?, kind, &content_type)?,
        };
        lay_over(&mut parameters, of_body);
        Ok(Self(deserialize(parameters)?))
    }
}

/// How a body's parameters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Form,
    Multipart,
    /// Not said: a form, unless it looks like JSON.
    Unsaid,
    /// Some clients call their JSON a plain text.
    Text,
    Unknown,
}

fn kind_of(content_type: &str) -> Kind {
    match content_type {
        "application/json" | "text/json" | "application/x-json" => Kind::Json,
        "application/x-www-form-urlencoded" => Kind::Form,
        "multipart/form-data" => Kind::Multipart,
        "" => Kind::Unsaid,
        "text/plain" => Kind::Text,
        other if other.starts_with("application/") && other.ends_with("+json") => Kind::Json,
        _ => Kind::Unknown,
    }
}

/// The content type without its parameters, in lower case.
fn content_type(request: &Request) -> String {
    let value = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let name = value.split(';').next().unwrap_or_default();
    name.trim().to_ascii_lowercase()
}

/// The parameters of an address.
fn of_address(query: Option<&str>) -> Result<Map, Problem> {
    let parameters = from_pairs(query.unwrap_or_default().as_bytes(), "query")?;
    for name in REFUSED_IN_ADDRESSES {
        if parameters.contains_key(name) {
            let text = format!(
                "`{name}` is not taken in an address, because addresses are written into logs: send it in the body."
            );
            return Err(Error::invalid(name, text).into());
        }
    }
    Ok(parameters)
}

/// Puts the body's parameters over those of the address. What is null was not said, with
/// one exception.
fn lay_over(parameters: &mut Map, of_body: Map) {
    for (name, mut node) in of_body {
        if node == Node::Null && EMPTIED_BY_NULL.contains(&&*name) {
            node = Node::Text(String::new());
        }
        let is_kept = KEPT_BY_EMPTY.contains(&&*name) && node.is_empty_text();
        if !parameters.contains_key(&name) || !(is_kept || node == Node::Null) {
            parameters.insert(name, node);
        }
    }
    // Also where the name comes twice in one of them, because the last value would count.
    for name in KEPT_BY_EMPTY {
        if let Some(node) = parameters.get_mut(name) {
            node.drop_empty_repeated();
        }
    }
}

fn of_bytes(body: &[u8], kind: Kind, content_type: &str) -> Result<Map, Problem> {
    let body = body.trim_ascii();
    let looks_like_json = body.starts_with(b"{");
    match kind {
        // Whatever its type: clients name one even when they send nothing.
        _ if body.is_empty() => Ok(Map::new()),
        Kind::Json => from_json(body),
        Kind::Unsaid | Kind::Text if looks_like_json => from_json(body),
        Kind::Form | Kind::Unsaid => from_pairs(body, "form"),
        Kind::Text | Kind::Multipart | Kind::Unknown => {
            let shown: String = content_type.chars().take(64).collect();
            let text = format!(
                "A body of type `{shown}` is not taken here: send JSON (application/json) or a form \
                 (application/x-www-form-urlencoded or multipart/form-data)."
            );
            Err(Error::new(ErrorCode::Unsupported, text).into())
        }
    }
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

/// Of a name that comes twice in one object the last value counts, as in Rails: `serde_json::Value`
/// has it so.
fn from_json(body: &[u8]) -> Result<Map, Problem> {
    match serde_json::from_slice(body) {
        Ok(serde_json::Value::Null) => Ok(Map::new()),
        Ok(value @ serde_json::Value::Object(_)) => match Node::from(value) {
            Node::Map(map) => Ok(map),
            // Not reached: an object becomes a map.
            _ => Ok(Map::new()),
        },
        Ok(_) => Err(malformed("JSON", &"an object is expected")),
        Err(error) => Err(malformed("JSON", &error)),
    }
}

fn from_pairs(pairs: &[u8], what: &str) -> Result<Map, Problem> {
    tree::from_pairs(pairs).map_err(|error| not_a_tree(error, what))
}

fn not_a_tree(Malformed { name, why }: Malformed, what: &str) -> Problem {
    let text = format!("The {what} of this request is not as it should be: `{name}`: {why}.");
    Error::invalid(name, text).into()
}

fn deserialize<T: DeserializeOwned>(parameters: Map) -> Result<T, Problem> {
    serde_path_to_error::deserialize(Node::Map(parameters)).map_err(|error| {
        let field = error.path().to_string();
        match field.as_str() {
            // How `serde_path_to_error` writes the root, and a place that it lost track of.
            "." | "?" => malformed("request", error.inner()),
            _ => malformed_field(&field, error.inner()),
        }
    })
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

/// Adds `name=value` in form encoding; brackets in the name stay, they mean lists.
pub fn push_pair(name: &str, value: &[u8], pairs: &mut Vec<u8>) {
    use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
    const NAME: &percent_encoding::AsciiSet =
        &NON_ALPHANUMERIC.remove(b'[').remove(b']').remove(b'_');
    pairs.extend(percent_encode(name.as_bytes(), NAME).to_string().bytes());
    pairs.push(b'=');
    pairs.extend(percent_encode(value, NON_ALPHANUMERIC).to_string().bytes());
}

/// Reads an encoded form or query.
///
/// # Errors
/// When a field is not of its type; the error says which.
pub fn parse_pairs<T: DeserializeOwned>(pairs: &[u8]) -> Result<T, Problem> {
    deserialize(from_pairs(pairs, "form")?)
}

/// Reads the parameters of an address and over them an encoded form that [`push_pair`] made, for
/// handlers that take files themselves.
///
/// # Errors
/// When a field is not of its type, or may not stand in an address; the error says which.
pub fn parse_pairs_over<T: DeserializeOwned>(
    query: Option<&str>,
    pairs: &[u8],
) -> Result<T, Problem> {
    let mut parameters = of_address(query)?;
    lay_over(&mut parameters, from_pairs(pairs, "form")?);
    deserialize(parameters)
}

#[cfg(test)]
mod tests;
