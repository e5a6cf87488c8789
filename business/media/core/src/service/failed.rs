//! Items that have failed, for operators.
//!
//! These calls may be made in a process beside the one that serves. So bytes are only queued for
//! deletion here, and deleted by the sweeper of the one process that does that.

use std::collections::HashMap;
use std::sync::Arc;

use business_media_gateway::{
    DropFailedReply, DropFailedRequest, FailedItem, GivenUpAlternates, IDS_MAX, ListFailedReply,
    ListFailedRequest, MediaId, MediaItem, MediaUploaded, RetryFailedRequest, topics,
};
use infra_blob::BlobKey;
use infra_bus::{Event, outbox};
use infra_kernel::{Context, Error, ErrorCode};

use crate::Core;
use crate::error::MediaError;
use crate::store::alternates::{self, GivenUpRow};
use crate::store::deletion::{Leftovers, delete_items};
use crate::store::failed::{self, FailedRow};
use crate::store::{holders, items};

impl Core {
    pub(crate) async fn list_failed(
        self: &Arc<Self>,
        _: &Context,
        request: ListFailedRequest,
    ) -> Result<ListFailedReply, MediaError> {
        let limit = request
            .limit
            .min(u32::try_from(IDS_MAX).unwrap_or(u32::MAX));
        let before = match request.before_id {
            0 => i64::MAX,
            id => id.cast_signed(),
        };
        let rows = failed::before(&self.database, before, limit).await?;
        let ids: Vec<MediaId> = rows.iter().map(FailedRow::media).collect();
        let items = items::read(&self.database, &ids).await?;
        let mut items: HashMap<u64, MediaItem> =
            items.into_iter().map(|item| (item.id, item)).collect();
        let told = |row: FailedRow| {
            // One that was dropped or retried in between is left out.
            let item = items.remove(&row.media().get())?;
            Some(FailedItem {
                item: Some(item),
                failed_at_us: row.failed_at,
                attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
                has_original: !row.original_key.is_empty(),
                cause: row.failure_cause,
            })
        };
        let alternates = match request.before_id {
            0 => alternates::given_up(&self.database, limit).await?,
            _ => Vec::new(),
        };
        Ok(ListFailedReply {
            items: rows.into_iter().filter_map(told).collect(),
            alternates: alternates.into_iter().map(given_up).collect(),
        })
    }

    pub(crate) async fn retry_failed(
        self: &Arc<Self>,
        context: &Context,
        request: RetryFailedRequest,
    ) -> Result<MediaItem, MediaError> {
        let id = MediaId::new(request.id);
        if let Some(item) = self.retry_alternates(id).await? {
            return Ok(item);
        }
        self.require_original(id).await?;
        let (ids, now) = (Arc::clone(&self.ids), self.clock.now());
        let context = context.clone();
        let retried = self.write_then(
            move |connection| {
                Box::pin(async move {
                    let Some(owner_id) = failed::requeue(connection, id, now).await? else {
                        return Ok(false);
                    };
                    let message = MediaUploaded {
                        media_id: id.get(),
                        owner_id: owner_id.cast_unsigned(),
                    };
                    let event = Event::new(&context, &ids, topics::UPLOADED, id.get(), &message);
                    outbox::append(connection, &event).await?;
                    Ok(true)
                })
            },
            move |core, _| core.caches.invalidate(&[id], &[]),
        );
        if !retried.await? {
            return Err(Error::not_found("failed photo").into());
        }
        let item = items::read(&self.database, &[id]).await?.pop();
        Ok(item.ok_or_else(|| Error::not_found("photo"))?)
    }

    /// Lets the alternates of a ready item be retried, if they were given up.
    async fn retry_alternates(&self, id: MediaId) -> Result<Option<MediaItem>, MediaError> {
        let now = self.clock.now();
        let waits = self.database.write(move |connection| {
            Box::pin(async move { alternates::try_again(connection, id, now).await })
        });
        if !waits.await? {
            return Ok(None);
        }
        self.queue.wake();
        Ok(items::read(&self.database, &[id]).await?.pop())
    }

    /// Refuses what cannot be retried, and says why.
    async fn require_original(&self, id: MediaId) -> Result<(), MediaError> {
        let after = id.to_sql().saturating_add(1);
        let row = failed::before(&self.database, after, 1).await?.pop();
        let Some(row) = row.filter(|row| row.media() == id) else {
            let mut connection = self.database.reader().acquire().await?;
            let refusal = match failed::has_failed(&mut connection, id).await? {
                Some(_) => Error::new(ErrorCode::Conflict, "This photo has not failed."),
                None => Error::not_found("photo"),
            };
            return Err(refusal.into());
        };
        let is_there = match row.original_key.parse::<BlobKey>() {
            Ok(key) => self.blobs.store.exists(key).await?,
            Err(_) => false,
        };
        if is_there {
            return Ok(());
        }
        let sentence =
            "The file of this photo is gone, so it cannot be tried again. It can be dropped.";
        Err(Error::new(ErrorCode::Gone, sentence).into())
    }

    pub(crate) async fn drop_failed(
        self: &Arc<Self>,
        context: &Context,
        request: DropFailedRequest,
    ) -> Result<DropFailedReply, MediaError> {
        let id = MediaId::new(request.id);
        let (ids, now) = (Arc::clone(&self.ids), self.clock.now());
        let context = context.clone();
        let dropped = self.write_then(
            move |connection| {
                Box::pin(async move {
                    if failed::has_failed(connection, id).await? != Some(true) {
                        return Ok(Leftovers::default());
                    }
                    holders::remove_item(connection, id).await?;
                    delete_items(connection, &context, &ids, now, &[id]).await
                })
            },
            |core, leftovers: &Leftovers| {
                core.caches
                    .invalidate(&leftovers.items, &leftovers.renditions);
            },
        );
        let leftovers = dropped.await?;
        Ok(DropFailedReply {
            dropped: !leftovers.items.is_empty(),
        })
    }
}

fn given_up(row: GivenUpRow) -> GivenUpAlternates {
    GivenUpAlternates {
        media_id: row.media_id.cast_unsigned(),
        given_up_at_us: row.given_up_at,
        attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
        cause: row.cause,
    }
}
