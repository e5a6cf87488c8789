//! Hashes: of what a file holds, and what a photo's file is called in a backup.

use std::fmt;
use std::io::{self, Read, Write};
use std::str::FromStr;

use infra_blob::BlobKey;

/// A BLAKE3 hash; as text 64 lower-case hexadecimal digits, so that none names a path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    /// What a blob is called in a backup whose names say nothing: who has not the key cannot find
    /// out whether a picture that he has, too, is among the files.
    pub(crate) fn keyed(key: &[u8; 32], blob: Self) -> Self {
        Self(*blake3::keyed_hash(key, &blob.0).as_bytes())
    }

    /// Into which of so many parts of equal width this falls.
    pub(crate) fn part(self, of: usize) -> usize {
        (usize::from(u16::from_be_bytes([self.0[0], self.0[1]])) * of) >> 16
    }
}

impl From<BlobKey> for Digest {
    fn from(key: BlobKey) -> Self {
        // Both are a hash as hexadecimal text.
        key.to_string().parse().expect("a key is 64 digits")
    }
}

impl FromStr for Digest {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut bytes = [0; 32];
        // `hex` takes capital letters too; one content must have one name.
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(());
        }
        hex::decode_to_slice(text, &mut bytes).map_err(|_| ())?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

/// Hashes and counts what is read or written through it.
pub(crate) struct Hashing<T> {
    pub(crate) inner: T,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl<T> Hashing<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self {
            inner,
            hasher: blake3::Hasher::new(),
            bytes: 0,
        }
    }

    /// The hash and the length of what went through so far.
    pub(crate) fn sum(&self) -> Sum {
        Sum {
            bytes: self.bytes,
            digest: Digest(*self.hasher.finalize().as_bytes()),
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.take(&buffer[..length]);
        Ok(length)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.take(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// What a file holds, by length and hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) bytes: u64,
    pub(crate) digest: Digest,
}
