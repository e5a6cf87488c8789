//! What this domain has heard of.

use infra_db::{Connection, Database, DbError};
use infra_kernel::Timestamp;

use super::{from_sql, to_sql};

/// The most rows that one transaction forgets: few enough that other writes do not wait for it.
const BATCH_MAX: u32 = 500;

pub(super) const IS_HEARD: &str = "SELECT id FROM heard WHERE what = $1 AND id = $2";
pub(super) const BELOW: &str = "SELECT below FROM heard WHERE what = $1 AND id = $2";
pub(super) const FORGET: &str = "DELETE FROM heard WHERE (what, id) IN \
     (SELECT what, id FROM heard WHERE heard_at < $1 ORDER BY heard_at LIMIT CAST($2 AS BIGINT))";

/// What can be heard of once. The numbers are in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// A like, or that it was taken back.
    Like = 1,
    /// A follow, or that it ended.
    Follow = 2,
    /// That a post was published.
    Published = 3,
    /// That a post was deleted.
    Deleted = 4,
    /// A request to follow, or that it ended.
    FollowRequest = 5,
    /// One change of a post.
    Edited = 6,
    /// That a post was published, by its author's followers who want to be told.
    Announced = 7,
}

/// How far a post was announced: the followers whose follows are below this are still to be told, 0
/// for none; nothing when it was not begun.
pub(crate) async fn announced(database: &Database, post: u64) -> Result<Option<u64>, DbError> {
    let below: Option<i64> = infra_db::query_scalar(BELOW)
        .bind(What::Announced as i64)
        .bind(to_sql(post))
        .fetch_optional(database.reader())
        .await?;
    Ok(below.map(from_sql))
}

/// The same within a write.
pub(crate) async fn announced_so_far(
    connection: &mut Connection,
    post: u64,
) -> Result<Option<u64>, DbError> {
    let below: Option<i64> = infra_db::query_scalar(BELOW)
        .bind(What::Announced as i64)
        .bind(to_sql(post))
        .fetch_optional(connection)
        .await?;
    Ok(below.map(from_sql))
}

/// Notes how far a post was announced.
pub(crate) async fn note_announced(
    connection: &mut Connection,
    post: u64,
    below: u64,
    now: Timestamp,
) -> Result<(), DbError> {
    infra_db::query(
        "INSERT INTO heard (what, id, heard_at, below) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (what, id) DO UPDATE SET below = excluded.below",
    )
    .bind(What::Announced as i64)
    .bind(to_sql(post))
    .bind(now.microseconds())
    .bind(to_sql(below))
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that this was heard, and returns whether it was for the first time.
pub(crate) async fn note(
    connection: &mut Connection,
    what: What,
    id: u64,
    now: Timestamp,
) -> Result<bool, DbError> {
    let inserted = infra_db::query(
        "INSERT INTO heard (what, id, heard_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .bind(what as i64)
    .bind(to_sql(id))
    .bind(now.microseconds())
    .execute(connection)
    .await?;
    Ok(inserted == 1)
}

/// Whether this was heard.
pub(crate) async fn is_heard(
    connection: &mut Connection,
    what: What,
    id: u64,
) -> Result<bool, DbError> {
    let row: Option<i64> = infra_db::query_scalar(IS_HEARD)
        .bind(what as i64)
        .bind(to_sql(id))
        .fetch_optional(connection)
        .await?;
    Ok(row.is_some())
}

/// Forgets what was heard before this moment, in batches, and returns how much that was.
pub(crate) async fn forget(database: &Database, before: Timestamp) -> Result<u64, DbError> {
    let mut forgotten = 0;
    loop {
        let some = forget_some(database, before).await?;
        forgotten += some;
        if some < u64::from(BATCH_MAX) {
            return Ok(forgotten);
        }
    }
}

async fn forget_some(database: &Database, before: Timestamp) -> Result<u64, DbError> {
    database
        .write(move |connection| {
            Box::pin(async move {
                infra_db::query(FORGET)
                    .bind(before.microseconds())
                    .bind(i64::from(BATCH_MAX))
                    .execute(connection)
                    .await
            })
        })
        .await
}
