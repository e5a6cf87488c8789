//! What ended a short while ago: it keeps a fan-out that was already under way from putting back
//! what has been removed.

use infra_db::{Connection, DbError};
use infra_kernel::{AccountId, Timestamp};

use super::Store;

pub(super) async fn end_follow(
    connection: &mut Connection,
    follower: AccountId,
    followee: AccountId,
    now: Timestamp,
) -> Result<(), DbError> {
    infra_db::query(
        "INSERT INTO ended_follows (follower_id, followee_id, ended_at) VALUES ($1, $2, $3)
         ON CONFLICT (follower_id, followee_id) DO UPDATE SET ended_at = excluded.ended_at",
    )
    .bind(follower.to_sql())
    .bind(followee.to_sql())
    .bind(now.microseconds())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) const BEGIN_FOLLOW: &str =
    "DELETE FROM ended_follows WHERE follower_id = $1 AND followee_id = $2";

pub(super) async fn begin_follow(
    connection: &mut Connection,
    follower: AccountId,
    followee: AccountId,
) -> Result<(), DbError> {
    infra_db::query(BEGIN_FOLLOW)
        .bind(follower.to_sql())
        .bind(followee.to_sql())
        .execute(connection)
        .await?;
    Ok(())
}

impl Store {
    /// Forgets at most `rows_max` ended follows and as many deleted posts from before a moment.
    /// Returns how many in all.
    pub(crate) async fn forget_guards(
        &self,
        before: Timestamp,
        rows_max: u32,
    ) -> Result<u64, DbError> {
        let forgotten = self.database.write(move |connection| {
            Box::pin(async move {
                let mut forgotten = 0;
                for statement in [FORGET_FOLLOWS, FORGET_POSTS] {
                    let removed = infra_db::query(statement)
                        .bind(before.microseconds())
                        .bind(i64::from(rows_max))
                        .execute(&mut *connection)
                        .await?;
                    forgotten += removed;
                }
                Ok(forgotten)
            })
        });
        forgotten.await
    }
}

pub(super) const FORGET_FOLLOWS: &str =
    "DELETE FROM ended_follows WHERE (follower_id, followee_id) IN (
    SELECT follower_id, followee_id FROM ended_follows WHERE ended_at < $1 LIMIT $2)";
pub(super) const FORGET_POSTS: &str = "DELETE FROM deleted_posts WHERE post_id IN (
    SELECT post_id FROM deleted_posts WHERE deleted_at < $1 LIMIT $2)";
