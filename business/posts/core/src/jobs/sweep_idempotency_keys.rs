//! Removes idempotency keys that are older than they count.

use std::time::Duration;

use infra_db::DbError;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::state::State;
use crate::store::idempotency;

/// How often it looks.
const INTERVAL: Duration = Duration::from_secs(600);
/// The most keys removed in one transaction: other writes wait for it.
const BATCH_MAX: u32 = 1_000;
/// The most transactions in one run; the rest waits for the next one.
const BATCHES_MAX: u32 = 1_000;

pub(crate) async fn run(state: &State, stop: &CancellationToken) {
    let mut ticks = tokio::time::interval(INTERVAL);
    // After a long run, or a machine that slept, one tick follows, and not all that were missed.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        match sweep(state, stop).await {
            Ok(0) => {}
            Ok(removed) => tracing::debug!(removed, "removed old idempotency keys"),
            Err(error) => {
                tracing::warn!(%error, "idempotency keys could not be removed; trying again later");
            }
        }
    }
}

async fn sweep(state: &State, stop: &CancellationToken) -> Result<u64, DbError> {
    let expired_at = idempotency::expiry(state.clock.now());
    let mut removed = 0;
    for _ in 0..BATCHES_MAX {
        if stop.is_cancelled() {
            break;
        }
        let batch = state
            .database
            .write(move |connection| {
                Box::pin(idempotency::delete_expired(
                    connection, expired_at, BATCH_MAX,
                ))
            })
            .await?;
        removed += batch;
        if batch < u64::from(BATCH_MAX) {
            break;
        }
    }
    Ok(removed)
}
