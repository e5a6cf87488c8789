//! Blobs as objects in a bucket of an object store that speaks S3.
//!
//! A blob is the object `PREFIX/ab/cd/abcd…`, named as a [`DirectoryStore`](crate::DirectoryStore)
//! names its files. It is written to a local file first, for its name is its hash; then one request
//! puts it under its name, or several parts become an object at once, so an object is whole or not
//! there. The server compares what came with a checksum. Putting the same content again replaces
//! the object: what was damaged is repaired so, and nobody has to ask before.
//!
//! Reads are short requests, each for one part of an object that fits into memory: a slow reader
//! holds no connection, and a connection that is cut costs the part that was on its way.

mod client;
mod failure;
mod identity;
mod inspect;
mod list;
mod location;
mod read;
mod settings;
mod turns;
mod upload;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use infra_telemetry::LogThrottle;
use object_store::path::Path as ObjectPath;
use object_store::{GetOptions, GetRange, ObjectStore as _, ObjectStoreExt as _};

use self::client::{ASKED_MAX, Clients, Patience, WORK_MAX, within};
use self::failure::Failure;
use self::turns::Writes;
use crate::incoming::{open_incoming, remove_unfinished, require_room};
use crate::reads::Reads;
use crate::staging::Staged;
use crate::{BlobError, BlobKey, BlobRead, BlobStore, BlobWriter, ByteRange, Page, Result, Stored};

pub use self::inspect::S3Facts;
pub use self::location::{S3Location, S3Problem};
pub use self::settings::{S3Credentials, S3Settings, S3Style, Secret};

/// A store in one bucket, or in a part of it. Cheap to clone.
#[derive(Clone)]
pub struct S3Store {
    parts: Arc<Parts>,
    reads: Reads,
    work_reads: Reads,
    reserve_bytes: u64,
}

struct Parts {
    location: S3Location,
    clients: Clients,
    /// Where files are written before they are sent.
    staging: PathBuf,
    writes: Writes,
    /// How often somebody who waited was refused because the server is away.
    refused: LogThrottle,
}

impl S3Store {
    /// A store that writes files to this folder before it sends them, which is made by
    /// [`Self::prepare`]. Nothing is asked of the server yet.
    ///
    /// # Errors
    /// When the system's certificates cannot be read.
    pub fn new(location: S3Location, credentials: &S3Credentials, staging: &Path) -> Result<Self> {
        let clients = Clients::new(&location, credentials)?;
        Ok(Self {
            parts: Arc::new(Parts {
                location,
                clients,
                staging: staging.to_owned(),
                writes: Writes::default(),
                refused: LogThrottle::new(),
            }),
            reads: Reads::for_askers(),
            work_reads: Reads::for_work(),
            reserve_bytes: 0,
        })
    }

    /// Makes the folder in which files are written before they are sent, and removes what
    /// unfinished writes left there.
    ///
    /// # Errors
    /// When it cannot be made or read.
    pub async fn prepare(&self) -> Result<()> {
        open_incoming(&self.parts.staging).await
    }

    /// The same store, which begins nothing new when less than this would stay free on the local
    /// disk, in bytes. The bucket has no such bound: its server says when it is full.
    #[must_use]
    pub fn with_reserve(mut self, reserve_bytes: u64) -> Self {
        self.reserve_bytes = reserve_bytes;
        self
    }

    /// The bucket, the prefix in it, and how they are reached; no keys are in it.
    #[must_use]
    pub fn location(&self) -> &S3Location {
        &self.parts.location
    }

    async fn begin_with(&self, patience: Patience) -> Result<Box<dyn BlobWriter>> {
        Ok(Box::new(Writer {
            store: self.clone(),
            staged: Staged::begin(&self.parts.staging).await?,
            patience,
        }))
    }

    /// What the names of all its objects begin with.
    fn root(&self) -> String {
        match self.parts.location.prefix.as_str() {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        }
    }

    fn path(&self, key: BlobKey) -> ObjectPath {
        let name = key.to_string();
        let (first, second) = (&name[..2], &name[2..4]);
        ObjectPath::from(format!("{}{first}/{second}/{name}", self.root()))
    }

    /// The same result, of which the log learns when the server is away. Where it becomes a
    /// response, it is one of many.
    fn noted<T>(&self, result: Result<T>) -> Result<T> {
        let Err(BlobError::Away {
            operation, source, ..
        }) = &result
        else {
            return result;
        };
        if let Some(refused) = self.parts.refused.note() {
            tracing::error!(
                operation,
                error = %source,
                refused,
                "the bucket of the photos is away, and requests that need it are refused"
            );
        }
        result
    }

