//! Which timelines are kept, since when, and how much they hold.

use business_posts_gateway::PostId;
use infra_db::{DbError, json_ids};
use infra_kernel::{AccountId, Timestamp};

use super::{Store, accounts};
use crate::audience::Entry;

/// A timeline as the table holds it.
pub(crate) struct Stored {
    /// Oldest first, at most as many as were asked for.
    pub(crate) entries: Vec<Entry>,
    /// The entries are all from this post on.
    pub(crate) floor: PostId,
    pub(crate) complete: bool,
    pub(crate) last_read_at: Timestamp,
}

pub(super) const READ_STATE: &str =
    "SELECT floor_id, complete, last_read_at FROM timeline_state WHERE account_id = $1";
pub(super) const READ_NEWEST: &str =
    "SELECT post_id, author_id FROM timeline WHERE account_id = $1 AND post_id >= $2
     ORDER BY post_id DESC LIMIT CAST($3 AS BIGINT)";
pub(super) const JOIN: &str =
    "UPDATE timeline_state SET complete = FALSE, floor_id = 0 WHERE account_id = $1";
pub(super) const RECORD_VISIT: &str =
    "UPDATE timeline_state SET last_read_at = $2 WHERE account_id = $1";
pub(super) const DROP_UNSEEN: &str = "SELECT account_id FROM timeline_state WHERE last_read_at < $1
     ORDER BY last_read_at LIMIT CAST($2 AS BIGINT)";
pub(super) const KEPT_AFTER: &str = "SELECT account_id FROM timeline_state WHERE account_id > $1 ORDER BY account_id LIMIT CAST($2 AS BIGINT)";
pub(super) const HOLDS_MORE_THAN: &str =
    "SELECT post_id FROM timeline WHERE account_id = $1 ORDER BY post_id DESC LIMIT 1 OFFSET $2";

impl Store {
    /// An account's timeline with its newest `entries_max` posts, if one is kept.
    pub(crate) async fn read(
        &self,
        account: AccountId,
        entries_max: usize,
    ) -> Result<Option<Stored>, DbError> {
        // One transaction, so that the floor belongs to the entries.
        let mut snapshot = self.database.reader().snapshot().await?;
        let state: Option<(i64, bool, i64)> = infra_db::query(READ_STATE)
            .bind(account.to_sql())
            .fetch_optional(&mut snapshot)
            .await?;
        let Some((floor, complete, last_read_at)) = state else {
            return Ok(None);
        };
        let rows: Vec<(i64, i64)> = infra_db::query(READ_NEWEST)
            .bind(account.to_sql())
            .bind(floor)
            .bind(i64::try_from(entries_max).unwrap_or(i64::MAX))
            .fetch_all(&mut snapshot)
            .await?;
        drop(snapshot);
        let floor = match rows.last() {
            // There may be more below the last one that was asked for.
            Some((last, _)) if rows.len() >= entries_max => *last,
            _ => floor,
        };
        Ok(Some(Stored {
            entries: rows.iter().rev().map(entry).collect(),
            floor: PostId::from_sql(floor),
            complete,
            last_read_at: Timestamp::from_microseconds(last_read_at),
        }))
    }

    /// Begins to keep an account's timeline up, or marks a kept one as not complete: from now on
    /// every fan-out reaches it.
    pub(crate) async fn begin(&self, account: AccountId, now: Timestamp) -> Result<(), DbError> {
        let begun = self.database.write(move |connection| {
            Box::pin(async move {
                // Without a bound until it is complete, so that nothing is refused that a fan-out
                // brings.
                infra_db::query(
                    "INSERT INTO timeline_state (account_id, last_read_at, complete, floor_id)
                     VALUES ($1, $2, FALSE, 0)
                     ON CONFLICT (account_id) DO UPDATE SET complete = FALSE, floor_id = 0",
                )
                .bind(account.to_sql())
                .bind(now.microseconds())
                .execute(connection)
                .await?;
                Ok(())
            })
        });
        begun.await
    }

