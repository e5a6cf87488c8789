//! The key of a rendition: `<hash>.jpg`. Checked here, so that nothing else reaches the media
//! domain.

/// The fewest and the most characters of a hash.
const HASH_CHARACTERS: std::ops::RangeInclusive<usize> = 4..=128;

/// The kinds of pictures that are made, by the ends of their keys, and the ends of their files'
/// names.
const KINDS: [(&str, &str); 5] = [
    ("jpg", "image/jpeg"),
    ("png", "image/png"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
];
/// Kinds that are uploaded but never made.
const KINDS_TAKEN: [(&str, &str); 2] = [("heic", "image/heic"), ("heif", "image/heif")];
/// What a browser does nothing with.
const UNKNOWN: (&str, &str) = ("bin", "application/octet-stream");

/// A key that is well formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key<'request> {
    text: &'request str,
    content_type: &'static str,
}

impl<'request> Key<'request> {
    pub(super) fn parse(text: &'request str) -> Option<Self> {
        let (hash, end) = text.split_once('.')?;
        let (_, content_type) = KINDS.into_iter().find(|(kind, _)| *kind == end)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let well_formed = HASH_CHARACTERS.contains(&hash.len()) && hash.bytes().all(plain);
        well_formed.then_some(Self { text, content_type })
    }

    pub(super) const fn text(&self) -> &'request str {
        self.text
    }

    /// What the key says that it names.
    pub(super) const fn content_type(&self) -> &'static str {
        self.content_type
    }

    /// Whether the same picture may be had in other forms, now or later: those forms themselves are
    /// not made from any.
    pub(super) fn may_have_forms(&self) -> bool {
        !["image/webp", "image/avif"].contains(&self.content_type)
    }
}

/// The end of a file's name and the type that is sent with it: one of ours, whatever is claimed.
pub(super) fn kind_of(content_type: &str) -> (&'static str, &'static str) {
    let mut kinds = KINDS.into_iter().chain(KINDS_TAKEN);
    kinds
        .find(|(_, known)| *known == content_type)
        .unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_a_key_is_one() {
        let key = Key::parse("0a1b2c3d.jpg").unwrap();
        assert_eq!(key.content_type(), "image/jpeg");
        assert!(key.may_have_forms());
        assert!(!Key::parse("0a1b2c3d.webp").unwrap().may_have_forms());
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
    fn a_type_is_one_of_ours_or_none_that_runs() {
        assert_eq!(kind_of("image/gif"), ("gif", "image/gif"));
        assert_eq!(kind_of("image/heic"), ("heic", "image/heic"));
        for claimed in ["text/html", "image/svg+xml", "", "image/jpeg; x"] {
            assert_eq!(kind_of(claimed), UNKNOWN);
        }
    }
}
