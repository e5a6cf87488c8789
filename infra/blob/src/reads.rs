//! Reads take turns at the store, so that however many files are asked for, what else waits there
//! continues beside them.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use infra_telemetry::LogThrottle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::blocking::blocking;
use crate::{BlobError, BlobKey, BlobRead, ByteRange, CHUNK_BYTES, PatientFile, Result};

/// The most reads that are with the disk at a time, each on a thread and with a file or a chunk in
/// memory. However many files are asked for, what is written and what else waits on such threads
/// continues beside them.
pub const READS_AT_ONCE_MAX: usize = 64;
/// The most reads of this server's own work that are with the disk at a time, beside those. Few are
/// enough: workers are as few as processors.
pub const WORK_READS_AT_ONCE_MAX: usize = 16;
/// How long a read for somebody else may wait for its turn to begin: as long as an upload waits for
/// memory, and less than most clients wait.
const TURN_WAIT_MAX: Duration = Duration::from_secs(10);

/// The turns of those that read.
#[derive(Clone)]
pub(crate) struct Reads {
    turns: Arc<Semaphore>,
    /// How long a read waits for its turn to begin; nothing when it never gives up.
    turn_wait_max: Option<Duration>,
    given_up: Arc<LogThrottle>,
}

impl Reads {
    /// For anyone who asks from outside: anybody, and as many as like.
    pub(crate) fn for_askers() -> Self {
        Self::new(READS_AT_ONCE_MAX, Some(TURN_WAIT_MAX))
    }

    /// For this server's own work. It is not given up because strangers read much, and those before
    /// it in the line are as few as workers and uploads.
    pub(crate) fn for_work() -> Self {
        Self::new(WORK_READS_AT_ONCE_MAX, None)
    }

    fn new(turns: usize, turn_wait_max: Option<Duration>) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(turns)),
            turn_wait_max,
            given_up: Arc::default(),
        }
    }

    /// Whether a disk that fails may be away for a moment only: work that takes it for damage has
    /// time to look again, and somebody who asks has not.
    const fn is_patient(&self) -> bool {
        self.turn_wait_max.is_none()
    }

    /// Begins a read when it is its turn, or gives it up if it is for somebody else.
    pub(crate) async fn begin<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        in_turn(self.turn_to_begin().await?, operation, work).await
    }

    /// Waits until a read may begin, or gives it up if it is for somebody else.
    pub(crate) async fn turn_to_begin(&self) -> Result<OwnedSemaphorePermit> {
        let Some(wait_max) = self.turn_wait_max else {
            return self.turn().await;
        };
        let Ok(turn) = tokio::time::timeout(wait_max, self.turn()).await else {
            if let Some(given_up) = self.given_up.note() {
                tracing::warn!(
                    given_up,
                    reads_at_once_max = READS_AT_ONCE_MAX,
                    "reads of files were given up, because more are asked for than the store gives"
                );
            }
            return Err(BlobError::Busy);
        };
        turn
    }

    /// Continues with a read. It waits for its turn as long as that takes: what has begun is not
    /// cut off, and those before it are as few as readers are.
    pub(crate) async fn go_on<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        in_turn(self.turn().await?, operation, work).await
    }

    /// A part of a file, in chunks.
    pub(crate) async fn stream(
        &self,
        path: PathBuf,
        key: BlobKey,
        range: ByteRange,
    ) -> Result<BlobRead> {
        let is_patient = self.is_patient();
        let opened = self
            .begin("open a file", move || {
                let Some((mut file, total)) = open(path, is_patient)? else {
                    return Ok(None);
                };
                // No further than its end, where the range is empty and nothing is read.
                file.skip_to(range.offset.min(total))?;
                Ok(Some((file, total)))
            })
            .await?;
        let (file, total) = opened.ok_or(BlobError::NotFound(key))?;
        let length = range.length_within(total);
        let reads = self.clone();
        let chunks = stream::try_unfold((file, length), move |(file, left)| {
            let reads = reads.clone();
            async move {
                if left == 0 {
                    return Ok(None);
                }
                let read = reads.go_on("read a file", move || read_chunk(file, left));
                let (chunk, file) = read.await?;
                // It ends before its length: the file was cut short while it was open.
                if chunk.is_empty() {
                    return Err(BlobError::Damaged(key));
                }
                let left = left - chunk.len() as u64;
                Ok(Some((chunk, (file, left))))
            }
        });
        Ok(BlobRead {
            total,
            length,
            chunks: chunks.boxed(),
        })
    }

    /// In one go: a photo that is sent whole is not worth a hop to another thread for each chunk.
    pub(crate) async fn whole(&self, path: PathBuf, key: BlobKey, bytes_max: u64) -> Result<Bytes> {
        let is_patient = self.is_patient();
        let read = self.begin("read a file", move || {
            read_whole(path, bytes_max, is_patient)
        });
        match read.await?.ok_or(BlobError::NotFound(key))? {
            Whole::Read(all) => Ok(all),
            Whole::TooLarge(bytes) => Err(BlobError::TooLarge {
                key,
                bytes,
                bytes_max,
            }),
        }
    }

    /// Waits for a turn as long as that takes.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit> {
        // Nobody closes it.
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        turn.map_err(|_| BlobError::Busy)
    }
}

