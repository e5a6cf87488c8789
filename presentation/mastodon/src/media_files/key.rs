//! The key of a rendition: `<hash>.jpg`. Checked here, so that nothing else reaches the media domain.

use http::{HeaderMap, HeaderName};

/// The fewest and the most characters of a hash.
const HASH_CHARACTERS: std::ops::RangeInclusive<usize> = 4..=128;

/// The kinds of pictures that are made, by the ends of their keys.
const KINDS: [(&str, &str); 5] = [
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
];

/// A key that is well formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key<'request> {
    text: &'request str,
    hash: &'request str,
    content_type: &'static str,
}

impl<'request> Key<'request> {
    pub(super) fn parse(text: &'request str) -> Option<Self> {
        let (hash, end) = text.split_once('.')?;
        let (_, content_type) = KINDS.into_iter().find(|(kind, _)| *kind == end)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let well_formed = HASH_CHARACTERS.contains(&hash.len()) && hash.bytes().all(plain);
        well_formed.then_some(Self {
            text,
            hash,
            content_type,
        })
    }

    pub(super) const fn text(&self) -> &str {
        self.text
    }

    /// Fixed by the key, never by what the content says of itself.
    pub(super) const fn content_type(&self) -> &'static str {
        self.content_type
    }

    /// The strong validator: the hash of the bytes.
    pub(super) fn etag(&self) -> String {
        format!("\"{}\"", self.hash)
    }

    /// Whether a header names this content, or `*`. A weak mark is taken too: a proxy that compresses makes one of ours.
    pub(super) fn is_named_by(&self, headers: &HeaderMap, name: &HeaderName) -> bool {
        let values = headers.get_all(name).iter();
        values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|tag| tag.trim().trim_start_matches("W/"))
            .any(|tag| tag == "*" || tag.trim_matches('"') == self.hash)
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header};

    use super::*;

    #[test]
    fn only_what_can_be_a_key_is_one() {
        let key = Key::parse("0a1b2c3d.jpg").unwrap();
        assert_eq!(key.content_type(), "image/jpeg");
        assert_eq!(key.etag(), "\"0a1b2c3d\"");
        for text in [
            "",
            ".jpg",
            "0a1b2c3d",
            "0a1b2c3d.html",
            "0a1b2c3d.jpg.html",
            "../../0a1b.jpg",
            "0a1b\"2c.jpg",
            "0a1b .jpg",
            "0a1b2c3d.JPG",
        ] {
            assert_eq!(Key::parse(text), None, "`{text}` was taken");
        }
    }

    #[test]
    fn marks_are_compared_by_what_they_name() {
        let key = Key::parse("0a1b2c3d.jpg").unwrap();
        for (value, expected) in [
            ("\"0a1b2c3d\"", true),
            ("W/\"0a1b2c3d\"", true),
            ("\"x\", \"0a1b2c3d\"", true),
            ("*", true),
            ("\"0a1b2c3e\"", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(value));
            assert_eq!(
                key.is_named_by(&headers, &header::IF_NONE_MATCH),
                expected,
                "{value}"
            );
        }
    }
}
