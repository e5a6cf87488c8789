//! What the timelines hold.

use business_posts_gateway::PostId;
use infra_db::{Connection, DbError, json_ids};
use infra_kernel::{AccountId, Timestamp};

use super::{Store, accounts, posts};
use crate::audience::TimelineEntry;

/// Into the timelines that are kept up, and only those. The order of the join makes the readers
/// drive it. Guarded against what has ended since the readers were listed; an author's own timeline
/// knows no such guard.
pub(super) const PLACE: &str = "INSERT INTO timeline (account_id, post_id, author_id, replied_to_id)
    SELECT state.account_id, $2, $3, $4
    FROM json_each($1) AS reader CROSS JOIN timeline_state AS state
    WHERE state.account_id = reader.value AND state.floor_id <= $2
        AND NOT EXISTS (SELECT 1 FROM deleted_posts WHERE post_id = $2)
        AND (state.account_id = $3 OR NOT EXISTS (
            SELECT 1 FROM ended_follows WHERE follower_id = state.account_id AND followee_id IN ($3, $4)))
    ON CONFLICT DO NOTHING
    RETURNING account_id";

/// $2 holds each entry as three ids in a row: its post, the author, whom it replies to.
pub(super) const FILL: &str = "INSERT INTO timeline (account_id, post_id, author_id, replied_to_id)
    SELECT $1, entry.post_id, entry.author_id, entry.replied_to_id FROM (
        SELECT MAX(CASE WHEN key % 3 = 0 THEN value END) AS post_id,
            MAX(CASE WHEN key % 3 = 1 THEN value END) AS author_id,
            MAX(CASE WHEN key % 3 = 2 THEN value END) AS replied_to_id
        FROM json_each($2) GROUP BY key / 3) AS entry
    WHERE NOT EXISTS (SELECT 1 FROM deleted_posts WHERE deleted_posts.post_id = entry.post_id)
    ON CONFLICT DO NOTHING";

pub(super) const REMOVE_POST: &str = "DELETE FROM timeline WHERE post_id = $1 AND account_id IN (
        SELECT account_id FROM timeline WHERE post_id = $1 LIMIT $2)
    RETURNING account_id";

// One's own replies to them stay.
pub(super) const REMOVE_AUTHOR: &str = "DELETE FROM timeline
    WHERE account_id = $1 AND author_id <> $1 AND (author_id = $2 OR replied_to_id = $2)
    RETURNING post_id";

/// A timeline that is being made is left alone: its bound is only known at the end.
pub(super) const NEWEST_AT: &str = "SELECT post_id FROM timeline
    WHERE account_id = $1 AND EXISTS (SELECT 1 FROM timeline_state WHERE account_id = $1 AND complete)
    ORDER BY post_id DESC LIMIT 1 OFFSET $2";

pub(super) const COMPLETE: &str =
    "UPDATE timeline_state SET complete = TRUE, floor_id = $2 WHERE account_id = $1";
pub(super) const TRIM: &str =
    "UPDATE timeline_state SET floor_id = $2 WHERE account_id = $1 AND floor_id < $2";

impl Store {
    /// Puts a post into those of these accounts' timelines that are kept up. Returns whose
    /// timelines it was new to.
    pub(crate) async fn place(
        &self,
        readers: &[AccountId],
        timeline_entry: TimelineEntry,
        after_commit: impl FnOnce(&Vec<AccountId>) + Send + 'static,
    ) -> Result<Vec<AccountId>, DbError> {
        let readers = json_ids(readers.iter().map(|reader| reader.to_sql()));
        self.write_then(after_commit, move |connection| {
            Box::pin(async move {
                let rows = infra_db::query_scalar(PLACE)
                    .bind(readers)
                    .bind(timeline_entry.entry.post.to_sql())
                    .bind(timeline_entry.entry.author.to_sql())
                    .bind(replied_to_sql(&timeline_entry))
                    .fetch_all(connection)
                    .await?;
                Ok(accounts(rows))
            })
        })
        .await
    }

