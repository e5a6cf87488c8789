//! The consumer's inbox: what it has acted on, kept in the transaction of the effect, so that an
//! event delivered twice takes effect once.
//!
//! A domain whose effects are not idempotent by themselves has this table, by this statement in a
//! migration:
//!
//! ```sql
//! CREATE TABLE inbox (
//!     subscription TEXT NOT NULL,
//!     event_id BIGINT NOT NULL,
//!     occurred_at BIGINT NOT NULL,
//!     PRIMARY KEY (subscription, event_id)
//! );
//! ```

use infra_db::{Connection, Database, DbError};
use infra_kernel::Timestamp;

use crate::Event;

/// The most rows that one call of [`trim`] deletes.
const TRIM_BATCH: i64 = 500;

/// Whether this subscription meets the event for the first time; notes that it has met it now.
///
/// # Errors
/// When the statement fails; the transaction must then be undone.
pub async fn is_first_delivery(
    connection: &mut Connection,
    subscription: &str,
    event: &Event,
) -> Result<bool, DbError> {
    let inserted = infra_db::query(
        "INSERT INTO inbox (subscription, event_id, occurred_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .bind(subscription)
    .bind(event.id.to_sql())
    .bind(event.occurred_at.microseconds())
    .execute(connection)
    .await?;
    Ok(inserted == 1)
}

pub(crate) const TRIM: &str = "DELETE FROM inbox
     WHERE subscription = $1 AND occurred_at < $2
         AND event_id IN (SELECT event_id FROM inbox
             WHERE subscription = $1 ORDER BY event_id LIMIT $3)";

/// Forgets the oldest events of a subscription that happened before this moment, 500 at most;
/// returns how many. Call it until it returns less than that.
///
/// An event may come again for as long as the bus's log keeps it
/// ([`crate::Settings::retention_s`]) and while it waits for redelivery: `before` must lie well
/// beyond both. A dead letter may be replayed later still; its effect was undone with the attempt
/// that failed, unless the handler failed after its transaction.
///
/// # Errors
/// When the database cannot be written.
pub async fn trim(
    database: &Database,
    subscription: &str,
    before: Timestamp,
) -> Result<u64, DbError> {
    let subscription = subscription.to_owned();
    database
        .write(move |connection| {
            Box::pin(async move {
                // The oldest by their ids, as the primary key has them: `occurred_at` has no index.
                let deleted = infra_db::query(TRIM)
                    .bind(subscription)
                    .bind(before.microseconds())
                    .bind(TRIM_BATCH)
                    .execute(connection)
                    .await?;
                Ok(deleted)
            })
        })
        .await
}
