//! A device, as a browser is one: a key, a secret, and what it makes of what its push service gets.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use aws_lc_rs::signature::{self, ECDSA_P256_SHA256_FIXED};
use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::service::Received;

/// A device.
pub(super) struct Device {
    key: PrivateKey,
    secret: [u8; 16],
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand<const N: usize>(prk: &Prk, info: &[u8]) -> [u8; N] {
    let mut derived = [0; N];
    let info = [info];
    let expanded = prk.expand(&info, Length(N)).unwrap();
    expanded.fill(&mut derived).unwrap();
    derived
}

pub(super) fn unbase64(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).unwrap()
}

impl Device {
    pub(super) fn new() -> Self {
        Self {
            key: PrivateKey::generate(&ECDH_P256).unwrap(),
            secret: *b"sixteen of bytes",
        }
    }

    fn public(&self) -> Vec<u8> {
        self.key.compute_public_key().unwrap().as_ref().to_vec()
    }

    /// What it asks the server for.
    pub(super) fn subscription(&self, endpoint: &str, standard: bool, alerts: &[&str]) -> Value {
        let alerts = alerts.iter().map(|name| ((*name).to_owned(), json!(true)));
        json!({
            "subscription": {
                "endpoint": endpoint,
                "keys": {"p256dh": URL_SAFE.encode(self.public()), "auth": URL_SAFE.encode(self.secret)},
                "standard": standard,
            },
            "data": {"alerts": alerts.collect::<serde_json::Map<_, _>>()},
        })
    }

    /// What a push says.
    pub(super) fn read(&self, push: &Received) -> Value {
        let message = match push.header("content-encoding") {
            "aes128gcm" => self.standard(&push.body),
            "aesgcm" => self.draft(push),
            other => panic!("encoded as {other}"),
        };
        serde_json::from_slice(&message).unwrap()
    }

    fn agree(&self, sender: &[u8], info: &[u8]) -> [u8; 32] {
        let sender = UnparsedPublicKey::new(&ECDH_P256, sender);
        let agreed = agreement::agree(&self.key, sender, (), |shared| {
            let prk = Salt::new(HKDF_SHA256, &self.secret).extract(shared);
            Ok(expand(&prk, info))
        });
        agreed.unwrap()
    }

    fn standard(&self, body: &[u8]) -> Vec<u8> {
        let (salt, rest) = body.split_at(16);
        assert_eq!((&rest[..4], rest[4]), (&4_096_u32.to_be_bytes()[..], 65));
        let (sender, record) = rest[5..].split_at(65);
        let info = [b"WebPush: info\0", &*self.public(), sender].concat();
        let prk = Salt::new(HKDF_SHA256, salt).extract(&self.agree(sender, &info));
        let key = expand(&prk, b"Content-Encoding: aes128gcm\0");
        let nonce = expand(&prk, b"Content-Encoding: nonce\0");
        let mut message = decrypt(key, nonce, record);
        assert_eq!(message.pop(), Some(2), "the last record");
        message
    }

    fn draft(&self, push: &Received) -> Vec<u8> {
        let salt = unbase64(push.header("encryption").strip_prefix("salt=").unwrap());
        let keys = push.header("crypto-key");
        let sender = keys.split(';').find_map(|part| part.strip_prefix("dh="));
        let sender = unbase64(sender.unwrap());
        let prk = self.agree(&sender, b"Content-Encoding: auth\0");
        let prk = Salt::new(HKDF_SHA256, &salt).extract(&prk);
        let context = [b"P-256\0\0A", &*self.public(), b"\0A", &*sender].concat();
        let key = expand(&prk, &[b"Content-Encoding: aesgcm\0", &*context].concat());
        let nonce = expand(&prk, &[b"Content-Encoding: nonce\0", &*context].concat());
        let message = decrypt(key, nonce, &push.body);
        assert_eq!(&message[..2], [0, 0], "no padding");
        message[2..].to_vec()
    }
}

fn decrypt(key: [u8; 16], nonce: [u8; 12], record: &[u8]) -> Vec<u8> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap());
    let nonce = Nonce::assume_unique_for_key(nonce);
    let mut record = record.to_vec();
    let message = key.open_in_place(nonce, Aad::empty(), &mut record);
    message.expect("it is for this device").to_vec()
}

/// The claims of the server's signed word, which is verified by its published key.
pub(super) fn claims(token: &str, server_key: &str) -> Value {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let key = signature::UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, unbase64(server_key));
    let verified = key.verify(signed.as_bytes(), &unbase64(signature));
    verified.expect("the server's signature");
    let claims = signed.split('.').nth(1).unwrap();
    serde_json::from_slice(&unbase64(claims)).unwrap()
}
