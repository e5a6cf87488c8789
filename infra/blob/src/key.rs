//! Names of blobs: the hash of their content.

use std::fmt;
use std::str::FromStr;

/// The name of a blob: the BLAKE3 hash of its content. As text 64 lower-case hexadecimal digits,
/// and nothing else parses, so that no text from outside can name a path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobKey([u8; 32]);

impl BlobKey {
    /// The length of a key as text.
    pub const TEXT_LENGTH: usize = 64;

    /// The key of this content.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        Self(*blake3::hash(content).as_bytes())
    }

    /// The bytes that name the two levels of folders.
    pub(crate) const fn first_bytes(&self) -> [u8; 2] {
        [self.0[0], self.0[1]]
    }

    pub(crate) fn of_hasher(hasher: &blake3::Hasher) -> Self {
        Self(*hasher.finalize().as_bytes())
    }
}

/// A text that is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the key of a blob: a key is 64 lower-case hexadecimal digits")]
pub struct InvalidBlobKey;

impl FromStr for BlobKey {
    type Err = InvalidBlobKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // `hex` takes capital letters too; one content must have one name.
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(InvalidBlobKey);
        }
        let mut key = [0; 32];
        hex::decode_to_slice(text, &mut key).map_err(|_| InvalidBlobKey)?;
        Ok(Self(key))
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; Self::TEXT_LENGTH];
        hex::encode_to_slice(self.0, &mut text).map_err(|_| fmt::Error)?;
        formatter.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for BlobKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "BlobKey({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_its_text() {
        let key = BlobKey::of(b"photo");
        assert_eq!(key.to_string().parse(), Ok(key));
        assert_eq!(key.to_string().len(), BlobKey::TEXT_LENGTH);
    }

    #[test]
    fn nothing_but_a_hash_is_a_key() {
        let key = BlobKey::of(b"photo").to_string();
        let texts = [
            String::new(),
            "../../etc/passwd".to_owned(),
            key.to_uppercase(),
            key[1..].to_owned(),
            format!("{key}0"),
            format!("{key}.jpg"),
            format!("/{}", &key[1..]),
            "é".repeat(32),
        ];
        for text in texts {
            assert_eq!(text.parse::<BlobKey>(), Err(InvalidBlobKey), "{text}");
        }
    }
}
