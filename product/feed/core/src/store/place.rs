//! Where timelines are kept.

use infra_db::DbError;

use super::Store;

/// The one row.
const ROW: i64 = 1;

/// Where timelines are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the tables of this database.
    Tables,
    /// On a Redis server, since this epoch: those of another one lack what happened in between.
    Redis { epoch: i64 },
}

impl Store {
    /// Where timelines are kept: in the tables, until another place was recorded.
    pub(crate) async fn place_of_timelines(&self) -> Result<Place, DbError> {
        let row: Option<(bool, i64)> =
            infra_db::query("SELECT is_redis, epoch FROM timeline_place WHERE id = $1")
                .bind(ROW)
                .fetch_optional(self.database.reader())
                .await?;
        Ok(match row {
            Some((true, epoch)) => Place::Redis { epoch },
            Some((false, _)) | None => Place::Tables,
        })
    }

    /// Records where timelines are kept from now on.
    pub(crate) async fn set_place_of_timelines(&self, place: Place) -> Result<(), DbError> {
        let (is_redis, epoch) = match place {
            Place::Tables => (false, 0),
            Place::Redis { epoch } => (true, epoch),
        };
        let recorded = self.database.write(move |connection| {
            Box::pin(async move {
                infra_db::query(
                    "INSERT INTO timeline_place (id, is_redis, epoch) VALUES ($1, $2, $3)
                     ON CONFLICT (id) DO UPDATE SET is_redis = excluded.is_redis, epoch = excluded.epoch",
                )
                .bind(ROW)
                .bind(is_redis)
                .bind(epoch)
                .execute(connection)
                .await?;
                Ok(())
            })
        });
        recorded.await
    }
}
