//! Reading, writing and comparing files, in the clear or encrypted.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use infra_blob::PatientFile;
use rustix::fs::OFlags;

use crate::age::{Decryptor, Encryptor, NotDecrypted};
use crate::digest::{Hashing, Sum};
use crate::error::{failed, unreadable};
use crate::{BackupError, Identity, Recipient, Result};

/// How much is read at once.
const CHUNK_BYTES: usize = 128 * 1024;
/// How much is read of a small file.
const SMALL_BYTES_MAX: u64 = 1024 * 1024;
/// How far a throttle may fall behind and still catch up.
const BURST: Duration = Duration::from_millis(100);

/// The two ends of what was written: the content, and what lies in the backup.
pub(crate) struct Written {
    pub(crate) plain: Sum,
    pub(crate) stored: Sum,
}

/// Holds all reading of a backup to a number of bytes a second. Time in which nothing was read
/// gives no right to read faster afterwards.
pub(crate) struct Throttle {
    bytes_per_second: Option<u64>,
    /// When the next bytes may be read.
    due: Cell<Instant>,
}

impl Throttle {
    pub(crate) fn new(bytes_per_second: Option<u64>) -> Self {
        Self {
            bytes_per_second: bytes_per_second.filter(|bytes| *bytes > 0),
            due: Cell::new(Instant::now()),
        }
    }

    /// Counts what was read, and returns how long is to be waited before more is.
    pub(crate) fn count(&self, bytes: u64) -> Duration {
        let Some(per_second) = self.bytes_per_second else {
            return Duration::ZERO;
        };
        #[allow(clippy::cast_precision_loss)] // a time, to the millisecond
        let takes = Duration::from_secs_f64(bytes as f64 / per_second as f64);
        let now = Instant::now();
        // A sleep that was too long is made up for, a pause is not.
        let from = self.due.get().max(now.checked_sub(BURST).unwrap_or(now));
        self.due.set(from + takes);
        (from + takes).saturating_duration_since(now)
    }

    /// Counts what was read, and waits on this thread: only where nothing else is read on it.
    pub(crate) fn hold(&self, bytes: u64) {
        std::thread::sleep(self.count(bytes));
    }

    /// Reads from this, held to the rate.
    fn over<R>(&self, reader: R) -> Throttled<'_, R> {
        Throttled {
            reader,
            throttle: self,
        }
    }
}

struct Throttled<'a, R> {
    reader: R,
    throttle: &'a Throttle,
}

impl<R: Read> Read for Throttled<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.reader.read(buffer)?;
        self.throttle.hold(length as u64);
        Ok(length)
    }
}

/// A new file of a backup, encrypted to its recipients if there are any.
pub(crate) struct NewFile {
    path: PathBuf,
    plain: Hashing<Sink<Hashing<BufWriter<File>>>>,
}

impl NewFile {
    /// Makes it, where no file may be yet.
    pub(crate) fn create(path: &Path, recipients: &[Recipient]) -> Result<Self> {
        let writing = || failed("written", path);
        let file = File::create_new(path).map_err(writing())?;
        let stored = Hashing::new(BufWriter::with_capacity(CHUNK_BYTES, file));
        let sink = Sink::new(stored, recipients).map_err(writing())?;
        Ok(Self {
            path: path.to_owned(),
            plain: Hashing::new(sink),
        })
    }

    /// Adds to its content.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.plain.write_all(bytes);
        written.map_err(failed("written", &self.path))
    }

    /// Writes the rest of it, and does not wait until it is on disk.
    pub(crate) fn finish(self) -> Result<Written> {
        let writing = || failed("written", &self.path);
        // Before the last piece: what closes the encryption is no part of the content.
        let sum = self.plain.sum();
        let mut stored = self.plain.inner.finish().map_err(writing())?;
        stored.flush().map_err(writing())?;
        Ok(Written {
            plain: sum,
            stored: stored.sum(),
        })
    }
}

/// Copies a file to a new one of a backup.
pub(crate) fn copy(
    source: &Path,
    target: &Path,
    recipients: &[Recipient],
    throttle: &Throttle,
) -> Result<Written> {
    let file = File::open(source).map_err(failed("read", source))?;
    let (mut reader, mut written) = (throttle.over(file), NewFile::create(target, recipients)?);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let length = match reader.read(&mut chunk) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            read => read.map_err(failed("read", source))?,
        };
        if length == 0 {
            return written.finish();
        }
        written.write(&chunk[..length])?;
    }
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

