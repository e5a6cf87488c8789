//! Items that have failed, for operators.
//!
//! These calls may be made in a process beside the one that serves. So bytes are only queued for
//! deletion here, and deleted by the sweeper of the one process that does that.

use std::collections::HashMap;
use std::sync::Arc;

use business_media_gateway::{
    DropFailedReply, DropFailedRequest, FailedItem, GivenUpAlternates, IDS_MAX, ListFailedReply,
    ListFailedRequest, MediaId, MediaItem, RetryFailedRequest,
};
use infra_blob::BlobKey;
use infra_bus::outbox;
use infra_kernel::{AccountId, Context, Error, ErrorCode};

use crate::error::MediaError;
use crate::events;
use crate::integrity::Integrity;
use crate::library::Library;
use crate::store::alternates::{self, GivenUpRow};
use crate::store::deletion::{Leftovers, delete_items};
use crate::store::failed::{self, FailedRow};
use crate::store::{holders, items};

pub(crate) async fn list_failed(
    integrity: &Integrity,
    request: ListFailedRequest,
) -> Result<ListFailedReply, MediaError> {
    let limit = request
        .limit
        .min(u32::try_from(IDS_MAX).unwrap_or(u32::MAX));
    let before = match request.before_id {
        0 => i64::MAX,
        id => id.cast_signed(),
    };
    let rows = failed::before(&integrity.database, before, limit).await?;
    let ids: Vec<MediaId> = rows.iter().map(FailedRow::media).collect();
    let items = items::read(&integrity.database, &ids).await?;
    let mut items: HashMap<u64, MediaItem> =
        items.into_iter().map(|item| (item.id, item)).collect();
    let listed = |row: FailedRow| {
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
    let alternates = alternates::given_up_before(&integrity.database, before, limit).await?;
    Ok(ListFailedReply {
        items: rows.into_iter().filter_map(listed).collect(),
        alternates: alternates.into_iter().map(given_up).collect(),
    })
}

pub(crate) async fn retry_failed(
    integrity: &Integrity,
    context: &Context,
    request: RetryFailedRequest,
) -> Result<MediaItem, MediaError> {
    let id = MediaId::new(request.id);
    // One command retries both; of an item that is ready only its other forms can be.
    if let Some(item) = retry_alternates(integrity, id).await? {
        return Ok(item);
    }
    // For the reason that an operator reads. Whether it may be done is decided in the transaction.
    require_original(integrity, id).await?;
    let (ids, now) = (Arc::clone(&integrity.ids), integrity.clock.now());
    let context = context.clone();
    let retried = integrity.library.write_then(
        move |connection| {
            Box::pin(async move {
                let Some(owner_id) = failed::requeue(connection, id, now).await? else {
                    return Ok(false);
                };
                let owner = AccountId::from_sql(owner_id);
                // The event, and not only a wake: the process that works on photos may be another.
                let event = events::uploaded(&context, &ids, id, owner);
                outbox::append(connection, &event).await?;
                Ok(true)
            })
        },
        move |library, _| library.invalidate(&[id], &[]),
    );
    if !retried.await? {
        return Err(Error::not_found("failed photo").into());
    }
    let item = items::read(&integrity.database, &[id]).await?.pop();
    Ok(item.ok_or_else(|| Error::not_found("photo"))?)
}

/// Lets the alternates of a ready item be retried, if they were given up.
async fn retry_alternates(
    integrity: &Integrity,
    id: MediaId,
) -> Result<Option<MediaItem>, MediaError> {
    let now = integrity.clock.now();
    let waits = integrity.database.write(move |connection| {
        Box::pin(async move { alternates::try_again(connection, id, now).await })
    });
    if !waits.await? {
        return Ok(None);
    }
    // Another process finds it at its next look, within five seconds.
    integrity.queue.wake();
    Ok(items::read(&integrity.database, &[id]).await?.pop())
}

/// Refuses what cannot be retried, and says why.
async fn require_original(integrity: &Integrity, id: MediaId) -> Result<(), MediaError> {
    // The query gives what comes before an id: so the first row is this item, if it has failed.
    let after = id.to_sql().saturating_add(1);
    let row = failed::before(&integrity.database, after, 1).await?.pop();
    let Some(row) = row.filter(|row| row.media() == id) else {
        let mut connection = integrity.database.reader().acquire().await?;
        let refusal = match failed::has_failed(&mut connection, id).await? {
            Some(_) => Error::new(ErrorCode::Conflict, "This photo has not failed."),
            None => Error::not_found("photo"),
        };
        return Err(refusal.into());
    };
    let is_there = match row.original_key.parse::<BlobKey>() {
        Ok(key) => integrity.blobs.store().exists(key).await?,
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
    integrity: &Integrity,
    context: &Context,
    request: DropFailedRequest,
) -> Result<DropFailedReply, MediaError> {
    let id = MediaId::new(request.id);
    let (ids, now) = (Arc::clone(&integrity.ids), integrity.clock.now());
    let context = context.clone();
    let dropped = integrity.library.write_then(
        move |connection| {
            Box::pin(async move {
                if failed::has_failed(connection, id).await? != Some(true) {
                    return Ok(Leftovers::default());
                }
                // A post may still show it, and its holders refer to the row that goes.
                holders::remove_item(connection, id).await?;
                delete_items(connection, &context, &ids, now, &[id]).await
            })
        },
        Library::invalidate_deleted,
    );
    let leftovers = dropped.await?;
    Ok(DropFailedReply {
        dropped: !leftovers.items.is_empty(),
    })
}

fn given_up(row: GivenUpRow) -> GivenUpAlternates {
    GivenUpAlternates {
        media_id: row.media_id.cast_unsigned(),
        given_up_at_us: row.given_up_at,
        attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
        cause: row.cause,
    }
}
