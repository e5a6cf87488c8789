//! Items that have failed, as rows of `media`.

use business_media_gateway::MediaId;
use infra_db::{Connection, Database};
use infra_kernel::Timestamp;

use crate::error::MediaError;

/// What is known of a failure beside the item itself.
#[derive(infra_db::Row, Debug, Clone)]
pub(crate) struct FailedRow {
    id: i64,
    pub(crate) failed_at: i64,
    pub(crate) attempts: i64,
    pub(crate) failure_cause: String,
    pub(crate) original_key: String,
}

impl FailedRow {
    pub(crate) const fn media(&self) -> MediaId {
        MediaId::from_sql(self.id)
    }
}

pub(super) const BEFORE: &str =
    "SELECT id, failed_at, attempts, failure_cause, original_key FROM media
     WHERE state = 3 AND id < $1 ORDER BY id DESC LIMIT $2";

/// Failed items before this one, newest first.
pub(crate) async fn before(
    database: &Database,
    before: i64,
    limit: u32,
) -> Result<Vec<FailedRow>, MediaError> {
    let rows = infra_db::query(BEFORE)
        .bind(before)
        .bind(limit)
        .fetch_all(database.reader())
        .await?;
    Ok(rows)
}

pub(super) const HAS_FAILED: &str = "SELECT state = 3 FROM media WHERE id = $1";

/// Whether the item has failed; nothing when it is not there.
pub(crate) async fn has_failed(
    connection: &mut Connection,
    id: MediaId,
) -> Result<Option<bool>, MediaError> {
    let failed = infra_db::query_scalar(HAS_FAILED)
        .bind(id.to_sql())
        .fetch_optional(connection)
        .await?;
    Ok(failed)
}

pub(super) const REQUEUE: &str = "UPDATE media SET state = 1, revision = revision + 1, failure = '', failure_code = '', failure_cause = '',
         failed_at = 0, attempts = 0, infra_failures = 0, next_attempt_at = 0, lease_holder = 0, leased_until = 0, created_at = $2
     WHERE id = $1 AND state = 3 AND original_key <> ''
     RETURNING owner_id";

/// Lets a failed item that still has its original wait for a worker as if it had just arrived.
/// Returns whose it is, if there is such an item.
pub(crate) async fn requeue(
    connection: &mut Connection,
    id: MediaId,
    now: Timestamp,
) -> Result<Option<i64>, MediaError> {
    // Its time to be used starts over: it was not to be used before.
    let owner = infra_db::query_scalar(REQUEUE)
        .bind(id.to_sql())
        .bind(now.microseconds())
        .fetch_optional(connection)
        .await?;
    Ok(owner)
}
