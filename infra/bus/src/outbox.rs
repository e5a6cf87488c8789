//! The transactional outbox: an event is committed with the change that it announces, or not at
//! all.
//!
//! Every domain that publishes events has this table in its own database, by this statement in its
//! first migration:
//!
//! ```sql
//! CREATE TABLE outbox (
//!     position INTEGER PRIMARY KEY AUTOINCREMENT,
//!     event_id BIGINT NOT NULL,
//!     topic TEXT NOT NULL,
//!     key BIGINT NOT NULL,
//!     payload BLOB NOT NULL,
//!     occurred_at BIGINT NOT NULL,
//!     correlation_id TEXT NOT NULL
//! );
//! ```

use infra_db::{Connection, DbError};

use crate::Event;

/// Writes an event into the outbox of the transaction's database.
///
/// # Errors
/// When the statement fails; the transaction must then be undone.
pub async fn append(connection: &mut Connection, event: &Event) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO outbox (event_id, topic, key, payload, occurred_at, correlation_id) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(event.id.to_sql())
    .bind(&event.topic)
    .bind(event.key.cast_signed())
    .bind(&event.payload)
    .bind(event.occurred_at.microseconds())
    .bind(&event.correlation_id)
    .execute(connection)
    .await?;
    Ok(())
}
