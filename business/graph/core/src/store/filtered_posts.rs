//! Posts that filters name.

use business_graph_gateway::{FilterId, FilteredPost, FilteredPostId};
use business_posts_gateway::PostId;
use infra_db::{Connection, Database, DbError};
use infra_kernel::AccountId;

pub(super) const INSERT: &str = "INSERT INTO filtered_posts (id, filter_id, owner_id, post_id) VALUES ($1, $2, $3, $4) \
     ON CONFLICT DO NOTHING";
pub(super) const DELETE: &str = "DELETE FROM filtered_posts WHERE id = $1 AND owner_id = $2";
pub(super) const DELETE_ALL: &str = "DELETE FROM filtered_posts WHERE filter_id = $1";
pub(super) const DELETE_SOME_OF_POST: &str = "DELETE FROM filtered_posts WHERE id IN \
     (SELECT id FROM filtered_posts WHERE post_id = $1 ORDER BY id LIMIT CAST($2 AS BIGINT)) RETURNING owner_id";
pub(super) const COUNT: &str = "SELECT COUNT(*) FROM (SELECT id FROM filtered_posts WHERE owner_id = $1 LIMIT CAST($2 AS BIGINT)) AS counted";
pub(super) const OF_FILTER: &str =
    "SELECT id, post_id FROM filtered_posts WHERE filter_id = $1 LIMIT CAST($2 AS BIGINT)";
pub(super) const OF_OWNER: &str = "SELECT filter_id, id, post_id FROM filtered_posts WHERE owner_id = $1 ORDER BY id LIMIT CAST($2 AS BIGINT)";

/// Adds a post to a filter; returns whether it was not there before.
pub(crate) async fn insert(
    connection: &mut Connection,
    owner: AccountId,
    filter: FilterId,
    post: FilteredPost,
) -> Result<bool, DbError> {
    let written = infra_db::query(INSERT)
        .bind(FilteredPostId::new(post.id).to_sql())
        .bind(filter.to_sql())
        .bind(owner.to_sql())
        .bind(PostId::new(post.post_id).to_sql())
        .execute(connection)
        .await?;
    Ok(written > 0)
}

/// Takes a post out of an account's filter; returns whether it was there.
pub(crate) async fn delete(
    connection: &mut Connection,
    owner: AccountId,
    id: FilteredPostId,
) -> Result<bool, DbError> {
    let removed = infra_db::query(DELETE)
        .bind(id.to_sql())
        .bind(owner.to_sql())
        .execute(connection)
        .await?;
    Ok(removed > 0)
}

/// Takes all posts out of a filter.
pub(crate) async fn delete_all(
    connection: &mut Connection,
    filter: FilterId,
) -> Result<(), DbError> {
    infra_db::query(DELETE_ALL)
        .bind(filter.to_sql())
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes a post out of at most so many filters, and returns whose they are.
pub(crate) async fn delete_some_of_post(
    connection: &mut Connection,
    post: PostId,
    count_max: u32,
) -> Result<Vec<u64>, DbError> {
    let owners: Vec<i64> = infra_db::query_scalar(DELETE_SOME_OF_POST)
        .bind(post.to_sql())
        .bind(i64::from(count_max))
        .fetch_all(connection)
        .await?;
    let owners = owners.into_iter();
    Ok(owners.map(|id| AccountId::from_sql(id).get()).collect())
}

/// Whether an account has as many posts in filters as this, asked within a write.
pub(crate) async fn is_full(
    connection: &mut Connection,
    owner: AccountId,
    max: u32,
) -> Result<bool, DbError> {
    let count: i64 = infra_db::query_scalar(COUNT)
        .bind(owner.to_sql())
        .bind(i64::from(max))
        .fetch_one(connection)
        .await?;
    Ok(count >= i64::from(max))
}

/// The posts of a filter, the earliest added first, asked within a write.
pub(crate) async fn find_all(
    connection: &mut Connection,
    filter: FilterId,
    limit: u32,
) -> Result<Vec<FilteredPost>, DbError> {
    let rows: Vec<(i64, i64)> = infra_db::query(OF_FILTER)
        .bind(filter.to_sql())
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?;
    let mut posts: Vec<_> = rows.into_iter().map(|(id, post)| of(id, post)).collect();
    // Here, and not by the database: the index by which they are found is in another order.
    posts.sort_unstable_by_key(|post| post.id);
    Ok(posts)
}

/// All posts in an account's filters, each with its filter; the earliest added first.
pub(crate) async fn of_owner(
    database: &Database,
    owner: AccountId,
    limit: u32,
) -> Result<Vec<(u64, FilteredPost)>, DbError> {
    let rows: Vec<(i64, i64, i64)> = infra_db::query(OF_OWNER)
        .bind(owner.to_sql())
        .bind(i64::from(limit))
        .fetch_all(&database.reader_at(database.position()))
        .await?;
    let with_filter = |(filter, id, post)| (FilterId::from_sql(filter).get(), of(id, post));
    Ok(rows.into_iter().map(with_filter).collect())
}

fn of(id: i64, post: i64) -> FilteredPost {
    FilteredPost {
        id: FilteredPostId::from_sql(id).get(),
        post_id: PostId::from_sql(post).get(),
    }
}
