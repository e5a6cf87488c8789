//! Posts that are shown again.

use business_posts_gateway::{Post, PostId};
use infra_db::{Connection, Database, DbError, json_ids};
use infra_kernel::{AccountId, Page, Timestamp};

use super::lists::{self, PageStatements};
use crate::reshared::{RESHARED_MAX, Reshared};

pub(super) const GET: &str = "SELECT reshares.id, author_id, post_id, post_author_id, visibility, created_at \
     FROM json_each($1) AS wanted CROSS JOIN reshares WHERE reshares.id = wanted.value";
pub(super) const FIND: &str = "SELECT id, author_id, post_id, post_author_id, visibility, created_at \
     FROM reshares WHERE author_id = $1 AND post_id = $2";
pub(super) const INSERT: &str = "INSERT INTO reshares \
     (id, author_id, post_id, post_author_id, visibility, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
pub(super) const DELETE: &str = "DELETE FROM reshares WHERE id = $1";
pub(super) const DELETE_SOME_OF_POST: &str = "DELETE FROM reshares WHERE id IN \
     (SELECT id FROM reshares WHERE post_id = $1 LIMIT CAST($2 AS BIGINT)) \
     RETURNING id, author_id, post_id, post_author_id, visibility, created_at";
pub(super) const NEWEST: &str = "SELECT post_id FROM reshares WHERE author_id = $1 \
     ORDER BY id DESC LIMIT CAST($2 AS BIGINT)";
pub(super) const CREATED_BEFORE: &str =
    "SELECT created_at FROM reshares WHERE author_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2";
pub(super) const BY: &str = "SELECT author_id FROM reshares WHERE post_id = $1 \
     ORDER BY id DESC LIMIT CAST($2 AS BIGINT)";
pub(super) const AMONG: &str = "SELECT post_id FROM reshares WHERE author_id = $1 \
     AND post_id IN (SELECT value FROM json_each($2))";

macro_rules! page {
    ($condition:literal) => {
        PageStatements {
            older: concat!(
                "SELECT id FROM reshares WHERE id < $1 AND id > $2 AND ",
                $condition,
                " ORDER BY id DESC LIMIT CAST($3 AS BIGINT)"
            ),
            newer: concat!(
                "SELECT id FROM reshares WHERE id < $1 AND id > $2 AND ",
                $condition,
                " ORDER BY id ASC LIMIT CAST($3 AS BIGINT)"
            ),
        }
    };
}

pub(super) const OF_POST: PageStatements = page!("post_id = $4 AND visibility < 3");

#[derive(infra_db::Row)]
struct ReshareRow {
    id: i64,
    author_id: i64,
    post_id: i64,
    post_author_id: i64,
    visibility: i64,
    created_at: i64,
}

impl From<ReshareRow> for Post {
    fn from(row: ReshareRow) -> Self {
        Self {
            id: PostId::from_sql(row.id).get(),
            author_id: AccountId::from_sql(row.author_id).get(),
            // A reshare never changes.
            revision: 1,
            visibility: i32::try_from(row.visibility).unwrap_or_default(),
            created_at_us: row.created_at,
            reshare_of_id: PostId::from_sql(row.post_id).get(),
            reshare_of_author_id: AccountId::from_sql(row.post_author_id).get(),
            ..Self::default()
        }
    }
}

/// Reshares by id, in no particular order; ids that are not there are left out.
pub(crate) async fn get(database: &Database, ids: &[u64]) -> Result<Vec<Post>, DbError> {
    let rows: Vec<ReshareRow> = infra_db::query(GET)
        .bind(json_ids(ids.iter().map(|id| PostId::new(*id).to_sql())))
        .fetch_all(database.reader())
        .await?;
    Ok(rows.into_iter().map(Post::from).collect())
}

/// An account's reshare of a post.
pub(crate) async fn find(
    connection: &mut Connection,
    account: AccountId,
    post: PostId,
) -> Result<Option<Post>, DbError> {
    let row: Option<ReshareRow> = infra_db::query(FIND)
        .bind(account.to_sql())
        .bind(post.to_sql())
        .fetch_optional(connection)
        .await?;
    Ok(row.map(Post::from))
}

pub(crate) async fn insert(connection: &mut Connection, reshare: &Post) -> Result<(), DbError> {
    infra_db::query(INSERT)
        .bind(reshare.post().to_sql())
        .bind(reshare.author().to_sql())
        .bind(PostId::new(reshare.reshare_of_id).to_sql())
        .bind(AccountId::new(reshare.reshare_of_author_id).to_sql())
        .bind(i64::from(reshare.visibility))
        .bind(reshare.created_at_us)
        .execute(connection)
        .await
        .map(drop)
}

/// Who reshared a post, the latest first; also those whose reshares are for followers.
pub(crate) async fn by(
    connection: &mut Connection,
    post: PostId,
    limit: u32,
) -> Result<Vec<u64>, DbError> {
    let accounts: Vec<i64> = infra_db::query_scalar(BY)
        .bind(post.to_sql())
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?;
    let id = |account| AccountId::from_sql(account).get();
    Ok(accounts.into_iter().map(id).collect())
}

/// Removes a reshare.
pub(crate) async fn delete(connection: &mut Connection, reshare: PostId) -> Result<(), DbError> {
    infra_db::query(DELETE)
        .bind(reshare.to_sql())
        .execute(connection)
        .await
        .map(drop)
}

/// Removes at most so many of the reshares of a post, and returns them.
pub(crate) async fn delete_some_of_post(
    connection: &mut Connection,
    post: PostId,
    count_max: u32,
) -> Result<Vec<Post>, DbError> {
    let rows: Vec<ReshareRow> = infra_db::query(DELETE_SOME_OF_POST)
        .bind(post.to_sql())
        .bind(i64::from(count_max))
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(Post::from).collect())
}

/// The reshares of a post that everyone may see, newest first.
pub(crate) async fn of_post(
    database: &Database,
    post: PostId,
    page: &Page,
) -> Result<Vec<u64>, DbError> {
    // Visibilities are not in this statement.
    lists::list(database, &OF_POST, page, post.to_sql(), 0).await
}

/// What an account reshared last. From the primary: it is cached.
pub(crate) async fn newest(database: &Database, account: AccountId) -> Result<Reshared, DbError> {
    let posts: Vec<i64> = infra_db::query_scalar(NEWEST)
        .bind(account.to_sql())
        .bind(RESHARED_MAX as i64)
        .fetch_all(database.reader())
        .await?;
    let posts = posts.into_iter().map(|id| PostId::from_sql(id).get());
    Ok(Reshared::new(posts.collect()))
}

/// When an account made the reshare that has so many newer ones, if there are that many.
pub(crate) async fn created_before(
    connection: &mut Connection,
    account: AccountId,
    newer: u32,
) -> Result<Option<Timestamp>, DbError> {
    let at: Option<i64> = infra_db::query_scalar(CREATED_BEFORE)
        .bind(account.to_sql())
        .bind(i64::from(newer))
        .fetch_optional(connection)
        .await?;
    Ok(at.map(Timestamp::from_microseconds))
}

/// Which of these posts an account has reshared, in no particular order.
pub(crate) async fn among(
    database: &Database,
    account: AccountId,
    posts: &[u64],
) -> Result<Vec<u64>, DbError> {
    let found: Vec<i64> = infra_db::query_scalar(AMONG)
        .bind(account.to_sql())
        .bind(json_ids(posts.iter().map(|id| PostId::new(*id).to_sql())))
        .fetch_all(database.reader())
        .await?;
    Ok(found
        .into_iter()
        .map(|id| PostId::from_sql(id).get())
        .collect())
}
