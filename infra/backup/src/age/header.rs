//! The head of a file: for each recipient the file's key, wrapped so that only it can unwrap it.

use std::io::{self, BufRead, Read as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use x25519_dalek::{PublicKey, SharedSecret, StaticSecret};
use zeroize::Zeroizing;

use super::{Identity, NotDecrypted, Recipient};

const VERSION: &str = "age-encryption.org/v1";
const X25519: &str = "X25519";
const X25519_INFO: &[u8] = b"age-encryption.org/v1/X25519";
/// A wrapped key in the text of the head is cut into lines of this many characters.
const COLUMNS: usize = 64;
/// The longest line of a head that is read.
const LINE_BYTES_MAX: u64 = 16 * 1_024;
/// The most recipients of a file that is written or read.
pub(crate) const RECIPIENTS_MAX: usize = 255;
/// The most lines of text under a recipient's that are read.
const LINES_MAX: usize = 256;
/// The length of a file's key, in bytes.
const KEY_BYTES: usize = 16;
/// The length of a wrapped key, with the cipher's tag of 16 bytes.
const WRAPPED_BYTES: usize = KEY_BYTES + 16;

/// What a file's payload and the check of its head are made with.
pub(super) struct FileKey(Zeroizing<[u8; KEY_BYTES]>);

impl FileKey {
    /// A key derived from this one.
    pub(super) fn derive(&self, salt: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
        derive(self.0.as_slice(), salt, info)
    }

    /// The code that shows that a head was not changed.
    fn code(&self, head: &[u8]) -> Hmac<Sha256> {
        let key = self.derive(&[], b"header");
        let mut code =
            <Hmac<Sha256> as hmac::Mac>::new_from_slice(&*key).expect("a key of any length");
        code.update(head);
        code
    }
}

fn derive(secret: &[u8], salt: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    let derived = Hkdf::<Sha256>::new(Some(salt), secret).expand(info, &mut *key);
    derived.expect("32 bytes are within HKDF's bounds");
    key
}

/// A new key, and the head that has it for these recipients.
pub(super) fn seal(recipients: &[Recipient]) -> (FileKey, Vec<u8>) {
    let key = FileKey(Zeroizing::new(rand::random()));
    let mut head = format!("{VERSION}\n");
    for recipient in recipients {
        let secret = StaticSecret::from(rand::random::<[u8; 32]>());
        let share = PublicKey::from(&secret);
        let shared = secret.diffie_hellman(recipient.key());
        let cipher = cipher(&shared, &share, recipient.key());
        // The key encrypts this one message, so that no two have a nonce in common.
        let wrapped = cipher.encrypt(&Nonce::default(), key.0.as_slice());
        let wrapped = wrapped.expect("a key is short");
        let share = STANDARD_NO_PAD.encode(share.as_bytes());
        let wrapped = STANDARD_NO_PAD.encode(wrapped);
        head.push_str(&format!("-> {X25519} {share}\n{wrapped}\n"));
    }
    head.push_str("---");
    let code = key.code(head.as_bytes()).finalize().into_bytes();
    head.push_str(&format!(" {}\n", STANDARD_NO_PAD.encode(code)));
    (key, head.into_bytes())
}

fn cipher(shared: &SharedSecret, share: &PublicKey, recipient: &PublicKey) -> ChaCha20Poly1305 {
    let salt = [share.as_bytes().as_slice(), recipient.as_bytes()].concat();
    let key = derive(shared.as_bytes(), &salt, X25519_INFO);
    ChaCha20Poly1305::new((&*key).into())
}

/// Reads the head and unwraps the file's key.
pub(super) fn open(
    reader: &mut impl BufRead,
    identities: &[Identity],
) -> Result<FileKey, NotDecrypted> {
    let mut head = Vec::new();
    let first = line(reader, &mut head)?;
    if first != VERSION {
        return Err(NotDecrypted::Malformed);
    }
    let mut key = None;
    let mut next = line(reader, &mut head)?;
    // One more than recipients: the line with the code comes last.
    for _ in 0..=RECIPIENTS_MAX {
        if let Some(code) = next.strip_prefix("--- ") {
            let key: FileKey = key.ok_or(NotDecrypted::NoIdentity)?;
            // The code is of all before it, with the dashes and without the blank behind them.
            head.truncate(head.len() - code.len() - 2);
            let code = decode(code)?;
            let checked = key.code(&head).verify_slice(&code);
            return checked.map(|()| key).map_err(|_| NotDecrypted::Malformed);
        }
        let kind = next.strip_prefix("-> ").ok_or(NotDecrypted::Malformed)?;
        let wrapped = body(reader, &mut head)?;
        let found = unwrap(kind, &wrapped, identities)?;
        // All recipients are read, also after one that fits: the check of the head is over all of
        // them.
        key = key.or(found);
        next = line(reader, &mut head)?;
    }
    Err(NotDecrypted::Malformed)
}

/// The bytes under a recipient's line.
fn body(reader: &mut impl BufRead, head: &mut Vec<u8>) -> Result<Vec<u8>, NotDecrypted> {
    let mut text = String::new();
    for _ in 0..LINES_MAX {
        let line = line(reader, head)?;
        text.push_str(&line);
        match line.len() {
            COLUMNS => {}
            // One that is not full is the last, if need be an empty one.
            0..COLUMNS => return decode(&text),
            _ => break,
        }
    }
    Err(NotDecrypted::Malformed)
}

/// The key, when one of these identities can unwrap it.
fn unwrap(
    kind: &str,
    wrapped: &[u8],
    identities: &[Identity],
) -> Result<Option<FileKey>, NotDecrypted> {
    let words: Vec<&str> = kind.split(' ').collect();
    let share = match words[..] {
        [X25519, share] if wrapped.len() == WRAPPED_BYTES => decode(share)?,
        [X25519, ..] => return Err(NotDecrypted::Malformed),
        _ if words.contains(&"") => return Err(NotDecrypted::Malformed),
        // Of another kind, which is not read here: the next recipient may be ours.
        _ => return Ok(None),
    };
    let share: [u8; 32] = share.try_into().map_err(|_| NotDecrypted::Malformed)?;
    let share = PublicKey::from(share);
    for identity in identities {
        let shared = identity.secret().diffie_hellman(&share);
        // A share of low order would give a secret that everybody knows.
        if !shared.was_contributory() {
            return Err(NotDecrypted::Malformed);
        }
        let cipher = cipher(&shared, &share, identity.recipient().key());
        let Ok(key) = cipher
            .decrypt(&Nonce::default(), wrapped)
            .map(Zeroizing::new)
        else {
            continue;
        };
        let key: [u8; KEY_BYTES] = key
            .as_slice()
            .try_into()
            .map_err(|_| NotDecrypted::Malformed)?;
        return Ok(Some(FileKey(Zeroizing::new(key))));
    }
    Ok(None)
}

fn decode(text: &str) -> Result<Vec<u8>, NotDecrypted> {
    let decoded = STANDARD_NO_PAD.decode(text);
    decoded.map_err(|_| NotDecrypted::Malformed)
}

/// The next line without its end; it is added to the head with it.
fn line(reader: &mut impl BufRead, head: &mut Vec<u8>) -> Result<String, NotDecrypted> {
    let from = head.len();
    let read = reader.take(LINE_BYTES_MAX).read_until(b'\n', head);
    read.map_err(NotDecrypted::Read)?;
    let line = &head[from..];
    let line = line.strip_suffix(b"\n").ok_or(NotDecrypted::Malformed)?;
    // The format has printable ASCII in its head, and nothing else.
    if line.iter().any(|byte| !(b' '..=b'~').contains(byte)) {
        return Err(NotDecrypted::Malformed);
    }
    String::from_utf8(line.to_vec()).map_err(|error| NotDecrypted::Read(io::Error::other(error)))
}
