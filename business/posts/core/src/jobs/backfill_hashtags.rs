//! Makes the rows of hashtags for posts from before there were any, once after an upgrade. It
//! continues where it was when the process ends before it is done.

use std::sync::Arc;
use std::time::Duration;

use infra_db::DbError;
use tokio_util::sync::CancellationToken;

use crate::state::State;
use crate::store::hashtags;

/// The most posts looked at in one transaction: other writes wait for it.
const BATCH_MAX: u32 = 200;
/// How long it waits after a failure.
const RETRY_WAIT: Duration = Duration::from_secs(60);

pub(crate) async fn run(state: &Arc<State>, stop: &CancellationToken) {
    let mut looked_at = 0;
    while !stop.is_cancelled() {
        match batch(state).await {
            Ok(Some(posts)) => looked_at += posts,
            Ok(None) => break,
            Err(error) => {
                tracing::warn!(%error, "hashtags of older posts could not be stored; trying again later");
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(RETRY_WAIT) => {}
                }
            }
        }
    }
    if looked_at > 0 {
        tracing::info!(posts = looked_at, "stored the hashtags of older posts");
    }
}

async fn batch(state: &Arc<State>) -> Result<Option<u64>, DbError> {
    let changed = Arc::clone(state);
    let written = state.database.write_then(
        |connection| Box::pin(hashtags::backfill(connection, BATCH_MAX)),
        // Which hashtags these posts have is not known here, and it happens once.
        move |_, _| changed.recent_of_tags.invalidate_all(),
    );
    written.await
}
