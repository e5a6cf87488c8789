//! What happened to cases. There is no statement that changes or removes an event.

use business_moderation_gateway::CaseEvent;
use infra_db::{Connection, DbError, Target};
use prost::Message as _;

use super::{from_sql, to_sql};
use crate::error::ModerationError;

pub(super) const OF_CASE: &str =
    "SELECT payload FROM case_events WHERE case_id = $1 ORDER BY number";
pub(super) const CASES_AFTER: &str = "SELECT case_id FROM case_events \
     WHERE number = 1 AND case_id > $1 ORDER BY case_id LIMIT CAST($2 AS BIGINT)";

/// Adds an event. One of the same number is an error: two changes have been decided on one state.
pub(crate) async fn append(connection: &mut Connection, event: &CaseEvent) -> Result<(), DbError> {
    infra_db::query("INSERT INTO case_events (case_id, number, payload) VALUES ($1, $2, $3)")
        .bind(to_sql(event.case_id))
        .bind(to_sql(event.number))
        .bind(event.encode_to_vec())
        .execute(connection)
        .await?;
    Ok(())
}

/// Everything that happened to a case, in order; nothing when there is no such case.
pub(crate) async fn of_case(
    target: impl Into<Target<'_>>,
    case: u64,
) -> Result<Vec<CaseEvent>, ModerationError> {
    let payloads: Vec<Vec<u8>> = infra_db::query_scalar(OF_CASE)
        .bind(to_sql(case))
        .fetch_all(target)
        .await?;
    let events = payloads.iter().map(|bytes| CaseEvent::decode(&**bytes));
    Ok(events.collect::<Result<_, _>>()?)
}

/// The cases after this one, by their events, at most so many.
pub(crate) async fn cases_after(
    target: impl Into<Target<'_>>,
    case: u64,
    count_max: u32,
) -> Result<Vec<u64>, DbError> {
    let ids: Vec<i64> = infra_db::query_scalar(CASES_AFTER)
        .bind(to_sql(case))
        .bind(i64::from(count_max))
        .fetch_all(target)
        .await?;
    Ok(ids.into_iter().map(from_sql).collect())
}
