//! A blob store that fails when it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use infra_blob::{
    BlobError, BlobKey, BlobRead, BlobStore, BlobWriter, ByteRange, Page, Result, Stored,
};
use tokio::sync::RwLock;

use crate::machine::CrashPoint;

#[derive(Default)]
pub(crate) struct Faults {
    /// Keeping a blob fails, as on a full disk.
    pub(crate) finish: AtomicBool,
    /// Deleting a blob fails.
    pub(crate) delete: AtomicBool,
    /// Nobody is there to ask: what is asked fails, and is not done later either.
    pub(crate) away: AtomicBool,
    /// What was to be kept is on its way when the wait for a response ends.
    pub(crate) unanswered: AtomicBool,
    /// How often a deletion was asked for meanwhile.
    pub(crate) deletions_away: AtomicU32,
    /// Reading begins late and a list comes late, so that much happens in between.
    pub(crate) slow: AtomicBool,
}

pub(crate) struct FaultyStore {
    store: Arc<dyn BlobStore>,
    /// Burns down with every step, where the process is to die.
    crash_point: Option<Arc<CrashPoint>>,
    pub(crate) faults: Arc<Faults>,
    /// No file is read, none is begun, and none is deleted, while a test holds these.
    pub(crate) reading: RwLock<()>,
    pub(crate) writing: RwLock<()>,
    pub(crate) deleting: RwLock<()>,
}

impl FaultyStore {
    pub(crate) fn new(store: Arc<dyn BlobStore>, crash_point: Option<Arc<CrashPoint>>) -> Self {
        Self {
            store,
            crash_point,
            faults: Arc::default(),
            reading: RwLock::default(),
            writing: RwLock::default(),
            deleting: RwLock::default(),
        }
    }

    async fn step(&self) {
        step(self.crash_point.as_deref()).await;
    }

    pub(crate) fn fail_to_keep(&self, fail: bool) {
        self.faults.finish.store(fail, Ordering::SeqCst);
    }

    pub(crate) fn be_away(&self, away: bool) {
        self.faults.away.store(away, Ordering::SeqCst);
    }

    pub(crate) fn leave_unanswered(&self, unanswered: bool) {
        self.faults.unanswered.store(unanswered, Ordering::SeqCst);
    }

    pub(crate) fn be_slow(&self) {
        self.faults.slow.store(true, Ordering::SeqCst);
    }

    async fn hesitate(&self) {
        if self.faults.slow.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn fail_to_delete(&self, fail: bool) {
        self.faults.delete.store(fail, Ordering::SeqCst);
    }
}

async fn step(crash_point: Option<&CrashPoint>) {
    if let Some(crash_point) = crash_point {
        crash_point.step().await;
    }
}

fn full_disk() -> BlobError {
    BlobError::Io {
        operation: "do as it was told",
        source: std::io::ErrorKind::StorageFull.into(),
    }
}

fn away(sent: bool) -> BlobError {
    BlobError::Away {
        operation: "do as it was told",
        sent,
        source: std::io::ErrorKind::NotConnected.into(),
    }
}

#[async_trait]
impl BlobStore for FaultyStore {
    async fn begin(&self) -> Result<Box<dyn BlobWriter>> {
        drop(self.writing.read().await);
        Ok(Box::new(FaultyWriter {
            writer: self.store.begin().await?,
            crash_point: self.crash_point.clone(),
            faults: Arc::clone(&self.faults),
        }))
    }

    async fn read(&self, key: BlobKey, range: ByteRange) -> Result<BlobRead> {
        self.hesitate().await;
        drop(self.reading.read().await);
        self.store.read(key, range).await
    }

    async fn delete(&self, key: BlobKey) -> Result<bool> {
        if self.faults.away.load(Ordering::SeqCst) {
            self.faults.deletions_away.fetch_add(1, Ordering::SeqCst);
            return Err(away(false));
        }
        if self.faults.delete.load(Ordering::SeqCst) {
            return Err(full_disk());
        }
        self.step().await;
        drop(self.deleting.read().await);
        let deleted = self.store.delete(key).await;
        self.step().await;
        deleted
    }

    async fn remove_unfinished(&self) -> Result<u64> {
        self.store.remove_unfinished().await
    }

    async fn exists(&self, key: BlobKey) -> Result<bool> {
        self.store.exists(key).await
    }

    async fn list(&self, after: Option<BlobKey>, limit: usize) -> Result<Page> {
        let page = self.store.list(after, limit).await;
        self.hesitate().await;
        page
    }
}

struct FaultyWriter {
    writer: Box<dyn BlobWriter>,
    crash_point: Option<Arc<CrashPoint>>,
    faults: Arc<Faults>,
}

#[async_trait]
impl BlobWriter for FaultyWriter {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.writer.write(bytes).await
    }

    fn key(&self) -> BlobKey {
        self.writer.key()
    }

    fn bytes(&self) -> u64 {
        self.writer.bytes()
    }

    async fn written(&mut self, bytes_max: u64) -> Result<Bytes> {
        self.writer.written(bytes_max).await
    }

    async fn finish(self: Box<Self>) -> Result<Stored> {
        if self.faults.away.load(Ordering::SeqCst) {
            return Err(away(false));
        }
        if self.faults.unanswered.load(Ordering::SeqCst) {
            return Err(away(true));
        }
        if self.faults.finish.load(Ordering::SeqCst) {
            return Err(full_disk());
        }
        step(self.crash_point.as_deref()).await;
        let stored = self.writer.finish().await;
        step(self.crash_point.as_deref()).await;
        stored
    }
}
