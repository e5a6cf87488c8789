//! Secrets: made here, returned once, kept only as a hash, and never shown by a log.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng as _;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Random bytes of a secret: 256 bits, which nobody guesses.
const SECRET_BYTES: usize = 32;
/// Characters of a secret as text: base64url of [`SECRET_BYTES`] without padding.
const SECRET_CHARACTERS: usize = 43;
/// Characters of a password made up here: 20 of 56, about 116 bits.
const PASSWORD_CHARACTERS: usize = 20;
/// Letters and digits that are not taken for one another.
const PASSWORD_ALPHABET: &[u8] = b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// A text that only the one it was made for may see. Its `Debug` does not show it.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    /// A new random secret.
    pub(crate) fn fresh() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; SECRET_BYTES]>()))
    }

    /// A new random password, made of letters and digits so that it can be typed and pasted
    /// anywhere.
    pub(crate) fn fresh_password() -> Self {
        let mut random = rand::rng();
        let mut pick =
            || char::from(PASSWORD_ALPHABET[random.random_range(..PASSWORD_ALPHABET.len())]);
        Self((0..PASSWORD_CHARACTERS).map(|_| pick()).collect())
    }

    /// A secret that someone sent.
    pub(crate) const fn given(text: String) -> Self {
        Self(text)
    }

    /// Whether it has the form of those made here; one that has not is not worth a look into the
    /// database.
    pub(crate) fn is_well_formed(&self) -> bool {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        self.0.len() == SECRET_CHARACTERS && self.0.bytes().all(plain)
    }

    /// What is kept of it. Without a salt: 256 random bits have no table.
    pub(crate) fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.0.as_bytes()).into())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Gives the text away, to the one it was made for.
    pub(crate) fn reveal(self) -> String {
        self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(hidden)")
    }
}

/// The SHA-256 of a secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SecretHash([u8; 32]);

impl SecretHash {
    pub(crate) fn to_sql(self) -> Vec<u8> {
        self.0.to_vec()
    }

    /// The hash in a column. One of another length is that of no secret: all zeros.
    pub(crate) fn from_sql(bytes: &[u8]) -> Self {
        Self(bytes.try_into().unwrap_or_default())
    }

    /// Its first half: enough to distinguish it, and not what is stored.
    pub(crate) fn first_half(self) -> [u8; 16] {
        let (half, _) = self.0.split_at(16);
        half.try_into().unwrap_or_default()
    }

    /// Whether a column holds the same hash, in a time that reveals nothing of where they differ.
    pub(crate) fn is_stored_as(&self, stored: &[u8]) -> bool {
        self.0.as_slice().ct_eq(stored).into()
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretHash(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shows_a_secret() {
        let secret = Secret::fresh();
        let text = secret.clone().reveal();
        for shown in [format!("{secret:?}"), format!("{:?}", secret.hash())] {
            assert!(shown.contains("hidden") && !shown.contains(&text));
        }
    }

    #[test]
    fn a_fresh_secret_is_well_formed_and_unlike_any_other() {
        let (one, other) = (Secret::fresh(), Secret::fresh());
        assert!(one.is_well_formed());
        assert!(one.hash().is_stored_as(&one.hash().to_sql()));
        assert!(!one.hash().is_stored_as(&other.hash().to_sql()));
        assert!(!one.hash().is_stored_as(&[]));
    }

    #[test]
    fn what_was_not_made_here_is_not_well_formed() {
        for text in ["", "abc", &"é".repeat(43), &"x".repeat(44), &" ".repeat(43)] {
            assert!(!Secret::given(text.to_owned()).is_well_formed(), "`{text}`");
        }
    }
}
