//! What a look from outside at the domain's database reports: for a check-up, which opens it
//! read-only.

use infra_db::{Database, DbError};
use sqlx::FromRow;

/// Failed photos are counted up to this many.
pub const FAILED_COUNTED_MAX: i64 = 500;

/// What the database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Overview {
    /// Whether there is any photo whose files must be in the blob store.
    pub has_files: bool,
    /// How many photos could not be processed, up to [`FAILED_COUNTED_MAX`].
    pub failed: i64,
}

/// Reads it. Needs no more than the database: no blob store, no running domain.
///
/// # Errors
/// When the database cannot be read, or waits for migrations that it needs.
pub async fn overview(database: &Database) -> Result<Overview, DbError> {
    Ok(sqlx::query_as(
        "SELECT EXISTS (SELECT 1 FROM renditions) OR EXISTS (SELECT 1 FROM media WHERE state = 1) AS has_files,
             (SELECT count(*) FROM (SELECT 1 FROM media WHERE state = 3 LIMIT $1)) AS failed",
    )
    .bind(FAILED_COUNTED_MAX)
    .fetch_one(database.reader())
    .await?)
}
