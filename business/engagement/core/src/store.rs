//! SQL, a file for each table.

pub(crate) mod bookmarks;
pub(crate) mod counts;
pub(crate) mod likes;
#[cfg(test)]
mod plans;

use std::collections::HashSet;

use infra_db::{Connection, Database, DbError, json_ids};

/// Which of these posts an account likes or has bookmarked: whichever the statement looks for.
pub(crate) async fn among(
    database: &Database,
    statement: &'static str,
    account: u64,
    posts: &[u64],
) -> Result<HashSet<u64>, DbError> {
    let found: Vec<i64> = infra_db::query_scalar(statement)
        .bind(to_sql(account))
        .bind(json_ids(posts.iter().map(|id| to_sql(*id))))
        .fetch_all(database.reader())
        .await?;
    Ok(found.into_iter().map(from_sql).collect())
}

/// Removes at most so many likes or bookmarks of a post, by their statement, and returns whose they
/// were.
pub(crate) async fn delete_some_of_post(
    connection: &mut Connection,
    statement: &'static str,
    post: u64,
    count_max: u32,
) -> Result<Vec<u64>, DbError> {
    let accounts: Vec<i64> = infra_db::query_scalar(statement)
        .bind(to_sql(post))
        .bind(i64::from(count_max))
        .fetch_all(connection)
        .await?;
    Ok(accounts.into_iter().map(from_sql).collect())
}

/// An id as a database column holds it.
const fn to_sql(id: u64) -> i64 {
    id.cast_signed()
}

/// A column's value as the id it is.
const fn from_sql(value: i64) -> u64 {
    value.cast_unsigned()
}
