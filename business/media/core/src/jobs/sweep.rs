//! Deletes what was left behind, and sees to items that wait for too long. Everything is found by state, so a round may be
//! cut short anywhere and the next goes on.

use std::time::Duration;

use business_media_gateway::{MediaFailed, MediaUploaded, topics};
use infra_bus::{Event, outbox};
use infra_kernel::{Context, MediaId};

use crate::Core;
use crate::error::MediaError;
use crate::store::deletion::{Remains, delete_items};
use crate::store::items::{self, StuckRow};

/// Items handled in one round.
const BATCH_MAX: i64 = 200;
/// How often a worker is asked for before an item is given up.
const ANNOUNCEMENTS_MAX: i64 = 8;
/// How long one round may take.
const BUDGET: Duration = Duration::from_secs(60);
const GIVEN_UP: &str =
    "This picture could not be processed on this server. Please upload it again, or send another.";

/// What one round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Items deleted because nothing showed them for too long.
    pub items: u64,
    /// Blobs deleted.
    pub blobs: u64,
    /// Items for which a worker was asked for again.
    pub announced: u64,
    /// Items given up because no worker ever finished them.
    pub failed: u64,
}

pub(crate) async fn sweep(core: &Core) -> Result<Swept, MediaError> {
    let context = Context::background(BUDGET);
    let items = delete_unattached(core, &context).await?;
    core.sweep_uploads(BATCH_MAX).await?;
    let (announced, failed) = announce_stuck(core, &context).await?;
    Ok(Swept {
        items,
        blobs: core.blobs.sweep().await?,
        announced,
        failed,
    })
}

async fn delete_unattached(core: &Core, context: &Context) -> Result<u64, MediaError> {
    let before = core.clock.now().minus(core.settings.unattached_lifetime());
    let old = items::unattached_before(&core.database, before, BATCH_MAX).await?;
    if old.is_empty() {
        return Ok(0);
    }
    let (context, ids, now) = (context.clone(), core.ids.clone(), core.clock.now());
    let remains: Remains = core
        .database
        .write(move |connection| {
            Box::pin(async move {
                // One of them may have been used since it was looked for.
                let old = items::still_unattached(connection, &old).await?;
                delete_items(connection, &context, &ids, now, &old).await
            })
        })
        .await?;
    // Their blobs are on the queue that this round looks at next.
    core.caches.forget(&remains.items, &remains.renditions);
    Ok(remains.items.len() as u64)
}

async fn announce_stuck(core: &Core, context: &Context) -> Result<(u64, u64), MediaError> {
    let before = core.clock.now().minus(core.settings.announce_again_after());
    let stuck = items::stuck_before(&core.database, before, BATCH_MAX).await?;
    let (mut announced, mut failed) = (0, 0);
    for row in stuck {
        let id = MediaId::from_sql(row.id);
        if row.announcements >= ANNOUNCEMENTS_MAX {
            give_up(core, context, &row).await?;
            core.tell_processed(id);
            failed += 1;
        } else {
            announce(core, context, &row).await?;
            announced += 1;
        }
    }
    Ok((announced, failed))
}

async fn announce(core: &Core, context: &Context, row: &StuckRow) -> Result<(), MediaError> {
    let id = MediaId::from_sql(row.id);
    let message = MediaUploaded {
        media_id: id.get(),
        owner_id: row.owner_id.cast_unsigned(),
    };
    let event = Event::new(context, &core.ids, topics::UPLOADED, id.get(), &message);
    let now = core.clock.now();
    core.database
        .write(move |connection| {
            Box::pin(async move {
                if items::note_announcement(connection, id, now).await? {
                    outbox::append(connection, &event).await?;
                }
                Ok(())
            })
        })
        .await
}

async fn give_up(core: &Core, context: &Context, row: &StuckRow) -> Result<(), MediaError> {
    let id = MediaId::from_sql(row.id);
    let message = MediaFailed {
        media_id: id.get(),
        owner_id: row.owner_id.cast_unsigned(),
        reason: GIVEN_UP.to_owned(),
    };
    let event = Event::new(context, &core.ids, topics::FAILED, id.get(), &message);
    core.database
        .write(move |connection| {
            Box::pin(async move {
                if items::mark_failed(connection, id, GIVEN_UP).await? {
                    outbox::append(connection, &event).await?;
                }
                Ok(())
            })
        })
        .await
}
