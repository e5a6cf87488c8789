//! The payload: pieces of 64 KiB, each encrypted and numbered, the last one marked as such, so that
//! none can be changed, moved or cut off without being noticed.

use std::io::{self, BufRead, ErrorKind, Read, Write};

use chacha20poly1305::aead::{AeadInPlace as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};

use super::header::{self, FileKey};
use super::{Identity, Recipient};

const PIECE_BYTES: usize = 64 * 1024;
const TAG_BYTES: usize = 16;
const SALT_BYTES: usize = 16;

/// Why a file could not be decrypted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotDecrypted {
    #[error("it is encrypted to somebody else")]
    NoIdentity,
    #[error("it is damaged, or not encrypted")]
    Malformed,
    #[error("it cannot be read")]
    Read(#[source] io::Error),
}

/// The cipher of a payload, and the number of its next piece.
struct Pieces {
    cipher: ChaCha20Poly1305,
    next: u64,
}

impl Pieces {
    fn new(key: &FileKey, salt: &[u8]) -> Self {
        let key = key.derive(salt, b"payload");
        Self {
            cipher: ChaCha20Poly1305::new((&*key).into()),
            next: 0,
        }
    }

    /// The number in eleven bytes, and whether the piece is the last one.
    fn nonce(&mut self, is_last: bool) -> Nonce {
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&self.next.to_be_bytes());
        nonce[11] = u8::from(is_last);
        self.next += 1;
        nonce.into()
    }
}

/// Encrypts what is written to it. What was not [finished](Self::finish) cannot be decrypted.
pub(crate) struct Encryptor<W> {
    writer: W,
    pieces: Pieces,
    piece: Vec<u8>,
}

impl<W: Write> Encryptor<W> {
    pub(crate) fn new(recipients: &[Recipient], mut writer: W) -> io::Result<Self> {
        let (key, head) = header::seal(recipients);
        let salt: [u8; SALT_BYTES] = rand::random();
        writer.write_all(&head)?;
        writer.write_all(&salt)?;
        Ok(Self {
            writer,
            pieces: Pieces::new(&key, &salt),
            // The tag is appended in place.
            piece: Vec::with_capacity(PIECE_BYTES + TAG_BYTES),
        })
    }

    /// Writes the last piece.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.write_piece(true)?;
        Ok(self.writer)
    }

    fn write_piece(&mut self, is_last: bool) -> io::Result<()> {
        let nonce = self.pieces.nonce(is_last);
        let encrypted = self
            .pieces
            .cipher
            .encrypt_in_place(&nonce, &[], &mut self.piece);
        encrypted.map_err(|_| io::Error::other("a piece could not be encrypted"))?;
        self.writer.write_all(&self.piece)?;
        self.piece.clear();
        Ok(())
    }
}

impl<W: Write> Write for Encryptor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Not before there is more: the last piece may be a full one, and must not be empty.
        if self.piece.len() == PIECE_BYTES && !bytes.is_empty() {
            self.write_piece(false)?;
        }
        let taken = bytes.len().min(PIECE_BYTES - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Decrypts what it reads. A piece is returned when it was found to be whole; that a file is whole
/// is known at its end.
pub(crate) struct Decryptor<R> {
    reader: R,
    pieces: Pieces,
    piece: Vec<u8>,
    /// How much of the piece was returned.
    returned: usize,
    is_at_end: bool,
}

impl<R: BufRead> Decryptor<R> {
    pub(crate) fn new(identities: &[Identity], mut reader: R) -> Result<Self, NotDecrypted> {
        let key = header::open(&mut reader, identities)?;
        let mut salt = [0; SALT_BYTES];
        match reader.read_exact(&mut salt) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                return Err(NotDecrypted::Malformed);
            }
            read => read.map_err(NotDecrypted::Read)?,
        }
        Ok(Self {
            reader,
            pieces: Pieces::new(&key, &salt),
            piece: Vec::with_capacity(PIECE_BYTES + TAG_BYTES),
            returned: 0,
            is_at_end: false,
        })
    }

    fn read_piece(&mut self) -> io::Result<()> {
        let is_first = self.pieces.next == 0;
        self.piece.clear();
        self.returned = 0;
        let piece_max = (PIECE_BYTES + TAG_BYTES) as u64;
        (&mut self.reader)
            .take(piece_max)
            .read_to_end(&mut self.piece)?;
        // Whether a piece is the last is part of its nonce, so it has to be known first.
        self.is_at_end = self.reader.fill_buf()?.is_empty();
        let nonce = self.pieces.nonce(self.is_at_end);
        let decrypted = self
            .pieces
            .cipher
            .decrypt_in_place(&nonce, &[], &mut self.piece);
        // An empty piece that is not the only one is another way to write what has one.
        if decrypted.is_err() || self.piece.is_empty() && !is_first {
            self.piece.clear();
            return Err(io::Error::new(
                ErrorKind::InvalidData,
                NotDecrypted::Malformed,
            ));
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Decryptor<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.returned == self.piece.len() && !self.is_at_end {
            self.read_piece()?;
        }
        let left = &self.piece[self.returned..];
        let length = left.len().min(buffer.len());
        buffer[..length].copy_from_slice(&left[..length]);
        self.returned += length;
        Ok(length)
    }
}