    /// Records that one account follows another: its timeline, if kept, is not complete any more.
    pub(crate) async fn join(
        &self,
        follower: AccountId,
        followee: AccountId,
        after_commit: impl FnOnce(&()) + Send + 'static,
    ) -> Result<(), DbError> {
        self.write_then(after_commit, move |connection| {
            Box::pin(async move {
                super::guards::begin_follow(connection, follower, followee).await?;
                infra_db::query(JOIN)
                    .bind(follower.to_sql())
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
    }

    /// Notes when an account was last here.
    pub(crate) async fn record_visit(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let noted = self.database.write(move |connection| {
            Box::pin(async move {
                infra_db::query(RECORD_VISIT)
                    .bind(account.to_sql())
                    .bind(now.microseconds())
                    .execute(connection)
                    .await?;
                Ok(())
            })
        });
        noted.await
    }

    /// Drops the timelines of at most `timelines_max` accounts last seen before a moment. Returns
    /// whose.
    pub(crate) async fn drop_unseen(
        &self,
        seen_before: Timestamp,
        timelines_max: u32,
        after_commit: impl FnOnce(&Vec<AccountId>) + Send + 'static,
    ) -> Result<Vec<AccountId>, DbError> {
        self.write_then(after_commit, move |connection| {
            Box::pin(async move {
                let rows: Vec<i64> = infra_db::query_scalar(DROP_UNSEEN)
                    .bind(seen_before.microseconds())
                    .bind(i64::from(timelines_max))
                    .fetch_all(&mut *connection)
                    .await?;
                drop_rows(connection, &rows).await?;
                Ok(accounts(rows))
            })
        })
        .await
    }

    /// Drops these accounts' timelines.
    pub(crate) async fn drop_these(
        &self,
        accounts: &[AccountId],
        after_commit: impl FnOnce(&()) + Send + 'static,
    ) -> Result<(), DbError> {
        let rows: Vec<_> = accounts.iter().map(|account| account.to_sql()).collect();
        self.write_then(after_commit, move |connection| {
            Box::pin(async move { drop_rows(connection, &rows).await })
        })
        .await
    }

    /// At most `accounts_max` accounts whose timelines are kept, in order, after this one.
    pub(crate) async fn kept_after(
        &self,
        account: AccountId,
        accounts_max: u32,
    ) -> Result<Vec<AccountId>, DbError> {
        let rows = infra_db::query_scalar(KEPT_AFTER)
            .bind(account.to_sql())
            .bind(i64::from(accounts_max))
            .fetch_all(self.database.reader())
            .await?;
        Ok(accounts(rows))
    }

    /// Whether a timeline holds more than so many posts.
    pub(crate) async fn holds_more_than(
        &self,
        account: AccountId,
        entries: usize,
    ) -> Result<bool, DbError> {
        let beyond: Option<i64> = infra_db::query_scalar(HOLDS_MORE_THAN)
            .bind(account.to_sql())
            .bind(i64::try_from(entries).unwrap_or(i64::MAX))
            .fetch_optional(self.database.reader())
            .await?;
        Ok(beyond.is_some())
    }
}

pub(super) const DROP_ENTRIES: &str =
    "DELETE FROM timeline WHERE account_id IN (SELECT value FROM json_each($1))";
pub(super) const DROP_STATES: &str =
    "DELETE FROM timeline_state WHERE account_id IN (SELECT value FROM json_each($1))";

async fn drop_rows(connection: &mut infra_db::Connection, rows: &[i64]) -> Result<(), DbError> {
    let ids = json_ids(rows.iter().copied());
    infra_db::query(DROP_ENTRIES)
        .bind(&ids)
        .execute(&mut *connection)
        .await?;
    infra_db::query(DROP_STATES)
        .bind(&ids)
        .execute(connection)
        .await?;
    Ok(())
}

fn entry((post, author): &(i64, i64)) -> Entry {
    Entry {
        post: PostId::from_sql(*post),
        author: AccountId::from_sql(*author),
    }
}
