//! Deletes items that nothing shows and forgets failed ones, when their time is over.

use std::sync::Arc;
use std::time::Duration;

use infra_kernel::Context;

use business_media_gateway::MediaId;

use crate::error::MediaError;
use crate::library::Library;
use crate::store::deletion::{Leftovers, delete_items};
use crate::store::{blob_rows, items};

/// How long an item is kept after nobody can find it any more. Anyone who found it in its last
/// moment has this long to say that it is in use, which a post does right after its commit, or,
/// when the process died just then, at the next start.
const ATTACH_GRACE: Duration = Duration::from_secs(3_600);

/// Failed items whose time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Forgotten {
    /// Items deleted, because nothing showed them.
    pub(crate) items: u64,
    /// Originals of others that were released.
    pub(crate) originals: u64,
}

/// Deletes items that nothing has shown for too long. Returns how many.
pub(crate) async fn delete_unattached(
    library: &Arc<Library>,
    context: &Context,
    limit: i64,
) -> Result<u64, MediaError> {
    let lifetime = library.unattached_lifetime + ATTACH_GRACE;
    let before = library.clock.now().minus(lifetime);
    let old = items::unattached_before(&library.database, before, limit).await?;
    if old.is_empty() {
        return Ok(0);
    }
    let (context, ids, now) = (context.clone(), library.ids.clone(), library.clock.now());
    let deleted = library.write_then(
        move |connection| {
            Box::pin(async move {
                // One of them may have been used since it was looked for.
                let old = items::still_unattached(connection, &old).await?;
                delete_items(connection, &context, &ids, now, &old).await
            })
        },
        Library::invalidate_deleted,
    );
    // Their blobs are on the queue that this round looks at next.
    Ok(deleted.await?.items.len() as u64)
}

/// Failed items whose time is over: those that nothing shows go; those that something shows stay,
/// to tell why, without their original.
pub(crate) async fn forget_failed(
    library: &Arc<Library>,
    context: &Context,
    limit: i64,
) -> Result<Forgotten, MediaError> {
    let before = library.clock.now().minus(library.failed_lifetime);
    let old = items::failed_before(&library.database, before, limit).await?;
    if old.is_empty() {
        return Ok(Forgotten::default());
    }
    let (context, ids, now) = (context.clone(), library.ids.clone(), library.clock.now());
    let forgotten = library.write_then(
        move |connection| {
            Box::pin(async move {
                // One of them may be retried, or shown, since it was looked for.
                let old = items::still_failed(connection, &old).await?;
                let (shown, unused): (Vec<_>, Vec<_>) = old.iter().partition(|(_, shown)| *shown);
                let (shown, unused) = (only_ids(&shown), only_ids(&unused));
                let leftovers = delete_items(connection, &context, &ids, now, &unused).await?;
                for id in &shown {
                    let key = items::forget_original(connection, *id).await?;
                    blob_rows::queue_deletions(connection, key.as_slice(), now).await?;
                }
                Ok((leftovers, shown))
            })
        },
        |library, (leftovers, kept): &(Leftovers, Vec<MediaId>)| {
            library.invalidate_deleted(leftovers);
            library.invalidate(kept, &[]);
        },
    );
    let (leftovers, kept) = forgotten.await?;
    Ok(Forgotten {
        items: leftovers.items.len() as u64,
        originals: kept.len() as u64,
    })
}

fn only_ids(items: &[&(MediaId, bool)]) -> Vec<MediaId> {
    items.iter().map(|(id, _)| *id).collect()
}