    /// Completes a timeline with these posts, which are all from `floor` on. Returns false when the
    /// timeline was dropped meanwhile; nothing is written then.
    pub(crate) async fn complete(
        &self,
        account: AccountId,
        timeline_entries: &[TimelineEntry],
        floor: PostId,
    ) -> Result<bool, DbError> {
        let rows = json_timeline_entries(timeline_entries);
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    // First, because its count says whether the timeline is still kept.
                    let kept = infra_db::query(COMPLETE)
                        .bind(account.to_sql())
                        .bind(floor.to_sql())
                        .execute(&mut *connection)
                        .await?;
                    if kept == 0 {
                        return Ok(false);
                    }
                    infra_db::query(FILL)
                        .bind(account.to_sql())
                        .bind(rows)
                        .execute(&mut *connection)
                        .await?;
                    // What fan-outs brought meanwhile may lie below the bound.
                    remove_below(connection, account, floor).await?;
                    Ok(true)
                })
            })
            .await
    }

    /// Takes a deleted post out of at most `readers_max` timelines. Returns whose; when they are as
    /// many as that, there may be more. From now on no fan-out puts the post back.
    pub(crate) async fn remove_post(
        &self,
        post: PostId,
        readers_max: u32,
        now: Timestamp,
        after_commit: impl FnOnce(&Vec<AccountId>) + Send + 'static,
    ) -> Result<Vec<AccountId>, DbError> {
        self.write_then(after_commit, move |connection| {
            Box::pin(async move {
                infra_db::query(
                    "INSERT INTO deleted_posts (post_id, deleted_at) VALUES ($1, $2)
                     ON CONFLICT (post_id) DO UPDATE SET deleted_at = excluded.deleted_at",
                )
                .bind(post.to_sql())
                .bind(now.microseconds())
                .execute(&mut *connection)
                .await?;
                let rows = infra_db::query_scalar(REMOVE_POST)
                    .bind(post.to_sql())
                    .bind(i64::from(readers_max))
                    .fetch_all(connection)
                    .await?;
                Ok(accounts(rows))
            })
        })
        .await
    }

    /// Records that one account no longer follows another, and takes out what was there because it
    /// did.
    pub(crate) async fn part(
        &self,
        follower: AccountId,
        followee: AccountId,
        now: Timestamp,
        after_commit: impl FnOnce(&Vec<PostId>) + Send + 'static,
    ) -> Result<Vec<PostId>, DbError> {
        self.write_then(after_commit, move |connection| {
            Box::pin(async move {
                super::guards::end_follow(connection, follower, followee, now).await?;
                let rows = infra_db::query_scalar(REMOVE_AUTHOR)
                    .bind(follower.to_sql())
                    .bind(followee.to_sql())
                    .fetch_all(connection)
                    .await?;
                Ok(posts(rows))
            })
        })
        .await
    }

    /// Cuts a timeline to its newest `entries_max` posts. Returns from which post on it now holds
    /// them, if it was cut.
    pub(crate) async fn trim(
        &self,
        account: AccountId,
        entries_max: usize,
        after_commit: impl FnOnce(&Option<PostId>) + Send + 'static,
    ) -> Result<Option<PostId>, DbError> {
        let last = i64::try_from(entries_max.saturating_sub(1)).unwrap_or(i64::MAX);
        self.write_then(after_commit, move |connection| {
            Box::pin(async move {
                let floor: Option<i64> = infra_db::query_scalar(NEWEST_AT)
                    .bind(account.to_sql())
                    .bind(last)
                    .fetch_optional(&mut *connection)
                    .await?;
                let Some(floor) = floor.map(PostId::from_sql) else {
                    return Ok(None);
                };
                infra_db::query(TRIM)
                    .bind(account.to_sql())
                    .bind(floor.to_sql())
                    .execute(&mut *connection)
                    .await?;
                let removed = remove_below(connection, account, floor).await?;
                Ok((removed > 0).then_some(floor))
            })
        })
        .await
    }
}

pub(super) const REMOVE_BELOW: &str = "DELETE FROM timeline WHERE account_id = $1 AND post_id < $2";

async fn remove_below(
    connection: &mut Connection,
    account: AccountId,
    floor: PostId,
) -> Result<u64, DbError> {
    let removed = infra_db::query(REMOVE_BELOW)
        .bind(account.to_sql())
        .bind(floor.to_sql())
        .execute(connection)
        .await?;
    Ok(removed)
}

fn replied_to_sql(timeline_entry: &TimelineEntry) -> i64 {
    timeline_entry.replied_to.map_or(0, AccountId::to_sql)
}

/// As [`FILL`] takes them.
fn json_timeline_entries(timeline_entries: &[TimelineEntry]) -> String {
    json_ids(timeline_entries.iter().flat_map(|timeline_entry| {
        [
            timeline_entry.entry.post.to_sql(),
            timeline_entry.entry.author.to_sql(),
            replied_to_sql(timeline_entry),
        ]
    }))
}
