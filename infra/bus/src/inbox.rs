//! The consumer's inbox: what it has acted on, kept in the transaction of the effect, so that an event delivered twice
//! takes effect once.
//!
//! A domain whose effects are not idempotent by themselves has this table, by this statement in a migration:
//!
//! ```sql
//! CREATE TABLE inbox (
//!     subscription TEXT NOT NULL,
//!     event_id BIGINT NOT NULL,
//!     received_at BIGINT NOT NULL,
//!     PRIMARY KEY (subscription, event_id)
//! );
//! ```

use infra_db::{Connection, DbError};

use crate::Event;

/// Whether this subscription meets the event for the first time; notes that it has met it now.
///
/// # Errors
/// When the statement fails; the transaction must then be undone.
pub async fn is_first_delivery(
    connection: &mut Connection,
    subscription: &str,
    event: &Event,
) -> Result<bool, DbError> {
    let inserted = sqlx::query(
        "INSERT INTO inbox (subscription, event_id, received_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .bind(subscription)
    .bind(event.id.to_sql())
    .bind(event.occurred_at.microseconds())
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}