/// Compares a file of a backup with what was written of it: any of these, all of one length.
///
/// # Errors
/// When it is not there, cannot be read, or is none of them.
pub(crate) fn check(path: &Path, written: &[Sum]) -> Result<()> {
    let (file, bytes) = open(path)?;
    // By length first: it costs no read.
    if let Some(other) = written.iter().find(|sum| sum.bytes != bytes) {
        return Err(cut_short(path, bytes, other.bytes));
    }
    let found = hash(path, file, &Throttle::new(None))?;
    require_sum(path, written.contains(&found))
}

/// The hash and length of a file of a backup.
pub(crate) fn sum(path: &Path, throttle: &Throttle) -> Result<Sum> {
    let (file, _) = open(path)?;
    hash(path, file, throttle)
}

fn hash(path: &Path, file: PatientFile, throttle: &Throttle) -> Result<Sum> {
    let mut hashing = Hashing::new(io::sink());
    transfer(path, &mut throttle.over(file), &mut hashing, path)?;
    Ok(hashing.sum())
}

/// Writes what a file of a backup holds to `target`, which is new, decrypted if there are
/// identities. A file of another length is not read; that it holds what it should is for the caller
/// to find out from what is returned.
pub(crate) fn restore(
    path: &Path,
    bytes: u64,
    identities: &[Identity],
    target: &Path,
) -> Result<Written> {
    let source = open_of_length(path, bytes)?;
    let file = File::create_new(target).map_err(failed("written", target))?;
    let mut plain = Hashing::new(BufWriter::with_capacity(CHUNK_BYTES, file));
    // Hashed as it lies there, below the decryption.
    let mut stored = BufReader::with_capacity(CHUNK_BYTES, Hashing::new(source));
    if identities.is_empty() {
        transfer(path, &mut stored, &mut plain, target)?;
    } else {
        let decrypted = Decryptor::new(identities, &mut stored);
        let mut decrypted = decrypted.map_err(|error| not_decrypted(path, error))?;
        transfer(path, &mut decrypted, &mut plain, target)?;
    }
    plain.flush().map_err(failed("written", target))?;
    Ok(Written {
        plain: plain.sum(),
        stored: stored.get_ref().sum(),
    })
}

/// Opens a file of a backup that has this length.
pub(crate) fn open_of_length(path: &Path, bytes: u64) -> Result<PatientFile> {
    match open(path)? {
        (file, found) if found == bytes => Ok(file),
        (_, found) => Err(cut_short(path, found, bytes)),
    }
}

fn not_decrypted(path: &Path, error: NotDecrypted) -> BackupError {
    match error {
        NotDecrypted::Read(source) => unreadable(path)(source),
        error => BackupError::damaged(path, error.to_string()),
    }
}

fn cut_short(path: &Path, found: u64, expected: u64) -> BackupError {
    BackupError::damaged(path, format!("{found} of {expected} bytes"))
}

/// Refuses a file that is not what was written.
pub(crate) fn require_sum(path: &Path, is_as_written: bool) -> Result<()> {
    if is_as_written {
        return Ok(());
    }
    Err(BackupError::damaged(
        path,
        "it is not what its checksum says",
    ))
}

/// Opens a file of a backup and says how long it is. What is not there is damage, and so is what is
/// no file: a pipe or a device may be without an end.
pub(crate) fn open(path: &Path) -> Result<(PatientFile, u64)> {
    let opened = PatientFile::open(path.to_owned(), open_now)
        .and_then(|file| Ok((file.file().metadata()?, file)));
    let (metadata, file) = opened.map_err(unreadable(path))?;
    if !metadata.is_file() {
        return Err(BackupError::damaged(path, "it is no file"));
    }
    Ok((file, metadata.len()))
}

fn open_now(path: &Path) -> io::Result<File> {
    File::options()
        .read(true)
        // A pipe without a writer would be waited for.
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
}

/// Reads a small file of a backup, as far as one may be long.
pub(crate) fn read_small(path: &Path) -> Result<Vec<u8>> {
    let (mut content, (file, _)) = (Vec::new(), open(path)?);
    let read = file.take(SMALL_BYTES_MAX).read_to_end(&mut content);
    read.map_err(unreadable(path))?;
    Ok(content)
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
            Err(error) => return Err(unreadable(path)(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_gives_no_right_to_read_faster() {
        let throttle = Throttle::new(Some(1_000_000));
        std::thread::sleep(Duration::from_millis(400));
        let began = Instant::now();
        throttle.hold(300_000);
        assert!(began.elapsed() >= Duration::from_millis(200) - BURST / 2);
        // What is read bit by bit takes as long.
        let began = Instant::now();
        for _ in 0..300 {
            throttle.hold(1_000);
        }
        assert!(began.elapsed() >= Duration::from_millis(290));
    }
}
