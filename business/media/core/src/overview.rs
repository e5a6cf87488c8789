//! What a look from outside at the domain's database finds: for a check-up, which opens it
//! read-only. Needs no more than the database: no blob store, no running domain.

use infra_db::{Database, DbError};
use infra_domain::Finding;

/// Failed photos are counted up to this many.
const FAILED_COUNTED_MAX: i64 = 500;

/// Whether there is any photo whose files must be in the blob store.
pub(crate) async fn has_files(database: &Database) -> Result<bool, DbError> {
    infra_db::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM renditions) OR EXISTS (SELECT 1 FROM media WHERE state = 1)",
    )
    .fetch_one(database.reader())
    .await
}

/// The keys of the blobs that photos and uploads under way need, in their order: those after this
/// one, at most so many. An original that is known to be lost is not among them.
pub(crate) async fn named_blobs(
    database: &Database,
    after: &str,
    limit: i64,
) -> Result<Vec<String>, DbError> {
    // Each table gives its first ones by its index; what all have together is merged.
    infra_db::query_scalar(
        "SELECT key FROM (
             SELECT key FROM (SELECT original_key AS key FROM media
                 WHERE original_key > $1 AND NOT original_lost
                 ORDER BY original_key LIMIT CAST($2 AS BIGINT)) AS originals
             UNION SELECT key FROM (SELECT key FROM renditions
                 WHERE key > $1 ORDER BY key LIMIT CAST($2 AS BIGINT)) AS made
             UNION SELECT key FROM (SELECT key FROM alternates
                 WHERE key > $1 ORDER BY key LIMIT CAST($2 AS BIGINT)) AS others
             UNION SELECT key FROM (SELECT key FROM upload_parts
                 WHERE key > $1 ORDER BY key LIMIT CAST($2 AS BIGINT)) AS parts
         ) AS named ORDER BY key LIMIT CAST($2 AS BIGINT)",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(database.reader())
    .await
}

/// What became of photos.
pub(crate) async fn check(database: &Database) -> Result<Vec<Finding>, DbError> {
    let failed: i64 = infra_db::query_scalar(
        "SELECT count(*) FROM (SELECT 1 FROM media WHERE state = 3 LIMIT $1) AS failed",
    )
    .bind(FAILED_COUNTED_MAX)
    .fetch_one(database.reader())
    .await?;
    Ok(vec![match failed {
        0 => Finding::Good("no photo has failed to be processed".to_owned()),
        count => {
            let or_more = if count < FAILED_COUNTED_MAX {
                ""
            } else {
                " or more"
            };
            Finding::Warning(format!(
                "{count}{or_more} photos could not be processed; look at them with `heliograph media failed list`"
            ))
        }
    }])
}
