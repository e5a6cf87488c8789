//! The cryptography of Web Push: messages that only the client can read (RFC 8291, and the draft
//! before it that older clients still expect), and the server's signed word of who it is (RFC
//! 8292).
//!
//! It sends nothing and keeps nothing.

mod message;
mod server_key;

pub use message::{Coding, MESSAGE_BYTES_MAX, Recipient, SECRET_BYTES, Sealed};
pub use server_key::ServerKey;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebPushError {
    /// The client's key is no point on the curve P-256 in 65 bytes.
    #[error("the key is no point on P-256")]
    Key,
    /// The client's secret has not 16 bytes.
    #[error("the secret has not 16 bytes")]
    Secret,
    /// A message that a push service need not take.
    #[error("the message is too long")]
    TooLong,
    /// What the server keeps is no key of its.
    #[error("the server's key is damaged")]
    ServerKey,
    /// The cryptography library refused.
    #[error("the cryptography library refused")]
    Library,
}

/// Bytes as headers and tokens have them.
fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A key or secret as clients write it: base64 of either alphabet, with padding or without.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim().trim_end_matches('=');
    let text = text.replace('+', "-").replace('/', "_");
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_clients_write_them() {
        for text in ["-_8", "+/8", "-_8=", " +/8= "] {
            assert_eq!(decode(text).as_deref(), Some(&[0xfb, 0xff][..]), "{text}");
        }
        for text in ["-_8!", "-", "a b"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
