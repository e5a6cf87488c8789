//! Multipart forms of texts.

use axum::extract::{FromRequest as _, Multipart, Request};
use encoding_rs::{Encoding, UTF_8};
use http::header;
use infra_kernel::{Error, ErrorCode};

use super::tree::{self, Map};
use super::{body_error, malformed, not_a_tree};
use crate::problem::Problem;
use crate::upload::disposition::Disposition;

/// The most fields of a form, files included.
const FIELDS_MAX: usize = 200;

/// The texts of a multipart form. Files in it are skipped.
pub(super) async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Map, Problem> {
    let mut form = Multipart::from_request(request, state)
        .await
        .map_err(|rejection| malformed("multipart form", &rejection))?;
    let mut map = Map::new();
    let mut count = 0;
    while let Some(field) = form
        .next_field()
        .await
        .map_err(|error| body_error(error.status(), error))?
    {
        if count == FIELDS_MAX {
            let text = format!("A form may have at most {FIELDS_MAX} fields.");
            return Err(Error::new(ErrorCode::Invalid, text).into());
        }
        count += 1;
        let header = field.headers().get(header::CONTENT_DISPOSITION);
        let disposition = Disposition::parse(header.map_or(&[], |value| value.as_bytes()));
        let content_type = field.content_type().map(str::to_owned);
        let file_name = disposition.file_name.unwrap_or_default();
        if !file_name.is_empty() && !is_text(content_type.as_deref()) {
            continue;
        }
        let value = field
            .bytes()
            .await
            .map_err(|error| body_error(error.status(), error))?;
        let name = disposition.name.unwrap_or_default();
        let value = decoded(content_type.as_deref(), value.into());
        tree::insert(&mut map, &name, value).map_err(|error| not_a_tree(error, "form"))?;
    }
    Ok(map)
}

/// Whether a part that says this of itself is a text. Many programs give every part of a form a
/// type.
#[must_use]
pub fn is_text(content_type: Option<&str>) -> bool {
    content_type.is_none_or(|name| {
        name.get(..5)
            .is_some_and(|start| start.eq_ignore_ascii_case("text/"))
    })
}

/// A part's text as UTF-8, whatever charset the part says that it is in. What is in none that is
/// known stays as it is.
#[must_use]
pub fn decoded(content_type: Option<&str>, bytes: Vec<u8>) -> Vec<u8> {
    match content_type.and_then(charset) {
        Some(encoding) if encoding != UTF_8 => {
            let (text, _) = encoding.decode_with_bom_removal(&bytes);
            text.into_owned().into_bytes()
        }
        _ => bytes,
    }
}

fn charset(content_type: &str) -> Option<&'static Encoding> {
    let mut parameters = content_type.split(';').skip(1);
    let label = parameters.find_map(|parameter| {
        let (name, label) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then_some(label)
    })?;
    Encoding::for_label(label.trim().trim_matches('"').as_bytes())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    /// What a form of so many fields is read as.
    async fn read_of(fields: usize) -> Result<Map, Problem> {
        let field = |number| {
            format!("--b\r\nContent-Disposition: form-data; name=\"f{number}\"\r\n\r\nx\r\n")
        };
        let body: String = (0..fields).map(field).collect();
        let request = Request::builder()
            .method("POST")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
            .body(Body::from(format!("{body}--b--\r\n")));
        read(request.unwrap(), &()).await
    }

    #[tokio::test]
    async fn a_form_may_have_as_many_fields_as_is_said() {
        assert_eq!(read_of(FIELDS_MAX).await.unwrap().len(), FIELDS_MAX);
        let refused = read_of(FIELDS_MAX + 1).await.unwrap_err().0;
        assert!(refused.public().contains("at most 200"), "{refused:?}");
    }

    #[test]
    fn texts_are_decoded_from_the_charset_they_name() {
        for (content_type, bytes) in [
            (None, "Möwe".as_bytes()),
            (Some("text/plain"), "Möwe".as_bytes()),
            (Some("text/plain; charset=UTF-8"), "Möwe".as_bytes()),
            (Some("text/plain;Charset=\"utf-8\""), "Möwe".as_bytes()),
            (Some("text/plain; charset=ISO-8859-1"), b"M\xf6we"),
            (
                Some("text/plain; format=flowed; charset=windows-1252"),
                b"M\xf6we",
            ),
            (Some("text/plain; charset=utf-16le"), b"M\0\xf6\0w\0e\0"),
            (Some("text/plain; charset=klingon"), "Möwe".as_bytes()),
        ] {
            let text = decoded(content_type, bytes.to_vec());
            assert_eq!(String::from_utf8(text).unwrap(), "Möwe", "{content_type:?}");
        }
    }

    #[test]
    fn a_part_is_a_text_when_it_says_so_or_nothing() {
        for content_type in [None, Some("text/plain"), Some("Text/Plain; charset=utf-8")] {
            assert!(is_text(content_type), "{content_type:?}");
        }
        for content_type in ["image/jpeg", "application/octet-stream", "", "é"] {
            assert!(!is_text(Some(content_type)), "{content_type:?}");
        }
    }
}
