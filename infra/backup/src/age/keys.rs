//! Whom a file is for, and who can read it.

use std::fmt;
use std::str::FromStr;

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, Hrp};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

const RECIPIENT: &str = "age";
const IDENTITY: &str = "age-secret-key-";

/// A text that is no key of age, or one of a kind that is not supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// Not a recipient, or one whose key is of low order.
    #[error(
        "not a recipient of age: it begins with age1, as `age-keygen` prints it; recipients of plugins and of ssh are not supported"
    )]
    Recipient,
    /// Not an identity. The text is not repeated, it may be most of a secret.
    #[error(
        "not an identity of age: it begins with AGE-SECRET-KEY-1, as `age-keygen` writes it; those of plugins, of ssh, and \
         with a passphrase are not supported"
    )]
    Identity,
}

/// Whom a file is encrypted to: `age1…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipient(PublicKey);

impl Recipient {
    pub(super) const fn key(&self) -> &PublicKey {
        &self.0
    }
}

impl FromStr for Recipient {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let bytes = decode(text, RECIPIENT).ok_or(InvalidKey::Recipient)?;
        let key = PublicKey::from(*bytes);
        // With a key of low order everybody knows what is shared, whatever the other secret is.
        let shared = StaticSecret::from([1; 32]).diffie_hellman(&key);
        if !shared.was_contributory() {
            return Err(InvalidKey::Recipient);
        }
        Ok(Self(key))
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = bech32::encode::<Bech32>(Hrp::parse_unchecked(RECIPIENT), self.0.as_bytes());
        formatter.write_str(&text.map_err(|_| fmt::Error)?)
    }
}

/// Who can read what is encrypted to its recipient: `AGE-SECRET-KEY-1…`. The secret is overwritten
/// when it is dropped, and never printed.
#[derive(Clone)]
pub struct Identity(StaticSecret);

impl Identity {
    /// Reads a file as `age-keygen` writes it: an identity a line, comments after `#`.
    ///
    /// # Errors
    /// When a line is anything else, or there is no identity.
    pub fn parse_file(text: &str) -> Result<Vec<Self>, InvalidKey> {
        let lines = text.lines().map(str::trim);
        let identities = lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(str::parse)
            .collect::<Result<Vec<Self>, _>>()?;
        if identities.is_empty() {
            return Err(InvalidKey::Identity);
        }
        Ok(identities)
    }

    /// Whom a file must be encrypted to for this identity to read it.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient(PublicKey::from(&self.0))
    }

    pub(super) const fn secret(&self) -> &StaticSecret {
        &self.0
    }
}

impl FromStr for Identity {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let bytes = decode(text, IDENTITY).ok_or(InvalidKey::Identity)?;
        Ok(Self(StaticSecret::from(*bytes)))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Identity of {}", self.recipient())
    }
}

fn decode(text: &str, kind: &str) -> Option<Zeroizing<[u8; 32]>> {
    let checked = CheckedHrpstring::new::<Bech32>(text).ok()?;
    // In either case, as bech32 has it: identities are written in capitals.
    if !checked.hrp().as_str().eq_ignore_ascii_case(kind) {
        return None;
    }
    // The rule for the bits after the last byte is that of every text of this kind.
    checked.validate_segwit_padding().ok()?;
    let mut bytes = Zeroizing::new([0; 32]);
    let mut decoded = checked.byte_iter();
    for byte in bytes.iter_mut() {
        *byte = decoded.next()?;
    }
    decoded.next().is_none().then_some(bytes)
}
