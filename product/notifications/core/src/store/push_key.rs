//! The key by which push services know this server.

use infra_db::{Connection, Database, DbError};
use infra_kernel::Timestamp;

pub(super) const GET: &str = "SELECT secret FROM push_key WHERE id = 1";

/// The key, as it is kept, if there is one.
pub(crate) async fn get(database: &Database) -> Result<Option<Vec<u8>>, DbError> {
    infra_db::query_scalar(GET)
        .fetch_optional(database.reader())
        .await
}

/// Keeps this key where there is none, and returns that which is there.
pub(crate) async fn keep(
    connection: &mut Connection,
    secret: Vec<u8>,
    now: Timestamp,
) -> Result<Vec<u8>, DbError> {
    infra_db::query(
        "INSERT INTO push_key (id, secret, created_at) VALUES (1, $1, $2) ON CONFLICT DO NOTHING",
    )
    .bind(secret)
    .bind(now.microseconds())
    .execute(&mut *connection)
    .await?;
    infra_db::query_scalar(GET).fetch_one(connection).await
}
