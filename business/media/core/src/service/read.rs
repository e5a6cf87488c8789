//! Items by id.

use std::sync::Arc;

use business_media_gateway::{MediaId, MediaItem};
use infra_kernel::{Error, Timestamp};

use crate::Core;
use crate::error::MediaError;
use crate::store::items;

impl Core {
    /// Items in the order asked; those that are not there are left out.
    pub(crate) async fn items(&self, ids: &[MediaId]) -> Result<Vec<Arc<MediaItem>>, MediaError> {
        let read = async |ids: Vec<MediaId>| -> Result<_, MediaError> {
            let items = items::read(&self.database, &ids).await?.into_iter();
            Ok(items.map(|item| (item.media(), Arc::new(item))).collect())
        };
        let found = self.caches.items.get_or_load_many(ids, read).await?;
        let expired = self.clock.now().minus(self.settings.unattached_lifetime());
        let found = found.into_iter().flatten();
        Ok(found.filter(|item| !is_over(item, expired)).collect())
    }

    /// The item as the database has it; the caches are notified if another process has changed it.
    pub(crate) async fn fresh_item(&self, id: MediaId) -> Result<Arc<MediaItem>, MediaError> {
        let fresh = items::read(&self.database, &[id]).await?.pop();
        let fresh = fresh.ok_or_else(|| Error::not_found("photo"))?;
        let stale = |kept: Arc<MediaItem>| kept.revision != fresh.revision;
        if self.caches.items.get(&id).is_some_and(stale) {
            self.caches.invalidate(&[id], &[]);
        }
        Ok(Arc::new(fresh))
    }

    pub(crate) async fn item(&self, id: MediaId) -> Result<Arc<MediaItem>, MediaError> {
        let item = self.items(&[id]).await?.pop();
        Ok(item.ok_or_else(|| Error::not_found("photo"))?)
    }
}

/// Whether an item's time to be used is over: uploaded before `expired`, and shown by nothing. It
/// is shown to nobody any more, a while before it is deleted: so anyone who still found it can use
/// it, see `jobs/sweep.rs`. A failed one cannot be used, and is shown for as long as it is kept.
fn is_over(item: &MediaItem, expired: Timestamp) -> bool {
    !item.attached && !item.has_failed() && item.created_at() < expired
}
