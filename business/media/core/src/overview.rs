//! What a look from outside at the domain's database finds: for a check-up, which opens it
//! read-only. Needs no more than the database: no blob store, no running domain.

use infra_db::{Database, DbError};
use infra_domain::{Finding, NamedBlob};

/// Failed photos are counted up to this many.
const FAILED_COUNTED_MAX: i64 = 500;

/// Whether there is anything whose bytes must be in the blob store: a photo in whatever state,
/// unless it is known that they are lost, or an upload under way.
pub(crate) async fn has_files(database: &Database) -> Result<bool, DbError> {
    infra_db::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM renditions) OR EXISTS (SELECT 1 FROM alternates)
             OR EXISTS (SELECT 1 FROM upload_parts)
             OR EXISTS (SELECT 1 FROM media WHERE original_key > '' AND NOT original_lost)",
    )
    .fetch_one(database.reader())
    .await
}

/// The blobs that photos and uploads under way need, each once, in the order of their keys: those
/// after this one, at most so many. An original that is known to be lost is among them, as what it
/// was may still be found.
pub(crate) async fn named_blobs(
    database: &Database,
    after: &str,
    limit: i64,
) -> Result<Vec<NamedBlob>, DbError> {
    // Each table gives its first keys by its index; what all have together is merged. A key is one
    // row of each, so that no table runs out of rows before the others have come as far.
    let named: Vec<(String, bool)> = infra_db::query(
        "SELECT key, min(lost) = 1 FROM (
             SELECT key, lost FROM (
                 SELECT original_key AS key, min(CASE WHEN original_lost THEN 1 ELSE 0 END) AS lost
                 FROM media WHERE original_key > $1
                 GROUP BY original_key ORDER BY original_key LIMIT CAST($2 AS BIGINT)) AS originals
             UNION ALL SELECT key, 0 FROM (SELECT DISTINCT key FROM renditions
                 WHERE key > $1 ORDER BY key LIMIT CAST($2 AS BIGINT)) AS made
             UNION ALL SELECT key, 0 FROM (SELECT DISTINCT key FROM alternates
                 WHERE key > $1 ORDER BY key LIMIT CAST($2 AS BIGINT)) AS others
             UNION ALL SELECT key, 0 FROM (SELECT DISTINCT key FROM upload_parts
                 WHERE key > $1 ORDER BY key LIMIT CAST($2 AS BIGINT)) AS parts
         ) AS named GROUP BY key ORDER BY key LIMIT CAST($2 AS BIGINT)",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(database.reader())
    .await?;
    let named = named.into_iter();
    Ok(named
        .map(|(key, is_lost)| NamedBlob { key, is_lost })
        .collect())
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
