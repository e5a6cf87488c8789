//! Bytes kept under the hash of what they are: photo originals and renditions.
//!
//! A [`BlobStore`] is written once per content and never changed: [`BlobStore::begin`] gives a
//! writer that hashes as the bytes come, and what it finishes is durable and whole, or not there at
//! all. Two writers of the same content make one blob. Reading is by key and range, as a stream of
//! chunks.
//!
//! [`DirectoryStore`] keeps blobs as files in one directory, [`S3Store`] as objects in a bucket of
//! an object store that speaks S3. Both name them alike, so that one can be copied into the other.
//!
//! [`transfer`] moves what one holds into the other.
//!
//! It counts no references: the caller that deletes a blob knows that nobody needs it.

mod blocking;
mod directory;
mod error;
mod folders;
mod incoming;
mod key;
mod listing;
mod patient;
mod reads;
mod s3;
mod staging;
pub mod transfer;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use futures::stream::BoxStream;

pub use directory::DirectoryStore;
pub use error::{BlobError, is_lost_to_the_disk};
pub use key::{BlobKey, InvalidBlobKey};
pub use patient::PatientFile;
pub use reads::{READS_AT_ONCE_MAX, WORK_READS_AT_ONCE_MAX};
pub use s3::{S3Credentials, S3Facts, S3Location, S3Problem, S3Settings, S3Store, S3Style, Secret};

/// What reading and writing return.
pub type Result<T, E = BlobError> = std::result::Result<T, E>;

/// A blob that is there for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The hash of its content.
    pub key: BlobKey,
    /// Its length in bytes.
    pub bytes: u64,
}

/// A part of what a store holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// What is there, in the order of the keys.
    pub blobs: Vec<Stored>,
    /// Names of what is there and is no blob, for the operator: a file that somebody has put there.
    /// Each is reported once in a walk over all pages; at most a hundred on a page.
    pub foreign_files: Vec<String>,
}

/// Which bytes to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ByteRange {
    /// Where it begins, in bytes from the blob's beginning.
    pub offset: u64,
    /// How many; all the rest when not set.
    pub length: Option<u64>,
}

impl ByteRange {
    /// From the first byte to the last, however many there are.
    pub const ALL: Self = Self {
        offset: 0,
        length: None,
    };

    /// How many bytes of a blob of this length the range covers: none when it begins at or after
    /// the end.
    #[must_use]
    pub fn length_within(self, total: u64) -> u64 {
        let rest = total.saturating_sub(self.offset);
        self.length.map_or(rest, |length| length.min(rest))
    }
}

/// The bytes of a blob, on their way.
pub struct BlobRead {
    /// The length of the whole blob.
    pub total: u64,
    /// How many bytes `chunks` gives if nothing fails.
    pub length: u64,
    /// The bytes, in chunks of at most [`CHUNK_BYTES`].
    pub chunks: BoxStream<'static, Result<Bytes>>,
}

/// The largest chunk that a read gives, in bytes.
pub const CHUNK_BYTES: usize = 128 * 1024;

