//! What accounts do with notifications of those whom they may not expect, and of whom they accepted
//! all.

use infra_db::{Connection, Database, DbError, json_ids};
use product_notifications_gateway::Policy;

use super::{from_sql, to_sql};

pub(super) const OF_ACCOUNTS: &str = "SELECT account_id, for_not_following, for_not_followers, \
     for_new_accounts, for_private_mentions, for_limited_accounts FROM policies \
     WHERE account_id IN (SELECT value FROM json_each($1))";
pub(super) const IS_ACCEPTED: &str =
    "SELECT from_id FROM accepted WHERE account_id = $1 AND from_id = $2";
pub(super) const COUNT_ACCEPTED: &str = "SELECT count(*) FROM (SELECT from_id FROM accepted \
     WHERE account_id = $1 LIMIT CAST($2 AS BIGINT)) AS those";

#[derive(infra_db::Row)]
struct PolicyRow {
    account_id: i64,
    for_not_following: i64,
    for_not_followers: i64,
    for_new_accounts: i64,
    for_private_mentions: i64,
    for_limited_accounts: i64,
}

impl From<PolicyRow> for Policy {
    fn from(row: PolicyRow) -> Self {
        // What this program does not know is unspecified.
        let action = |number| i32::try_from(number).unwrap_or_default();
        Self {
            for_not_following: action(row.for_not_following),
            for_not_followers: action(row.for_not_followers),
            for_new_accounts: action(row.for_new_accounts),
            for_private_mentions: action(row.for_private_mentions),
            for_limited_accounts: action(row.for_limited_accounts),
        }
    }
}

/// The policies of those of these accounts that have one of their own.
pub(crate) async fn of_accounts(
    database: &Database,
    accounts: &[u64],
) -> Result<Vec<(u64, Policy)>, DbError> {
    let rows: Vec<PolicyRow> = infra_db::query(OF_ACCOUNTS)
        .bind(json_ids(accounts.iter().copied().map(to_sql)))
        .fetch_all(database.reader())
        .await?;
    let policy = |row: PolicyRow| (from_sql(row.account_id), Policy::from(row));
    Ok(rows.into_iter().map(policy).collect())
}

/// The policy of an account, within a write.
pub(crate) async fn get(
    connection: &mut Connection,
    account: u64,
) -> Result<Option<Policy>, DbError> {
    let row: Option<PolicyRow> = infra_db::query(OF_ACCOUNTS)
        .bind(json_ids([to_sql(account)]))
        .fetch_optional(connection)
        .await?;
    Ok(row.map(Policy::from))
}

/// Stores the policy of an account in place of the one that it has.
pub(crate) async fn set(
    connection: &mut Connection,
    account: u64,
    policy: &Policy,
) -> Result<(), DbError> {
    infra_db::query(
        "INSERT INTO policies (account_id, for_not_following, for_not_followers, \
         for_new_accounts, for_private_mentions, for_limited_accounts) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account_id) DO UPDATE SET \
         for_not_following = excluded.for_not_following, \
         for_not_followers = excluded.for_not_followers, \
         for_new_accounts = excluded.for_new_accounts, \
         for_private_mentions = excluded.for_private_mentions, \
         for_limited_accounts = excluded.for_limited_accounts",
    )
    .bind(to_sql(account))
    .bind(i64::from(policy.for_not_following))
    .bind(i64::from(policy.for_not_followers))
    .bind(i64::from(policy.for_new_accounts))
    .bind(i64::from(policy.for_private_mentions))
    .bind(i64::from(policy.for_limited_accounts))
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether an account accepted all of this one's notifications.
pub(crate) async fn is_accepted(
    database: &Database,
    account: u64,
    from: u64,
) -> Result<bool, DbError> {
    let found: Option<i64> = infra_db::query_scalar(IS_ACCEPTED)
        .bind(to_sql(account))
        .bind(to_sql(from))
        .fetch_optional(database.reader())
        .await?;
    Ok(found.is_some())
}

/// The same within a write.
pub(crate) async fn is_accepted_now(
    connection: &mut Connection,
    account: u64,
    from: u64,
) -> Result<bool, DbError> {
    let found: Option<i64> = infra_db::query_scalar(IS_ACCEPTED)
        .bind(to_sql(account))
        .bind(to_sql(from))
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}

/// Of how many others an account accepted all, counted up to a limit.
pub(crate) async fn count_accepted(
    connection: &mut Connection,
    account: u64,
    limit: u32,
) -> Result<u32, DbError> {
    let count: i64 = infra_db::query_scalar(COUNT_ACCEPTED)
        .bind(to_sql(account))
        .bind(i64::from(limit))
        .fetch_one(connection)
        .await?;
    // Never more than the limit.
    Ok(u32::try_from(count).unwrap_or(limit))
}

/// Notes that an account accepts all of this one's notifications.
pub(crate) async fn accept(
    connection: &mut Connection,
    account: u64,
    from: u64,
) -> Result<(), DbError> {
    infra_db::query(
        "INSERT INTO accepted (account_id, from_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
    )
    .bind(to_sql(account))
    .bind(to_sql(from))
    .execute(connection)
    .await?;
    Ok(())
}
