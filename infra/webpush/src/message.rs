//! Messages that only the client can read.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256, ParsedPublicKey, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use aws_lc_rs::rand;

use crate::{WebPushError, encode};

/// What a client's secret has.
pub const SECRET_BYTES: usize = 16;
/// The most that a message may have: push services take bodies of 4096 bytes, of which encryption
/// takes some.
pub const MESSAGE_BYTES_MAX: usize = BODY_BYTES_MAX - HEADER_BYTES - 1 - TAG_BYTES;

const BODY_BYTES_MAX: usize = 4096;
/// The salt, the size of a record, the length of the key and the key.
const HEADER_BYTES: usize = SALT_BYTES + 4 + 1 + POINT_BYTES;
const TAG_BYTES: usize = 16;
const SALT_BYTES: usize = 16;
/// A point that is written in full.
const POINT_BYTES: usize = 65;
const IN_FULL: u8 = 4;
/// What ends the last record.
const LAST: u8 = 2;
const RECORD_BYTES: u32 = 4096;

/// How a message is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// As RFC 8291 has it.
    Aes128Gcm,
    /// As the fourth draft of it had it, which clients of Mastodon's API expect unless they ask for
    /// the standard.
    AesGcm,
}

impl Coding {
    /// Its name in `Content-Encoding`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "aes128gcm",
            Self::AesGcm => "aesgcm",
        }
    }
}

/// A client: whom a message is for.
#[derive(Debug, Clone)]
pub struct Recipient {
    key: ParsedPublicKey,
    secret: [u8; SECRET_BYTES],
}

/// An encrypted message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The body of the request.
    pub body: Vec<u8>,
    /// The salt and the key for this message, as headers have them; none where the body has both.
    pub in_headers: Option<(String, String)>,
}

impl Recipient {
    /// A client by its key and its secret.
    ///
    /// # Errors
    /// When the key is no point on the curve or the secret has another length.
    pub fn new(key: &[u8], secret: &[u8]) -> Result<Self, WebPushError> {
        if key.len() != POINT_BYTES || key[0] != IN_FULL {
            return Err(WebPushError::Key);
        }
        let unparsed = UnparsedPublicKey::new(&ECDH_P256, key);
        Ok(Self {
            key: ParsedPublicKey::try_from(unparsed).map_err(|_| WebPushError::Key)?,
            secret: secret.try_into().map_err(|_| WebPushError::Secret)?,
        })
    }

    /// Encrypts a message, with a key that is used once.
    ///
    /// # Errors
    /// When it is too long.
    pub fn seal(&self, message: &[u8], coding: Coding) -> Result<Sealed, WebPushError> {
        let key = PrivateKey::generate(&ECDH_P256).map_err(|_| WebPushError::Library)?;
        let mut salt = [0; SALT_BYTES];
        rand::fill(&mut salt).map_err(|_| WebPushError::Library)?;
        self.seal_with(message, coding, &key, salt)
    }

    fn seal_with(
        &self,
        message: &[u8],
        coding: Coding,
        key: &PrivateKey,
        salt: [u8; SALT_BYTES],
    ) -> Result<Sealed, WebPushError> {
        if message.len() > MESSAGE_BYTES_MAX {
            return Err(WebPushError::TooLong);
        }
        let sealed = match coding {
            Coding::Aes128Gcm => self.standard(message, key, salt),
            Coding::AesGcm => self.draft(message, key, salt),
        };
        sealed.map_err(|_| WebPushError::Library)
    }

    fn standard(
        &self,
        message: &[u8],
        key: &PrivateKey,
        salt: [u8; SALT_BYTES],
    ) -> Result<Sealed, Unspecified> {
        let own = key.compute_public_key()?;
        let info: [&[u8]; 3] = [b"WebPush: info\0", self.key.as_ref(), own.as_ref()];
        let prk = Salt::new(HKDF_SHA256, &salt).extract(&self.agree(key, &info)?);
        let cek: [u8; 16] = expand(&prk, &[b"Content-Encoding: aes128gcm\0"])?;
        let nonce = expand(&prk, &[b"Content-Encoding: nonce\0"])?;
        let mut record = [message, &[LAST]].concat();
        encrypt(&cek, nonce, &mut record)?;
        let size = RECORD_BYTES.to_be_bytes();
        let point: &[u8] = own.as_ref();
        let length = [65];
        let parts: [&[u8]; 5] = [&salt, &size, &length, point, &record];
        Ok(Sealed {
            body: parts.concat(),
            in_headers: None,
        })
    }

    fn draft(
        &self,
        message: &[u8],
        key: &PrivateKey,
        salt: [u8; SALT_BYTES],
    ) -> Result<Sealed, Unspecified> {
        let own = key.compute_public_key()?;
        let prk = self.agree(key, &[b"Content-Encoding: auth\0"])?;
        let prk = Salt::new(HKDF_SHA256, &salt).extract(&prk);
        let length: &[u8] = &[0, 65];
        let context: [&[u8]; 5] = [b"P-256\0", length, self.key.as_ref(), length, own.as_ref()];
        let context = context.concat();
        let cek: [u8; 16] = expand(&prk, &[b"Content-Encoding: aesgcm\0", &context])?;
        let nonce = expand(&prk, &[b"Content-Encoding: nonce\0", &context])?;
        // So much padding comes first: none.
        let mut record = [&[0, 0], message].concat();
        encrypt(&cek, nonce, &mut record)?;
        Ok(Sealed {
            body: record,
            in_headers: Some((encode(salt), encode(own.as_ref()))),
        })
    }

    /// What both sides know and nobody else, for this purpose.
    fn agree(&self, key: &PrivateKey, info: &[&[u8]]) -> Result<[u8; 32], Unspecified> {
        agreement::agree(key, self.key.clone(), Unspecified, |shared| {
            let prk = Salt::new(HKDF_SHA256, &self.secret).extract(shared);
            expand(&prk, info)
        })
    }
}

/// A length that keys are derived for.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand<const N: usize>(prk: &Prk, info: &[&[u8]]) -> Result<[u8; N], Unspecified> {
    let mut derived = [0; N];
    prk.expand(info, Length(N))?.fill(&mut derived)?;
    Ok(derived)
}

fn encrypt(key: &[u8; 16], nonce: [u8; 12], record: &mut Vec<u8>) -> Result<(), Unspecified> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key)?);
    let nonce = Nonce::assume_unique_for_key(nonce);
    key.seal_in_place_append_tag(nonce, Aad::empty(), record)
}

#[cfg(test)]
mod tests;
