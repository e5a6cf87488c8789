//! Reads take turns at the store, so that however many files are asked for, what else waits there
//! continues beside them.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use infra_telemetry::LogThrottle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::blocking::blocking;
use crate::{BlobError, BlobKey, BlobRead, ByteRange, CHUNK_BYTES, Result};

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
        let opened = self
            .begin("open a file", move || {
                let mut file = match File::open(path) {
                    Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                    file => file?,
                };
                let total = file.metadata()?.len();
                file.seek(SeekFrom::Start(range.offset.min(total)))?;
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
        let read = self.begin("read a file", move || read_whole(&path, bytes_max));
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
        drop(turn);
        done
    })
    .await
}

/// A file of a length that is at most what was asked for, or the length of one that is longer.
enum Whole {
    Read(Bytes),
    TooLarge(u64),
}

/// Nothing when there is no file.
fn read_whole(path: &Path, bytes_max: u64) -> io::Result<Option<Whole>> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let total = file.metadata()?.len();
    if total > bytes_max {
        return Ok(Some(Whole::TooLarge(total)));
    }
    let mut all = Vec::with_capacity(usize::try_from(total).unwrap_or(0));
    file.read_to_end(&mut all)?;
    Ok(Some(Whole::Read(all.into())))
}

/// Reads up to a chunk of the `left` bytes that are still to come; nothing when the file ends
/// early.
fn read_chunk(mut file: File, left: u64) -> io::Result<(Bytes, File)> {
    let length = usize::try_from(left)
        .unwrap_or(CHUNK_BYTES)
        .min(CHUNK_BYTES);
    let mut chunk = Vec::with_capacity(length);
    (&mut file).take(length as u64).read_to_end(&mut chunk)?;
    Ok((chunk.into(), file))
}
