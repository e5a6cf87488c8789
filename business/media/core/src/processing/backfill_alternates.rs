//! Has alternates made of items that were ready before their forms were switched on, or could be
//! made here.
//!
//! A few at a time: what is asked for here must not stand before what new photos ask for. So
//! nothing is asked for while as many wait, and each round looks at a part of the items and the
//! next continues from there, round and round.

use std::sync::atomic::Ordering;

use business_media_gateway::MediaId;

use crate::error::MediaError;
use crate::processing::Processing;
use crate::store::alternates;

/// The most items that wait for their alternates because of this.
const WAITING_MAX: i64 = 20;
/// Items looked at in one round.
const LOOK_MAX: i64 = 1_000;

/// One round. Returns how many items wait that did not before.
pub(crate) async fn backfill_alternates(processing: &Processing) -> Result<u64, MediaError> {
    let wanted = alternates::bits(&processing.alternate_encodings());
    let waiting = alternates::count_waiting(&processing.database, WAITING_MAX).await?;
    let room = usize::try_from(WAITING_MAX - waiting).unwrap_or(0);
    if wanted == 0 || room == 0 {
        return Ok(0);
    }
    let after = MediaId::from_sql(processing.backfilled_to.load(Ordering::Relaxed));
    let seen = alternates::lacking_after(&processing.database, after, wanted, LOOK_MAX).await?;
    let lacking: Vec<i64> = seen
        .iter()
        .filter(|(_, lacks)| *lacks)
        .map(|(id, _)| *id)
        .take(room)
        .collect();
    let at_end = seen.len() < usize::try_from(LOOK_MAX).unwrap_or(usize::MAX);
    let last = match lacking.last() {
        // No room is left: those seen beyond this one were not asked for, and come first next time.
        Some(last) if lacking.len() == room => *last,
        // The next round begins with the first item again.
        _ if at_end => 0,
        _ => seen.last().map_or(0, |(id, _)| *id),
    };
    wait_for_alternates(processing, &lacking).await?;
    processing.backfilled_to.store(last, Ordering::Relaxed);
    Ok(lacking.len() as u64)
}

async fn wait_for_alternates(processing: &Processing, items: &[i64]) -> Result<(), MediaError> {
    if items.is_empty() {
        return Ok(());
    }
    let (items, now) = (items.to_vec(), processing.clock.now());
    processing
        .database
        .write(move |connection| {
            Box::pin(async move {
                for id in items {
                    let id = MediaId::from_sql(id);
                    alternates::enqueue_existing(connection, id, now).await?;
                }
                Ok::<_, MediaError>(())
            })
        })
        .await?;
    processing.queue.wake();
    Ok(())
}
