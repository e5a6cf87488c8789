//! Where timelines are kept.

use infra_db::DbError;

use super::Store;

/// The only row of its table.
const ROW: i64 = 1;

pub(super) const WAS_IN_REDIS: &str = "SELECT is_redis FROM timeline_place WHERE id = $1";

impl Store {
    /// Whether timelines were kept in Redis when they were last used, and not in the tables.
    pub(crate) async fn was_in_redis(&self) -> Result<bool, DbError> {
        let is_redis: Option<bool> = infra_db::query_scalar(WAS_IN_REDIS)
            .bind(ROW)
            .fetch_optional(self.database.reader())
            .await?;
        Ok(is_redis.unwrap_or(false))
    }

    /// Records that timelines are kept in the tables from now on.
    pub(crate) async fn move_to_tables(&self) -> Result<(), DbError> {
        let recorded = self.database.write(move |connection| {
            Box::pin(async move {
                infra_db::query(
                    "INSERT INTO timeline_place (id, is_redis, run, epoch) VALUES ($1, FALSE, 0, 0)
                     ON CONFLICT (id) DO UPDATE SET is_redis = FALSE, run = 0, epoch = 0",
                )
                .bind(ROW)
                .execute(connection)
                .await?;
                Ok(())
            })
        });
        recorded.await
    }

    /// Records that timelines are kept from now on in this run of a server. Returns since when:
    /// the epoch that is recorded if this was the place already, and otherwise the one given. One
    /// statement, as processes that share a server all come with it.
    pub(crate) async fn move_to_redis(&self, run: u64, epoch: i64) -> Result<i64, DbError> {
        let run = run.cast_signed();
        let recorded = self.database.write(move |connection| {
            Box::pin(async move {
                let epoch = infra_db::query_scalar(
                    "INSERT INTO timeline_place (id, is_redis, run, epoch) VALUES ($1, TRUE, $2, $3)
                     ON CONFLICT (id) DO UPDATE SET is_redis = TRUE, run = excluded.run,
                         epoch = CASE WHEN timeline_place.is_redis AND timeline_place.run = excluded.run
                             THEN timeline_place.epoch ELSE excluded.epoch END
                     RETURNING epoch",
                )
                .bind(ROW)
                .bind(run)
                .bind(epoch)
                .fetch_one(connection)
                .await?;
                Ok(epoch)
            })
        });
        recorded.await
    }
}
