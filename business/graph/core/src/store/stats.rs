//! How many follow, and are followed.

use std::collections::HashMap;

use infra_db::{Connection, Database, DbError, json_ids};
use infra_kernel::AccountId;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) followers: u64,
    pub(crate) following: u64,
}

/// Adds to an account's numbers, and returns how many it follows now.
pub(crate) async fn add(
    connection: &mut Connection,
    account: AccountId,
    followers: i64,
    following: i64,
) -> Result<i64, DbError> {
    let following = infra_db::query_scalar(
        "INSERT INTO stats (account_id, followers, following) VALUES ($1, $2, $3) \
         ON CONFLICT (account_id) DO UPDATE SET \
         followers = stats.followers + excluded.followers, following = stats.following + excluded.following \
         RETURNING following",
    )
    .bind(account.to_sql())
    .bind(followers)
    .bind(following)
    .fetch_one(connection)
    .await?;
    Ok(following)
}

pub(super) const FOLLOWING: &str = "SELECT following FROM stats WHERE account_id = $1";

/// How many an account follows, asked within a write.
pub(crate) async fn following(
    connection: &mut Connection,
    account: AccountId,
) -> Result<i64, DbError> {
    let following: Option<i64> = infra_db::query_scalar(FOLLOWING)
        .bind(account.to_sql())
        .fetch_optional(connection)
        .await?;
    Ok(following.unwrap_or_default())
}

pub(super) const SUBTRACT: &str =
    "UPDATE stats SET followers = followers - $2, following = following - $3 WHERE account_id = $1";

/// Takes from an account's numbers, which are there because they were added to before.
pub(crate) async fn subtract(
    connection: &mut Connection,
    account: AccountId,
    followers: i64,
    following: i64,
) -> Result<(), DbError> {
    infra_db::query(SUBTRACT)
        .bind(account.to_sql())
        .bind(followers)
        .bind(following)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) const GET: &str = "SELECT account_id, followers, following FROM stats WHERE account_id IN (SELECT value FROM json_each($1))";

/// The numbers of these accounts; those that never followed nor were followed are left out.
pub(crate) async fn get(
    database: &Database,
    accounts: &[u64],
) -> Result<HashMap<u64, Counts>, DbError> {
    let wanted = json_ids(accounts.iter().map(|id| AccountId::new(*id).to_sql()));
    let rows: Vec<(i64, i64, i64)> = infra_db::query(GET)
        .bind(wanted)
        .fetch_all(database.reader())
        .await?;
    let counts = |(account, followers, following): (i64, i64, i64)| {
        let counts = Counts {
            followers: u64::try_from(followers).unwrap_or_default(),
            following: u64::try_from(following).unwrap_or_default(),
        };
        (AccountId::from_sql(account).get(), counts)
    };
    Ok(rows.into_iter().map(counts).collect())
}
