//! Makes the rows of hashtags for posts from before there were any, once after an upgrade. It
//! continues where it was when the process ends before it is done.

use std::time::Duration;

use infra_db::DbError;
use tokio_util::sync::CancellationToken;

use crate::state::State;
use crate::store::hashtags;

/// The most posts looked at in one transaction: other writes wait for it.
const BATCH_MAX: u32 = 200;
/// How long it waits after a failure.
const RETRY_WAIT: Duration = Duration::from_secs(60);

pub(crate) async fn run(state: &State, stop: &CancellationToken) {
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

async fn batch(state: &State) -> Result<Option<u64>, DbError> {
    state
        .database
        .write(|connection| Box::pin(hashtags::backfill(connection, BATCH_MAX)))
        .await
}
