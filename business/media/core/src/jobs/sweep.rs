//! Deletes what was left behind, and asks for what is lacking. Everything is found by state, so a
//! round may be cut short anywhere and the next continues.

use std::sync::Arc;
use std::time::Duration;

use business_media_gateway::MediaId;
use infra_kernel::Context;

use crate::Core;
use crate::error::MediaError;
use crate::store::deletion::{Leftovers, delete_items};
use crate::store::{blob_rows, items, usage};

/// Items handled in one round.
const BATCH_MAX: i64 = 200;
/// How long one round may take.
const BUDGET: Duration = Duration::from_secs(60);
/// How long an item is kept after nobody can find it any more. Anyone who found it in its last
/// moment has this long to say that it is in use, which a post does right after its commit, or,
/// when the process died just then, at the next start.
pub(crate) const ATTACH_GRACE: Duration = Duration::from_secs(3_600);

/// What one round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SweepReport {
    /// Items deleted because nothing showed them for too long.
    pub items: u64,
    /// Originals of failed items that were released.
    pub originals: u64,
    /// Blobs deleted.
    pub blobs: u64,
    /// Ready items that wait now for forms which they lack.
    pub alternates: u64,
}

pub(crate) async fn sweep(core: &Arc<Core>) -> Result<SweepReport, MediaError> {
    let context = Context::background(BUDGET);
    let unused = delete_unattached(core, &context).await?;
    let failed = forget_failed(core, &context).await?;
    core.sweep_uploads(BATCH_MAX).await?;
    usage::forget_old_minutes(&core.database, core.clock.now(), BATCH_MAX).await?;
    core.blobs.store.remove_unfinished().await?;
    Ok(SweepReport {
        items: unused + failed.items,
        originals: failed.originals,
        blobs: core.blobs.sweep().await?,
        alternates: core.backfill_alternates().await?,
    })
}

async fn delete_unattached(core: &Arc<Core>, context: &Context) -> Result<u64, MediaError> {
    let lifetime = core.settings.unattached_lifetime() + ATTACH_GRACE;
    let before = core.clock.now().minus(lifetime);
    let old = items::unattached_before(&core.database, before, BATCH_MAX).await?;
    if old.is_empty() {
        return Ok(0);
    }
    let (context, ids, now) = (context.clone(), core.ids.clone(), core.clock.now());
    let deleted = core.write_then(
        move |connection| {
            Box::pin(async move {
                // One of them may have been used since it was looked for.
                let old = items::still_unattached(connection, &old).await?;
                delete_items(connection, &context, &ids, now, &old).await
            })
        },
        |core, leftovers: &Leftovers| {
            core.caches
                .invalidate(&leftovers.items, &leftovers.renditions);
        },
    );
    // Their blobs are on the queue that this round looks at next.
    Ok(deleted.await?.items.len() as u64)
}

/// Failed items whose time is over: those that nothing shows go; those that something shows stay,
/// to tell why, without their original.
async fn forget_failed(core: &Arc<Core>, context: &Context) -> Result<SweepReport, MediaError> {
    let before = core.clock.now().minus(core.settings.failed_lifetime());
    let old = items::failed_before(&core.database, before, BATCH_MAX).await?;
    if old.is_empty() {
        return Ok(SweepReport::default());
    }
    let (context, ids, now) = (context.clone(), core.ids.clone(), core.clock.now());
    let forgotten = core.write_then(
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
        |core, (leftovers, kept): &(Leftovers, Vec<MediaId>)| {
            core.caches
                .invalidate(&leftovers.items, &leftovers.renditions);
            core.caches.invalidate(kept, &[]);
        },
    );
    let (leftovers, kept) = forgotten.await?;
    Ok(SweepReport {
        items: leftovers.items.len() as u64,
        originals: kept.len() as u64,
        ..SweepReport::default()
    })
}

fn only_ids(items: &[&(MediaId, bool)]) -> Vec<MediaId> {
    items.iter().map(|(id, _)| *id).collect()
}
