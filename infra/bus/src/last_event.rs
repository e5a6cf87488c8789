//! The last event that was published: what ids must go on from after a restart.

use infra_db::Database;
use infra_kernel::EventId;

use crate::{Bus, BusError};

/// Events are appended in nearly the order of their ids: concurrent writes of one process may be
/// turned round, and those are much fewer. So an outbox that has grown while the bus was away is
/// not read as a whole before a start.
pub(crate) const LAST_EVENT: &str = "SELECT max(event_id) FROM
     (SELECT event_id FROM outbox ORDER BY position DESC LIMIT 10000) AS newest";

/// The highest event id in the bus's log and among the 10,000 last events of each of these
/// outboxes; none when nothing is kept. A domain makes the id of a change before the id of the
/// event that announces it, so this is above the ids of everything that was made recently.
///
/// # Errors
/// When the log or a database cannot be read.
pub async fn last_event(bus: &dyn Bus, outboxes: &[Database]) -> Result<Option<EventId>, BusError> {
    let mut last = bus.last_event().await?;
    for database in outboxes {
        let waiting: Option<i64> = infra_db::query_scalar(LAST_EVENT)
            .fetch_one(database.reader())
            .await
            .map_err(BusError::look)?;
        last = last.max(waiting.map(EventId::from_sql));
    }
    Ok(last)
}
