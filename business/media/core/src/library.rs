//! The photos that there are: reading them, showing them, deleting them.
//!
//! The library is exact: whatever changes an item's row or its files says so here, in the hook of
//! its write ([`Library::write_then`]), and with that the caches and those who wait know it. Who
//! may see an item is not decided here; of what is not open it serves what a signature was checked
//! for.

pub(crate) mod attach;
mod caches;
pub(crate) mod delete;
pub(crate) mod describe;
pub(crate) mod read_original;
pub(crate) mod read_rendition;
pub(crate) mod release;
mod send;
pub(crate) mod sweep;
pub(crate) mod unused;
pub(crate) mod update;
pub(crate) mod wait;

use std::sync::Arc;
use std::time::Duration;

use business_media_gateway::{MediaId, MediaItem};
use infra_blob::BlobKey;
use infra_db::{BoxFuture, Connection, Database};
use infra_kernel::{Clock, Error, IdGenerator, Timestamp};
use tokio::sync::broadcast;

use crate::blobs::Blobs;
use crate::budget::MemoryBudget;
use crate::dependencies::Dependencies;
use crate::error::MediaError;
use crate::library::caches::Caches;
use crate::store::deletion::Leftovers;
use crate::store::{items, renditions};

/// Items whose end of processing waiters may be late to hear of before they have to look for
/// themselves.
const PROCESSED_QUEUE_MAX: usize = 1_024;

/// Items, their renditions, and who reads them.
pub(crate) struct Library {
    database: Database,
    blobs: Blobs,
    clock: Arc<dyn Clock>,
    ids: Arc<IdGenerator>,
    /// For originals that are stripped for those who ask.
    budget: MemoryBudget,
    caches: Caches,
    /// Announces which items became ready or failed in this process.
    processed: broadcast::Sender<MediaId>,
    /// How long an item that nothing uses can be found.
    unattached_lifetime: Duration,
    failed_lifetime: Duration,
}

impl Library {
    pub(crate) fn new(dependencies: &Dependencies, blobs: Blobs, budget: MemoryBudget) -> Self {
        let settings = &dependencies.settings;
        Self {
            database: dependencies.database.clone(),
            blobs,
            clock: Arc::clone(&dependencies.clock),
            ids: Arc::clone(&dependencies.ids),
            budget,
            caches: Caches::new(settings.rendition_cache_bytes),
            processed: broadcast::Sender::new(PROCESSED_QUEUE_MAX),
            unattached_lifetime: settings.unattached_lifetime(),
            failed_lifetime: settings.failed_lifetime(),
        }
    }

    /// Runs a write, and when it is committed what follows from it: invalidating what is cached,
    /// waking who waits.
    pub(crate) async fn write_then<T, F>(
        self: &Arc<Self>,
        work: F,
        after_commit: impl FnOnce(&Self, &T) + Send + 'static,
    ) -> Result<T, MediaError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, MediaError>>
            + Send
            + 'static,
    {
        let library = Arc::clone(self);
        let hook = move |value: &T, _| after_commit(&library, value);
        self.database.write_then(work, hook).await
    }

    /// Invalidates items whose rows changed, and renditions that lost or got a row, got another
    /// form, or are open now or no longer.
    pub(crate) fn invalidate(&self, items: &[MediaId], renditions: &[BlobKey]) {
        self.caches.invalidate(items, renditions);
    }

    /// Invalidates what was deleted.
    pub(crate) fn invalidate_deleted(&self, leftovers: &Leftovers) {
        self.invalidate(&leftovers.items, &leftovers.renditions);
    }

    /// Invalidates an item with its renditions: what is cached of them may say that there is no
    /// other form of them, or that no open item has them.
    pub(crate) async fn invalidate_with_renditions(&self, id: MediaId) -> Result<(), MediaError> {
        let keys = renditions::keys(&self.database, id).await?;
        self.invalidate(&[id], &keys);
        Ok(())
    }

    /// Says that an item's processing ended: to the caches, and to the waiters.
    pub(crate) fn publish_processed(&self, id: MediaId) {
        // Before they hear of it: those who wait read through the cache.
        self.invalidate(&[id], &[]);
        // Nobody may be waiting.
        let _ = self.processed.send(id);
    }

    /// Items in the order asked; those that are not there are left out.
    pub(crate) async fn items(&self, ids: &[MediaId]) -> Result<Vec<Arc<MediaItem>>, MediaError> {
        let read = async |ids: Vec<MediaId>| -> Result<_, MediaError> {
            let items = items::read(&self.database, &ids).await?.into_iter();
            Ok(items.map(|item| (item.media(), Arc::new(item))).collect())
        };
        let found = self.caches.items.get_or_load_many(ids, read).await?;
        // Left out here and not by the cache: that an item's time is over is no write that would
        // invalidate it.
        let expired = self.clock.now().minus(self.unattached_lifetime);
        let found = found.into_iter().flatten();
        Ok(found.filter(|item| !is_over(item, expired)).collect())
    }

    pub(crate) async fn item(&self, id: MediaId) -> Result<Arc<MediaItem>, MediaError> {
        let item = self.items(&[id]).await?.pop();
        Ok(item.ok_or_else(|| Error::not_found("photo"))?)
    }

    /// The item as the database has it, which another process may have changed.
    pub(crate) async fn fresh_item(&self, id: MediaId) -> Result<Arc<MediaItem>, MediaError> {
        let fresh = items::read(&self.database, &[id]).await?.pop();
        let fresh = fresh.ok_or_else(|| Error::not_found("photo"))?;
        let stale = |kept: Arc<MediaItem>| kept.revision != fresh.revision;
        // Only where they differ: who polls an item that does not change leaves the cache alone.
        if self.caches.items.get(&id).is_some_and(stale) {
            self.invalidate(&[id], &[]);
        }
        Ok(Arc::new(fresh))
    }

    /// The names of the files that an item is served as, as the database has them.
    pub(crate) async fn file_names(&self, id: MediaId) -> Result<Vec<String>, MediaError> {
        let items = items::read(&self.database, &[id]).await?;
        let forms = items.into_iter().flat_map(|item| item.renditions);
        Ok(forms.map(|rendition| rendition.key).collect())
    }
}

/// Whether an item's time to be used is over: uploaded before `expired`, and shown by nothing. It
/// is shown to nobody any more, a while before it is deleted: so anyone who still found it can use
/// it, see `library/sweep.rs`. A failed one cannot be used, and is shown for as long as it is kept.
fn is_over(item: &MediaItem, expired: Timestamp) -> bool {
    !item.attached && !item.has_failed() && item.created_at() < expired
}