/// Where blobs are kept.
#[async_trait]
pub trait BlobStore: Send + Sync + 'static {
    /// Begins a blob whose content comes piece by piece. Where a blob of the same content was
    /// damaged, what is finished takes its place. Somebody waits for it: while the store is away,
    /// finishing it fails within seconds.
    async fn begin(&self) -> Result<Box<dyn BlobWriter>>;

    /// The same for this server's own work, which waits for a store that is away for a moment.
    async fn begin_for_work(&self) -> Result<Box<dyn BlobWriter>> {
        self.begin().await
    }

    /// Whether something new of so many bytes (0 when that is not known) may be begun: what is to
    /// stay free on the disk, for what has been begun before and for the databases, would not
    /// suffer.
    ///
    /// # Errors
    /// [`BlobError::NoRoom`] when it would.
    async fn require_room(&self, _bytes: u64) -> Result<()> {
        Ok(())
    }

    /// Bytes of a blob, for anyone who asks from outside. Its content never changes, so reads of
    /// the same key fit together.
    ///
    /// # Errors
    /// [`BlobError::NotFound`] when there is no such blob; [`BlobError::Busy`] when too many are
    /// asked for.
    async fn read(&self, key: BlobKey, range: ByteRange) -> Result<BlobRead>;

    /// The same for this server's own work, which others' reads neither hold up nor end: it waits
    /// for its turn as long as that takes.
    ///
    /// # Errors
    /// [`BlobError::NotFound`] when there is no such blob.
    async fn read_for_work(&self, key: BlobKey, range: ByteRange) -> Result<BlobRead> {
        self.read(key, range).await
    }

    /// The same for an upload that goes on with it: it waits for its turn as this server's own work
    /// does, and for a store that is away no longer than anyone who asks from outside.
    ///
    /// # Errors
    /// [`BlobError::NotFound`] when there is no such blob.
    async fn read_for_upload(&self, key: BlobKey, range: ByteRange) -> Result<BlobRead> {
        self.read_for_work(key, range).await
    }

    /// Removes a blob. Returns whether it was there.
    ///
    /// # Errors
    /// One that [may yet happen](BlobError::may_yet_happen) when that is not known.
    async fn delete(&self, key: BlobKey) -> Result<bool>;

    /// Removes what writes left that nobody has gone on with for an hour: their process is dead.
    /// Returns how many there were.
    async fn remove_unfinished(&self) -> Result<u64>;

    /// Whether the blob is there.
    async fn exists(&self, key: BlobKey) -> Result<bool>;

    /// At most `limit` of the blobs whose keys come after this one, in order; fewer only at the
    /// end. A blob that is put or deleted meanwhile may be among them or not; any other is.
    async fn list(&self, after: Option<BlobKey>, limit: usize) -> Result<Page>;

    /// How long the blob is, in bytes; nothing when it is not there. Read as
    /// [`Self::read_for_work`] does.
    async fn length(&self, key: BlobKey) -> Result<Option<u64>> {
        let nothing = ByteRange {
            offset: 0,
            length: Some(0),
        };
        match self.read_for_work(key, nothing).await {
            Ok(read) => Ok(Some(read.total)),
            Err(BlobError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads every byte of a blob, a chunk at a time, and compares them with its key. Returns how
    /// many there are. Read as [`Self::read_for_work`] does.
    ///
    /// # Errors
    /// [`BlobError::Damaged`] when they are not what its key says; [`BlobError::NotFound`] when it
    /// is not there.
    async fn verify(&self, key: BlobKey) -> Result<u64> {
        let mut read = self.read_for_work(key, ByteRange::ALL).await?;
        let mut hasher = blake3::Hasher::new();
        while let Some(chunk) = read.chunks.next().await {
            hasher.update(&chunk?);
        }
        if BlobKey::of_hasher(&hasher) == key {
            return Ok(read.total);
        }
        Err(BlobError::Damaged(key))
    }

    /// Keeps bytes that are at hand, as this server's own work.
    async fn put(&self, bytes: Bytes) -> Result<Stored> {
        let mut writer = self.begin_for_work().await?;
        writer.write(bytes).await?;
        writer.finish().await
    }

    /// A whole blob of at most `bytes_max` bytes, for anyone who asks from outside. They are not
    /// compared with its key: see [`Self::verify`].
    ///
    /// # Errors
    /// [`BlobError::TooLarge`] when it is longer: nothing of it is then read. [`BlobError::Busy`]
    /// when too many are asked for.
    async fn read_all(&self, key: BlobKey, bytes_max: u64) -> Result<Bytes> {
        gather(key, self.read(key, ByteRange::ALL).await?, bytes_max).await
    }

    /// The same for this server's own work, as [`Self::read_for_work`] has it.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`] when it is longer: nothing of it is then read.
    async fn read_all_for_work(&self, key: BlobKey, bytes_max: u64) -> Result<Bytes> {
        let read = self.read_for_work(key, ByteRange::ALL).await?;
        gather(key, read, bytes_max).await
    }

    /// The same for an upload that goes on with it, as [`Self::read_for_upload`] has it.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`] when it is longer: nothing of it is then read.
    async fn read_all_for_upload(&self, key: BlobKey, bytes_max: u64) -> Result<Bytes> {
        let read = self.read_for_upload(key, ByteRange::ALL).await?;
        gather(key, read, bytes_max).await
    }
}

async fn gather(key: BlobKey, mut read: BlobRead, bytes_max: u64) -> Result<Bytes> {
    // By the length on the disk and before the first byte, so that the buffer below is bounded too.
    if read.total > bytes_max {
        return Err(BlobError::TooLarge {
            key,
            bytes: read.total,
            bytes_max,
        });
    }
    // The bound holds for this allocation too, which is the whole blob at once.
    let mut all = BytesMut::with_capacity(usize::try_from(read.total).unwrap_or(0));
    while let Some(chunk) = read.chunks.next().await {
        all.extend_from_slice(&chunk?);
    }
    Ok(all.freeze())
}

/// A blob that is being written. Dropped before it is finished, it leaves nothing.
#[async_trait]
pub trait BlobWriter: Send {
    /// Adds bytes to the end.
    async fn write(&mut self, bytes: Bytes) -> Result<()>;

    /// The key of what was written so far: what [`Self::finish`] will return if nothing more is
    /// written.
    fn key(&self) -> BlobKey;

    /// How many bytes were written so far.
    fn bytes(&self) -> u64;

    /// What was written so far, whole, when it is at most `bytes_max` bytes: to look at it before
    /// it is kept.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`] when more was written.
    async fn written(&mut self, bytes_max: u64) -> Result<Bytes>;

    /// Makes the blob durable under its key.
    async fn finish(self: Box<Self>) -> Result<Stored>;
}
