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
