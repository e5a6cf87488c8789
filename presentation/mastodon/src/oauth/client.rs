//! Which application is asking: by HTTP Basic, or by fields of the form (RFC 6749, section 2.3.1).

use axum::extract::FromRequestParts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header;
use http::request::Parts;
use percent_encoding::percent_decode_str;

/// An application's id and secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) client_id: String,
    pub(super) client_secret: String,
}

/// The credentials of the `Authorization` header, if it has any.
#[derive(Debug)]
pub(super) struct BasicCredentials(Option<Credentials>);

impl BasicCredentials {
    /// The header's credentials, or else the form's.
    pub(super) fn or(
        self,
        client_id: Option<String>,
        client_secret: Option<String>,
    ) -> Credentials {
        // A client should use one way only (RFC 6749, section 2.3); of two, the header counts.
        self.0.unwrap_or_else(|| Credentials {
            client_id: client_id.unwrap_or_default(),
            client_secret: client_secret.unwrap_or_default(),
        })
    }
}

impl<S: Sync> FromRequestParts<S> for BasicCredentials {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let header = parts.headers.get(header::AUTHORIZATION);
        Ok(Self(
            header.and_then(|value| parse_basic(value.to_str().ok()?)),
        ))
    }
}

fn parse_basic(header: &str) -> Option<Credentials> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (client_id, client_secret) = decoded.split_once(':')?;
    Some(Credentials {
        client_id: form_decoded(client_id)?,
        client_secret: form_decoded(client_secret)?,
    })
}

/// OAuth form-encodes both before they are joined; for the letters that our credentials are made
/// of, that changes nothing.
fn form_decoded(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    let decoded = percent_decode_str(&text).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(decoded: &str, expected: Option<(&str, &str)>) {
        let header = format!("Basic {}", STANDARD.encode(decoded));
        let expected = expected.map(|(client_id, client_secret)| Credentials {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
        });
        assert_eq!(parse_basic(&header), expected, "{decoded}");
    }

    #[test]
    fn credentials_are_read_from_the_header() {
        check("id:secret", Some(("id", "secret")));
        check("id:a:b", Some(("id", "a:b")));
        check("i%3Ad:s%20t", Some(("i:d", "s t")));
        check("id:", Some(("id", "")));
        check("id", None);
    }

    #[test]
    fn what_is_not_basic_is_passed_over() {
        for header in ["", "Basic", "Basic !!!", "Bearer aWQ6c2VjcmV0"] {
            assert_eq!(parse_basic(header), None, "{header}");
        }
        assert!(parse_basic("basic aWQ6c2VjcmV0").is_some());
    }
}
