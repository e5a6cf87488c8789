//! Authors whose posts are merged when a timeline is read.

use infra_db::DbError;
use infra_kernel::{AccountId, Timestamp};

use super::{Store, accounts};

pub(super) const MERGED_SINCE: &str =
    "SELECT merged_since FROM merged_authors WHERE author_id = $1";
pub(super) const MERGED: &str = "SELECT author_id FROM merged_authors";

impl Store {
    /// Records that an author's posts are merged from now on, unless so many authors' are already.
    /// Returns whether this one's are.
    pub(crate) async fn record_merged(
        &self,
        author: AccountId,
        now: Timestamp,
        authors_max: u32,
        after_commit: impl FnOnce(&bool) + Send + 'static,
    ) -> Result<bool, DbError> {
        self.write_then(after_commit, move |connection| {
            Box::pin(async move {
                // The first time counts: from then on no post of theirs was fanned out. Counted in
                // the statement: others may be recorded concurrently.
                infra_db::query(
                    "INSERT INTO merged_authors (author_id, merged_since)
                     SELECT $1, $2 WHERE (SELECT COUNT(*) FROM merged_authors) < $3
                     ON CONFLICT DO NOTHING",
                )
                .bind(author.to_sql())
                .bind(now.microseconds())
                .bind(i64::from(authors_max))
                .execute(&mut *connection)
                .await?;
                infra_db::query_scalar(
                    "SELECT EXISTS (SELECT 1 FROM merged_authors WHERE author_id = $1)",
                )
                .bind(author.to_sql())
                .fetch_one(connection)
                .await
            })
        })
        .await
    }

    /// Since when an author's posts are merged, if they are.
    pub(crate) async fn merged_since(
        &self,
        author: AccountId,
    ) -> Result<Option<Timestamp>, DbError> {
        let since: Option<i64> = infra_db::query_scalar(MERGED_SINCE)
            .bind(author.to_sql())
            .fetch_optional(self.database.reader())
            .await?;
        Ok(since.map(Timestamp::from_microseconds))
    }

    /// The authors whose posts are merged: all, for the posts of one that was left out would be in
    /// no timeline. How many they may be is decided when they are recorded.
    pub(crate) async fn merged(&self) -> Result<Vec<AccountId>, DbError> {
        let rows = infra_db::query_scalar(MERGED)
            .fetch_all(self.database.reader())
            .await?;
        Ok(accounts(rows))
    }
}
