//! Which hashtags accounts follow.

use business_posts_gateway::{FollowedTag, TagFollowId};
use infra_db::{Connection, Database, DbError, json_ids};
use infra_kernel::{AccountId, Page, Timestamp};

use super::lists::PageStatements;

macro_rules! page {
    ($order:literal) => {
        concat!(
            "SELECT id, name FROM followed_hashtags WHERE account_id = $4 AND id < $1 AND id > $2 ORDER BY id ",
            $order,
            " LIMIT CAST($3 AS BIGINT)"
        )
    };
}

pub(super) const INSERT: &str = "INSERT INTO followed_hashtags (id, account_id, name, created_at) VALUES ($1, $2, $3, $4) \
     ON CONFLICT DO NOTHING";
pub(super) const DELETE: &str = "DELETE FROM followed_hashtags WHERE account_id = $1 AND name = $2";
pub(super) const COUNT: &str = "SELECT COUNT(*) FROM (SELECT id FROM followed_hashtags WHERE account_id = $1 LIMIT CAST($2 AS BIGINT)) AS counted";
pub(super) const NAMES: &str = "SELECT name FROM followed_hashtags WHERE account_id = $1 ORDER BY id DESC LIMIT CAST($2 AS BIGINT)";
pub(super) const FOLLOWERS_AMONG: &str = "SELECT account_id FROM json_each($1) AS wanted \
     CROSS JOIN followed_hashtags WHERE account_id = wanted.value AND name = $2";
pub(super) const PAGE: PageStatements = PageStatements {
    older: page!("DESC"),
    newer: page!("ASC"),
};

/// Follows a hashtag; returns whether it was not followed before.
pub(crate) async fn insert(
    connection: &mut Connection,
    follow: TagFollowId,
    account: AccountId,
    name: &str,
    now: Timestamp,
) -> Result<bool, DbError> {
    let written = infra_db::query(INSERT)
        .bind(follow.to_sql())
        .bind(account.to_sql())
        .bind(name)
        .bind(now.microseconds())
        .execute(connection)
        .await?;
    Ok(written > 0)
}

/// Ends following a hashtag, if it is followed.
pub(crate) async fn delete(
    connection: &mut Connection,
    account: AccountId,
    name: &str,
) -> Result<(), DbError> {
    infra_db::query(DELETE)
        .bind(account.to_sql())
        .bind(name)
        .execute(connection)
        .await
        .map(drop)
}

/// How many hashtags an account follows, counted up to a limit, asked within a write.
pub(crate) async fn count(
    connection: &mut Connection,
    account: AccountId,
    limit: u32,
) -> Result<u64, DbError> {
    let count: i64 = infra_db::query_scalar(COUNT)
        .bind(account.to_sql())
        .bind(i64::from(limit))
        .fetch_one(connection)
        .await?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// The names of the hashtags that an account follows, the latest first. From the primary: they are
/// cached.
pub(crate) async fn names(
    database: &Database,
    account: AccountId,
    limit: u32,
) -> Result<Vec<String>, DbError> {
    infra_db::query_scalar(NAMES)
        .bind(account.to_sql())
        .bind(i64::from(limit))
        .fetch_all(database.reader())
        .await
}

/// Which of these accounts follow any of these hashtags, by id.
pub(crate) async fn followers_among(
    database: &Database,
    accounts: &[u64],
    names: &[String],
) -> Result<Vec<u64>, DbError> {
    let accounts = json_ids(accounts.iter().map(|id| AccountId::new(*id).to_sql()));
    let reader = database.reader_at(database.position());
    let mut followers: Vec<i64> = Vec::new();
    // One after another: a post has few, and each finds its rows by the index.
    for name in names {
        let of_name: Vec<i64> = infra_db::query_scalar(FOLLOWERS_AMONG)
            .bind(&*accounts)
            .bind(&**name)
            .fetch_all(&reader)
            .await?;
        followers.extend(of_name);
    }
    followers.sort_unstable();
    // Who follows two of them.
    followers.dedup();
    let followers = followers.into_iter();
    Ok(followers.map(|id| AccountId::from_sql(id).get()).collect())
}

/// The hashtags that an account follows, the latest first.
pub(crate) async fn list(
    database: &Database,
    account: AccountId,
    page: &Page,
) -> Result<Vec<FollowedTag>, DbError> {
    let rows: Vec<(i64, String)> = infra_db::query(PAGE.of(page))
        .bind(page.before_sql())
        .bind(page.after_sql())
        .bind(i64::from(page.limit))
        .bind(account.to_sql())
        .fetch_all(&database.reader_at(database.position()))
        .await?;
    let followed = |(id, name)| FollowedTag {
        id: TagFollowId::from_sql(id).get(),
        name,
    };
    Ok(page.newest_first(rows.into_iter().map(followed)))
}
