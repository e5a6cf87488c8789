//! Reading, writing and comparing files, in the clear or encrypted.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::age::{Decryptor, Encryptor, NotDecrypted};
use crate::digest::{HashingWriter, Sum};
use crate::error::failed;
use crate::{BackupError, Identity, Recipient, Result};

/// How much is read at once.
const CHUNK_BYTES: usize = 128 * 1024;

/// The two ends of what was written: the content, and what lies on the disk.
pub(crate) struct Written {
    pub(crate) plain: Sum,
    pub(crate) stored: Sum,
}

/// Holds reading to a number of bytes a second.
pub(crate) struct Throttle {
    bytes_per_second: Option<u64>,
    began: Instant,
    bytes: u64,
}

impl Throttle {
    pub(crate) fn new(bytes_per_second: Option<u64>) -> Self {
        Self {
            bytes_per_second: bytes_per_second.filter(|bytes| *bytes > 0),
            began: Instant::now(),
            bytes: 0,
        }
    }

    /// Counts what was read, and waits when that was too fast.
    pub(crate) fn count(&mut self, bytes: u64) {
        let Some(per_second) = self.bytes_per_second else {
            return;
        };
        self.bytes += bytes;
        #[allow(clippy::cast_precision_loss)] // a time, to the millisecond
        let due = Duration::from_secs_f64(self.bytes as f64 / per_second as f64);
        std::thread::sleep(due.saturating_sub(self.began.elapsed()));
    }
}

/// Why a copy was not made.
pub(crate) enum CopyError {
    /// What was to be copied could not be read.
    Source(io::Error),
    /// Anything else.
    Other(BackupError),
}

/// Copies a file to a new one, encrypted to these recipients if there are any, and does not wait
/// until it is on disk.
pub(crate) fn copy(
    mut source: File,
    target: &Path,
    recipients: &[Recipient],
    throttle: &mut Throttle,
) -> std::result::Result<Written, CopyError> {
    let writing = |error| CopyError::Other(failed("written", target)(error));
    let file = File::create_new(target).map_err(writing)?;
    let stored = HashingWriter::new(BufWriter::with_capacity(CHUNK_BYTES, file));
    let sink = Sink::new(stored, recipients).map_err(writing)?;
    let mut plain = HashingWriter::new(sink);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let length = match source.read(&mut chunk) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            read => read.map_err(CopyError::Source)?,
        };
        if length == 0 {
            break;
        }
        plain.write_all(&chunk[..length]).map_err(writing)?;
        throttle.count(length as u64);
    }
    let sum = plain.sum();
    let mut stored = plain.writer.finish().map_err(writing)?;
    stored.flush().map_err(writing)?;
    Ok(Written {
        plain: sum,
        stored: stored.sum(),
    })
}

/// Where copied bytes go.
enum Sink<W> {
    Plain(W),
    Sealed(Box<Encryptor<W>>),
}

impl<W: Write> Sink<W> {
    fn new(writer: W, recipients: &[Recipient]) -> io::Result<Self> {
        if recipients.is_empty() {
            return Ok(Self::Plain(writer));
        }
        Ok(Self::Sealed(Box::new(Encryptor::new(recipients, writer)?)))
    }

    fn finish(self) -> io::Result<W> {
        match self {
            Self::Plain(writer) => Ok(writer),
            Self::Sealed(encryptor) => encryptor.finish(),
        }
    }
}

impl<W: Write> Write for Sink<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(writer) => writer.write(bytes),
            Self::Sealed(encryptor) => encryptor.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(writer) => writer.flush(),
            Self::Sealed(encryptor) => encryptor.flush(),
        }
    }
}

/// Compares a file of a backup with what was written of it.
///
/// # Errors
/// When it is not there, cannot be read, or is not that.
pub(crate) fn check(path: &Path, expected: Sum) -> Result<()> {
    let found = sum(path)?;
    compare(path, found, expected)
}

/// The hash and length of a file.
pub(crate) fn sum(path: &Path) -> Result<Sum> {
    let mut file = open(path)?;
    let mut hashing = HashingWriter::new(io::sink());
    transfer(path, &mut file, &mut hashing, path)?;
    Ok(hashing.sum())
}

/// Writes what a file of a backup holds to `target`, which is new, and compares on the way what is
/// read with what was written once. Returns what it holds, decrypted if there are identities.
pub(crate) fn restore(
    path: &Path,
    expected: Sum,
    identities: &[Identity],
    target: &Path,
) -> Result<Sum> {
    let file = File::create_new(target).map_err(failed("written", target))?;
    let mut plain = HashingWriter::new(BufWriter::with_capacity(CHUNK_BYTES, file));
    if identities.is_empty() {
        let mut source = open(path)?;
        transfer(path, &mut source, &mut plain, target)?;
        compare(path, plain.sum(), expected)?;
    } else {
        // Read twice: what is not what was written must not reach the decryption's conclusions.
        check(path, expected)?;
        let source = BufReader::with_capacity(CHUNK_BYTES, open(path)?);
        let decrypted = Decryptor::new(identities, source);
        let mut decrypted = decrypted.map_err(|error| not_decrypted(path, error))?;
        transfer(path, &mut decrypted, &mut plain, target)?;
    }
    plain.flush().map_err(failed("written", target))?;
    Ok(plain.sum())
}

fn not_decrypted(path: &Path, error: NotDecrypted) -> BackupError {
    match error {
        NotDecrypted::NoIdentity => BackupError::Refused(format!(
            "{} is encrypted to somebody else: give the identity of one of its recipients with --identity",
            path.display()
        )),
        NotDecrypted::Malformed => BackupError::damaged(path, error.to_string()),
        NotDecrypted::Read(source) => failed("read", path)(source),
    }
}

fn compare(path: &Path, found: Sum, expected: Sum) -> Result<()> {
    if found.bytes != expected.bytes {
        let reason = format!("{} of {} bytes", found.bytes, expected.bytes);
        return Err(BackupError::damaged(path, reason));
    }
    if found.digest != expected.digest {
        return Err(BackupError::damaged(
            path,
            "it is not what its checksum says",
        ));
    }
    Ok(())
}

/// Opens a file of a backup; one that is not there is damage.
pub(crate) fn open(path: &Path) -> Result<File> {
    match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(BackupError::damaged(path, "it is not there"))
        }
        file => file.map_err(failed("read", path)),
    }
}

/// Copies everything; an error names the file at whose end it arose.
fn transfer(path: &Path, source: &mut dyn Read, sink: &mut dyn Write, target: &Path) -> Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match source.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(length) => sink
                .write_all(&chunk[..length])
                .map_err(failed("written", target))?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                return Err(BackupError::damaged(path, error.to_string()));
            }
            Err(error) => return Err(failed("read", path)(error)),
        }
    }
}