    /// The length of an object; nothing when it is not there.
    async fn stat(
        &self,
        path: &ObjectPath,
        operation: &'static str,
        patience: Patience,
    ) -> Result<Option<u64>> {
        let client = self.parts.clients.of(patience);
        let failure = match client.head(path).await.map_err(Failure::of) {
            Ok(found) => return Ok(Some(found.size)),
            Err(failure) if failure.is_transient() => return Err(failure.during(operation)),
            Err(failure) => failure,
        };
        // A refusal of such a request has no body that says why, or what is missing: the object or
        // the bucket, without which every photo would seem lost. So it is asked for its first byte.
        let first = GetOptions {
            range: Some(GetRange::Bounded(0..1)),
            ..GetOptions::default()
        };
        match client.get_opts(path, first).await.map_err(Failure::of) {
            Ok(found) => Ok(Some(found.meta.size)),
            Err(failure) if failure.is_beyond_the_end() => Ok(Some(0)),
            Err(explained) if explained.is_missing_object() => Ok(None),
            // What the first request was refused with says more than that the second failed.
            Err(explained) if explained.is_transient() => Err(failure.during(operation)),
            Err(explained) => Err(explained.during(operation)),
        }
    }

    /// An error of a read, in which a missing object is no other failure.
    fn read_error(key: BlobKey, failure: Failure) -> BlobError {
        match failure.is_missing_object() {
            true => BlobError::NotFound(key),
            false => failure.during("read an object"),
        }
    }
}

#[async_trait]
impl BlobStore for S3Store {
    async fn begin(&self) -> Result<Box<dyn BlobWriter>> {
        self.begin_with(Patience::Asked).await
    }

    async fn begin_for_work(&self) -> Result<Box<dyn BlobWriter>> {
        self.begin_with(Patience::Work).await
    }

    async fn require_room(&self, bytes: u64) -> Result<()> {
        require_room(&self.parts.staging, self.reserve_bytes, bytes).await
    }

    async fn read(&self, key: BlobKey, range: ByteRange) -> Result<BlobRead> {
        self.noted(self.stream_asked(key, range).await)
    }

    async fn read_for_upload(&self, key: BlobKey, range: ByteRange) -> Result<BlobRead> {
        self.noted(self.stream_for_upload(key, range).await)
    }

    async fn read_for_work(&self, key: BlobKey, range: ByteRange) -> Result<BlobRead> {
        self.stream_for_work(key, range).await
    }

    async fn read_all(&self, key: BlobKey, bytes_max: u64) -> Result<Bytes> {
        self.noted(self.whole_asked(key, bytes_max).await)
    }

    async fn read_all_for_work(&self, key: BlobKey, bytes_max: u64) -> Result<Bytes> {
        self.whole_for_work(key, bytes_max).await
    }

    /// Looks first: the server's response is the same whether or not there was anything. Nobody
    /// waits long where the server is away: who deletes comes again.
    async fn delete(&self, key: BlobKey) -> Result<bool> {
        const OPERATION: &str = "delete an object";
        let path = self.path(key);
        // All of it within the bound of one request: a look may be two.
        let look = self.stat(&path, OPERATION, Patience::Asked);
        let found = within(ASKED_MAX, OPERATION, look).await;
        if found.map_err(BlobError::unsent)?.is_none() {
            return Ok(false);
        }
        within(WORK_MAX, OPERATION, async {
            // Once: a try that timed out may yet delete what is put here after it (ADR 0037).
            let deleted = self.parts.clients.once.delete(&path).await;
            deleted.map_err(|error| Failure::of(error).during(OPERATION))
        })
        .await?;
        Ok(true)
    }

    async fn remove_unfinished(&self) -> Result<u64> {
        remove_unfinished(&self.parts.staging).await
    }

    async fn exists(&self, key: BlobKey) -> Result<bool> {
        Ok(self.length(key).await?.is_some())
    }

    async fn list(&self, after: Option<BlobKey>, limit: usize) -> Result<Page> {
        self.page(after, limit).await
    }

    async fn length(&self, key: BlobKey) -> Result<Option<u64>> {
        const OPERATION: &str = "look for an object";
        let _turn = self.work_reads.turn().await?;
        let path = self.path(key);
        let look = self.stat(&path, OPERATION, Patience::Work);
        within(WORK_MAX, OPERATION, look).await
    }
}

struct Writer {
    store: S3Store,
    staged: Staged,
    patience: Patience,
}

#[async_trait]
impl BlobWriter for Writer {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.staged.write(bytes).await
    }

    fn key(&self) -> BlobKey {
        self.staged.stored().key
    }

    fn bytes(&self) -> u64 {
        self.staged.bytes()
    }

    async fn written(&mut self, bytes_max: u64) -> Result<Bytes> {
        self.staged.written(bytes_max).await
    }

    async fn finish(mut self: Box<Self>) -> Result<Stored> {
        let stored = self.staged.stored();
        let file = self.staged.take()?;
        // Also where the bucket has the object: to ask costs a request, and what is damaged is
        // repaired so.
        let sent = upload::run_to_completion(&self.store, file, stored, self.patience).await;
        match self.patience {
            Patience::Asked => self.store.noted(sent)?,
            Patience::Work => sent?,
        }
        Ok(stored)
    }
}
