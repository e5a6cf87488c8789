//! The last event that was published: what ids must go on from after a restart.

use infra_db::{Database, DbError};
use infra_kernel::EventId;

/// The highest event id in the bus's log and in these outboxes; none when nothing is kept. A domain
/// makes the id of a change before the id of the event that announces it, so this is above the ids
/// of everything that was made recently.
///
/// # Errors
/// When a database cannot be read.
pub async fn last_event(bus: &Database, outboxes: &[Database]) -> Result<Option<EventId>, DbError> {
    let mut last: Option<i64> = infra_db::query_scalar("SELECT max(event_id) FROM log")
        .fetch_one(bus.reader())
        .await?;
    for database in outboxes {
        let waiting: Option<i64> = infra_db::query_scalar("SELECT max(event_id) FROM outbox")
            .fetch_one(database.reader())
            .await?;
        last = last.max(waiting);
    }
    Ok(last.map(EventId::from_sql))
}
