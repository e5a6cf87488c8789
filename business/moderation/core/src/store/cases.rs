//! What the events of each case come to.

use business_moderation_gateway::Case;
use infra_db::{Connection, Database, DbError, Target};
use infra_kernel::Page;
use prost::Message as _;

use super::to_sql;
use crate::error::ModerationError;

macro_rules! page {
    ($of:literal, $order:literal) => {
        concat!(
            "SELECT state FROM cases WHERE ",
            $of,
            " AND id < $2 AND id > $3 ORDER BY id ",
            $order,
            " LIMIT CAST($4 AS BIGINT)"
        )
    };
}

pub(super) const OLDER: &str = page!("queue = $1", "DESC");
pub(super) const NEWER: &str = page!("queue = $1", "ASC");
pub(super) const OF_REPORTER_OLDER: &str = page!("reporter_id = $5 AND resolved = $1", "DESC");
pub(super) const OF_REPORTER_NEWER: &str = page!("reporter_id = $5 AND resolved = $1", "ASC");
pub(super) const OF_TARGET_OLDER: &str = page!("target_id = $5 AND resolved = $1", "DESC");
pub(super) const OF_TARGET_NEWER: &str = page!("target_id = $5 AND resolved = $1", "ASC");
pub(super) const OF_BOTH_OLDER: &str = page!(
    "target_id = $5 AND reporter_id = $6 AND resolved = $1",
    "DESC"
);
pub(super) const OF_BOTH_NEWER: &str = page!(
    "target_id = $5 AND reporter_id = $6 AND resolved = $1",
    "ASC"
);
pub(super) const GET: &str = "SELECT state FROM cases WHERE id = $1";
pub(super) const COUNT_SINCE: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM cases \
     WHERE reporter_id = $1 AND created_at > $2 LIMIT CAST($3 AS BIGINT)) AS lately";
pub(super) const DELETE_BETWEEN: &str = "DELETE FROM cases WHERE id > $1 AND id <= $2";

/// Which cases are listed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filter {
    pub(crate) resolved: bool,
    /// By whom, and about whom; 0 for everyone.
    pub(crate) reporter: u64,
    pub(crate) target: u64,
}

/// The list that holds a case: 0 what is open, 1 what is closed.
const fn queue(resolved: bool) -> i64 {
    resolved as i64
}

/// Writes what a case has become.
pub(crate) async fn put(connection: &mut Connection, case: &Case) -> Result<(), DbError> {
    infra_db::query(
        "INSERT INTO cases (id, reporter_id, target_id, created_at, resolved, queue, state) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET \
         reporter_id = excluded.reporter_id, target_id = excluded.target_id, \
         created_at = excluded.created_at, resolved = excluded.resolved, queue = excluded.queue, \
         state = excluded.state",
    )
    .bind(case.case().to_sql())
    .bind(to_sql(case.reporter_id))
    .bind(to_sql(case.target_id))
    .bind(case.created_at_us)
    .bind(case.resolved)
    .bind(queue(case.resolved))
    .bind(case.encode_to_vec())
    .execute(connection)
    .await?;
    Ok(())
}

/// A case as it is.
pub(crate) async fn get(
    target: impl Into<Target<'_>>,
    case: u64,
) -> Result<Option<Case>, ModerationError> {
    let state: Option<Vec<u8>> = infra_db::query_scalar(GET)
        .bind(to_sql(case))
        .fetch_optional(target)
        .await?;
    Ok(state.map(|bytes| Case::decode(&*bytes)).transpose()?)
}

/// A page of cases, newest first.
pub(crate) async fn list(
    database: &Database,
    filter: Filter,
    page: &Page,
) -> Result<Vec<Case>, ModerationError> {
    let (older, newer, accounts) = match (filter.target, filter.reporter) {
        (0, 0) => (OLDER, NEWER, vec![]),
        (0, reporter) => (OF_REPORTER_OLDER, OF_REPORTER_NEWER, vec![reporter]),
        (target, 0) => (OF_TARGET_OLDER, OF_TARGET_NEWER, vec![target]),
        (target, reporter) => (OF_BOTH_OLDER, OF_BOTH_NEWER, vec![target, reporter]),
    };
    let query = infra_db::query_scalar(page.either(older, newer));
    let query = match accounts.is_empty() {
        true => query.bind(queue(filter.resolved)),
        false => query.bind(filter.resolved),
    };
    let mut query = query
        .bind(page.before_sql())
        .bind(page.after_sql())
        .bind(i64::from(page.limit));
    for account in accounts {
        query = query.bind(to_sql(account));
    }
    let states: Vec<Vec<u8>> = query.fetch_all(database.reader()).await?;
    let cases = states.iter().map(|bytes| Case::decode(&**bytes));
    Ok(page.newest_first(cases.collect::<Result<Vec<_>, _>>()?))
}

/// How many cases an account has opened since then, counted up to a bound.
pub(crate) async fn count_since(
    connection: &mut Connection,
    reporter: u64,
    since_us: i64,
    count_max: u32,
) -> Result<u32, DbError> {
    let count: i64 = infra_db::query_scalar(COUNT_SINCE)
        .bind(to_sql(reporter))
        .bind(since_us)
        .bind(i64::from(count_max))
        .fetch_one(connection)
        .await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Removes what stands for cases after this one, up to that one.
pub(crate) async fn delete_between(
    connection: &mut Connection,
    after: u64,
    until: i64,
) -> Result<(), DbError> {
    infra_db::query(DELETE_BETWEEN)
        .bind(to_sql(after))
        .bind(until)
        .execute(connection)
        .await?;
    Ok(())
}
