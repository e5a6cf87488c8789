//! Authors whose posts are merged when a timeline is read.

use infra_db::DbError;
use infra_kernel::{AccountId, Timestamp};

use super::{Store, accounts};

impl Store {
    /// Records that an author's posts are merged from now on.
    pub(crate) async fn record_merged(
        &self,
        author: AccountId,
        now: Timestamp,
        after_commit: impl FnOnce(&()) + Send + 'static,
    ) -> Result<(), DbError> {
        self.write_then(after_commit, move |connection| {
            Box::pin(async move {
                infra_db::query(
                    "INSERT INTO merged_authors (author_id, merged_since) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                )
                .bind(author.to_sql())
                .bind(now.microseconds())
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    /// Since when an author's posts are merged, if they are.
    pub(crate) async fn merged_since(
        &self,
        author: AccountId,
    ) -> Result<Option<Timestamp>, DbError> {
        let since: Option<i64> =
            infra_db::query_scalar("SELECT merged_since FROM merged_authors WHERE author_id = $1")
                .bind(author.to_sql())
                .fetch_optional(self.database.reader())
                .await?;
        Ok(since.map(Timestamp::from_microseconds))
    }

    /// The authors whose posts are merged, at most `authors_max` of them.
    pub(crate) async fn merged(&self, authors_max: u32) -> Result<Vec<AccountId>, DbError> {
        let rows = infra_db::query_scalar(
            "SELECT author_id FROM merged_authors ORDER BY author_id LIMIT $1",
        )
        .bind(i64::from(authors_max))
        .fetch_all(self.database.reader())
        .await?;
        Ok(accounts(rows))
    }
}
