//! The server's key, by which push services know it.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::json;

use crate::{WebPushError, encode};

/// The server's key.
pub struct ServerKey {
    pair: EcdsaKeyPair,
}

impl ServerKey {
    /// Makes a key, as it is to be kept (PKCS#8).
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn make() -> Result<Vec<u8>, WebPushError> {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
        Ok(made.map_err(|_| WebPushError::Library)?.as_ref().to_vec())
    }

    /// A key that was kept.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(kept: &[u8]) -> Result<Self, WebPushError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, kept);
        Ok(Self {
            pair: pair.map_err(|_| WebPushError::ServerKey)?,
        })
    }

    /// Its public half as headers have it, without padding.
    #[must_use]
    pub fn public(&self) -> String {
        encode(self.pair.public_key())
    }

    /// Its public half as Mastodon publishes it, with padding: some clients decode no other.
    #[must_use]
    pub fn published(&self) -> String {
        URL_SAFE.encode(self.pair.public_key())
    }

    /// The signed word of who the server is, for the push service at this origin, until then
    /// (seconds since the Unix epoch; a day at most from now on). The subject is whom the push
    /// service may write to: `mailto:` or an address on the web.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn token(&self, origin: &str, subject: &str, until: i64) -> Result<String, WebPushError> {
        let header = encode(json!({"typ": "JWT", "alg": "ES256"}).to_string());
        let claims = json!({"aud": origin, "exp": until, "sub": subject});
        let signed = format!("{header}.{}", encode(claims.to_string()));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = signature.map_err(|_| WebPushError::Library)?;
        Ok(format!("{signed}.{}", encode(signature)))
    }
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("ServerKey");
        shown
            .field("public", &self.public())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    use serde_json::Value;

    use super::*;
    use crate::decode;

    #[test]
    fn a_token_is_verified_by_what_is_published() {
        let kept = ServerKey::make().unwrap();
        let key = ServerKey::read(&kept).unwrap();
        let token = key.token(
            "https://push.example",
            "mailto:ada@example.org",
            1_800_000_000,
        );
        let token = token.unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let public = decode(&key.published()).unwrap();
        assert_eq!(decode(&key.public()).unwrap(), public);
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public);
        let signature = decode(signature).unwrap();
        public.verify(signed.as_bytes(), &signature).unwrap();
        public.verify(b"something else", &signature).unwrap_err();
        let (header, claims) = signed.split_once('.').unwrap();
        let part = |text: &str| serde_json::from_slice::<Value>(&decode(text).unwrap()).unwrap();
        assert_eq!(part(header)["alg"], "ES256");
        let expected = json!({
            "aud": "https://push.example", "exp": 1_800_000_000, "sub": "mailto:ada@example.org",
        });
        assert_eq!(part(claims), expected);
        assert!(!format!("{key:?}").contains(&encode(kept)));
    }

    #[test]
    fn what_is_damaged_is_no_key() {
        let mut kept = ServerKey::make().unwrap();
        kept.truncate(40);
        assert_eq!(ServerKey::read(&kept).unwrap_err(), WebPushError::ServerKey);
    }
}