/// Holds the turn until the work is done, even when nobody waits for it any more.
async fn in_turn<T: Send + 'static>(
    turn: OwnedSemaphorePermit,
    operation: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    blocking(operation, move || {
        let done = work();
        // On the thread itself: a caller that is gone does not end what the disk is doing.
        drop(turn);
        done
    })
    .await
}

/// Opens a file, and says how long it is; nothing when there is none.
fn open(path: PathBuf, is_patient: bool) -> io::Result<Option<(Opened, u64)>> {
    let opened = if is_patient {
        PatientFile::open(path, |path| File::open(path)).map(Opened::Patient)
    } else {
        File::open(path).map(Opened::Plain)
    };
    let file = match opened {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let total = file.file().metadata()?.len();
    Ok(Some((file, total)))
}

/// A file that is read.
enum Opened {
    /// For somebody who waits, and is told at once.
    Plain(File),
    /// For work that would take a failure for damage.
    Patient(PatientFile),
}

impl Opened {
    const fn file(&self) -> &File {
        match self {
            Self::Plain(file) => file,
            Self::Patient(file) => file.file(),
        }
    }

    fn skip_to(&mut self, position: u64) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.seek(SeekFrom::Start(position)).map(drop),
            Self::Patient(file) => file.skip_to(position),
        }
    }
}

impl io::Read for Opened {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.read(buffer),
            Self::Patient(file) => file.read(buffer),
        }
    }
}

/// A file of a length that is at most what was asked for, or the length of one that is longer.
enum Whole {
    Read(Bytes),
    TooLarge(u64),
}

/// Nothing when there is no file.
fn read_whole(path: PathBuf, bytes_max: u64, is_patient: bool) -> io::Result<Option<Whole>> {
    let Some((mut file, total)) = open(path, is_patient)? else {
        return Ok(None);
    };
    if total > bytes_max {
        return Ok(Some(Whole::TooLarge(total)));
    }
    let mut all = Vec::with_capacity(usize::try_from(total).unwrap_or(0));
    file.read_to_end(&mut all)?;
    Ok(Some(Whole::Read(all.into())))
}

/// Reads up to a chunk of the `left` bytes that are still to come; nothing when the file ends
/// early.
fn read_chunk(mut file: Opened, left: u64) -> io::Result<(Bytes, Opened)> {
    let length = usize::try_from(left)
        .unwrap_or(CHUNK_BYTES)
        .min(CHUNK_BYTES);
    let mut chunk = Vec::with_capacity(length);
    (&mut file).take(length as u64).read_to_end(&mut chunk)?;
    Ok((chunk.into(), file))
}
