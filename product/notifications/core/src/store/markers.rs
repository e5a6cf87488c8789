//! How far accounts have read.

use infra_db::{Connection, Database, DbError};
use infra_kernel::Timestamp;
use product_notifications_gateway::{Marker, Position};

use super::{from_sql, to_sql};

pub(super) const OF_ACCOUNT: &str = "SELECT timeline, last_read_id, version, updated_at \
     FROM markers WHERE account_id = $1 ORDER BY timeline";

#[derive(infra_db::Row)]
struct MarkerRow {
    timeline: i64,
    last_read_id: i64,
    version: i64,
    updated_at: i64,
}

impl From<MarkerRow> for Marker {
    fn from(row: MarkerRow) -> Self {
        Self {
            // What this program does not know is no timeline.
            timeline: i32::try_from(row.timeline).unwrap_or_default(),
            last_read_id: from_sql(row.last_read_id),
            version: row.version.cast_unsigned(),
            updated_at_us: row.updated_at,
        }
    }
}

/// All markers of an account.
pub(crate) async fn list(database: &Database, account: u64) -> Result<Vec<Marker>, DbError> {
    let rows: Vec<MarkerRow> = infra_db::query(OF_ACCOUNT)
        .bind(to_sql(account))
        .fetch_all(database.reader())
        .await?;
    Ok(rows.into_iter().map(Marker::from).collect())
}

/// The same within a transaction.
pub(crate) async fn read(
    connection: &mut Connection,
    account: u64,
) -> Result<Vec<Marker>, DbError> {
    let rows: Vec<MarkerRow> = infra_db::query(OF_ACCOUNT)
        .bind(to_sql(account))
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(Marker::from).collect())
}

/// Sets a marker; one that is there already stays as it is.
pub(crate) async fn set(
    connection: &mut Connection,
    account: u64,
    position: &Position,
    now: Timestamp,
) -> Result<(), DbError> {
    infra_db::query(
        "INSERT INTO markers (account_id, timeline, last_read_id, version, updated_at) \
         VALUES ($1, $2, $3, 1, $4) ON CONFLICT (account_id, timeline) DO UPDATE \
         SET last_read_id = excluded.last_read_id, version = markers.version + 1, \
         updated_at = excluded.updated_at WHERE markers.last_read_id <> excluded.last_read_id",
    )
    .bind(to_sql(account))
    .bind(i64::from(position.timeline))
    .bind(to_sql(position.last_read_id))
    .bind(now.microseconds())
    .execute(connection)
    .await?;
    Ok(())
}
