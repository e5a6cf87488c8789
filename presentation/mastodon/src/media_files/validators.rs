//! What a reader holds already, by its tag: the hash of the bytes, so that each form of a picture
//! has its own.

use http::{HeaderMap, header};

/// The tag with its quotation marks; strong, because it is of the bytes.
pub(super) fn etag(hash: &str) -> String {
    format!("\"{hash}\"")
}

/// Whether `If-None-Match` names this content, or `*`. A weak mark is taken too: a proxy that
/// compresses makes one of ours.
pub(super) fn is_held(headers: &HeaderMap, hash: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == "*" || tag.trim_matches('"') == hash)
}

/// Whether `If-Match` is not there, or names this content, or `*`. A weak mark names nothing: it is
/// for those who resume.
pub(super) fn is_as_expected(headers: &HeaderMap, hash: &str) -> bool {
    let mut values = headers.get_all(header::IF_MATCH).iter().peekable();
    if values.peek().is_none() {
        return true;
    }
    let tag_here = etag(hash);
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag == tag_here)
}

/// Whether a range continues what the reader holds: `If-Range` is not there, or names this content.
/// A weak tag or a date never does.
pub(super) fn range_fits(headers: &HeaderMap, hash: &str) -> bool {
    let held = headers.get(header::IF_RANGE);
    held.is_none_or(|held| held.as_bytes() == etag(hash).as_bytes())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const HASH: &str = "0a1b2c3d";

    #[test]
    fn marks_are_compared_by_what_they_name() {
        for (value, expected) in [
            ("\"0a1b2c3d\"", true),
            ("W/\"0a1b2c3d\"", true),
            ("\"x\", \"0a1b2c3d\"", true),
            ("*", true),
            ("\"0a1b2c3e\"", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(value));
            assert_eq!(is_held(&headers, HASH), expected, "{value}");
        }
        assert!(!is_held(&HeaderMap::new(), HASH));
    }

    #[test]
    fn what_is_expected_is_named_by_a_strong_mark() {
        for (value, expected) in [
            ("\"0a1b2c3d\"", true),
            ("\"x\", \"0a1b2c3d\"", true),
            ("*", true),
            ("W/\"0a1b2c3d\"", false),
            ("\"0a1b2c3e\"", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, HeaderValue::from_static(value));
            assert_eq!(is_as_expected(&headers, HASH), expected, "{value}");
        }
        assert!(is_as_expected(&HeaderMap::new(), HASH));
    }

    #[test]
    fn a_range_is_for_whom_it_continues_what_they_hold() {
        for (value, expected) in [
            ("\"0a1b2c3d\"", true),
            ("W/\"0a1b2c3d\"", false),
            ("\"0a1b2c3e\"", false),
            ("Wed, 21 Oct 2015 07:28:00 GMT", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_RANGE, HeaderValue::from_static(value));
            assert_eq!(range_fits(&headers, HASH), expected, "{value}");
        }
        assert!(range_fits(&HeaderMap::new(), HASH));
    }
}
