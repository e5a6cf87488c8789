//! Which post an author's idempotency key stands for.

use std::time::Duration;

use business_posts_gateway::PostId;
use infra_db::{Connection, Database, DbError};
use infra_kernel::{AccountId, Timestamp};

/// How long a key counts.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) const FIND: &str =
    "SELECT post_id FROM idempotency_keys WHERE author_id = $1 AND key = $2 AND created_at > $3";
pub(crate) const DELETE_EXPIRED: &str = "DELETE FROM idempotency_keys WHERE (author_id, key) IN \
     (SELECT author_id, key FROM idempotency_keys WHERE created_at <= $1 ORDER BY created_at LIMIT $2)";

/// The moment at or before which a key must have been made to count no longer.
pub(crate) fn expiry(now: Timestamp) -> Timestamp {
    now.minus(LIFETIME)
}

/// Takes the key for a post; returns whether it was free.
pub(crate) async fn claim(
    connection: &mut Connection,
    author: AccountId,
    key: &str,
    post: PostId,
    now: Timestamp,
) -> Result<bool, DbError> {
    // An expired key is free again, swept or not.
    let claimed = infra_db::query(
        "INSERT INTO idempotency_keys (author_id, key, post_id, created_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (author_id, key) DO UPDATE SET post_id = excluded.post_id, created_at = excluded.created_at \
         WHERE idempotency_keys.created_at <= $5",
    )
    .bind(author.to_sql())
    .bind(key)
    .bind(post.to_sql())
    .bind(now.microseconds())
    .bind(expiry(now).microseconds())
    .execute(connection)
    .await?;
    Ok(claimed == 1)
}

/// The post that the key stands for.
pub(crate) async fn find(
    database: &Database,
    author: AccountId,
    key: &str,
    now: Timestamp,
) -> Result<Option<PostId>, DbError> {
    let post: Option<i64> = infra_db::query_scalar(FIND)
        .bind(author.to_sql())
        .bind(key)
        .bind(expiry(now).microseconds())
        .fetch_optional(database.reader())
        .await?;
    Ok(post.map(PostId::from_sql))
}

pub(super) const RELEASE: &str =
    "DELETE FROM idempotency_keys WHERE author_id = $1 AND post_id = $2";

/// Frees the keys of a post that is deleted. Looks at the author's keys of a day.
pub(crate) async fn release(
    connection: &mut Connection,
    author: AccountId,
    post: PostId,
) -> Result<(), DbError> {
    infra_db::query(RELEASE)
        .bind(author.to_sql())
        .bind(post.to_sql())
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes keys that count no longer, oldest first; returns how many.
pub(crate) async fn delete_expired(
    connection: &mut Connection,
    expired_at: Timestamp,
    limit: u32,
) -> Result<u64, DbError> {
    let deleted = infra_db::query(DELETE_EXPIRED)
        .bind(expired_at.microseconds())
        .bind(i64::from(limit))
        .execute(connection)
        .await?;
    Ok(deleted)
}
