//! The hashtags of posts.

use business_posts_gateway::{Post, PostId, Tag};
use infra_db::{Connection, DbError};
use infra_kernel::AccountId;
use serde_json::Value;

pub(crate) const BACKFILL_BATCH: &str =
    "SELECT id, author_id, text FROM posts WHERE id < $1 ORDER BY id DESC LIMIT $2";

pub(crate) async fn insert(
    connection: &mut Connection,
    post: PostId,
    author: AccountId,
    tags: &[Tag],
) -> Result<(), DbError> {
    // A name and how it is written, by turns.
    let texts: Value = tags
        .iter()
        .flat_map(|tag| [tag.name.as_str(), tag.written.as_str()])
        .collect();
    infra_db::query(
        "INSERT INTO hashtags (name, post_id, author_id, written) \
         SELECT MAX(CASE WHEN key % 2 = 0 THEN value END), $1, $2, MAX(CASE WHEN key % 2 = 1 THEN value END) \
         FROM json_each($3, '$') GROUP BY key / 2 ON CONFLICT DO NOTHING",
    )
    .bind(post.to_sql())
    .bind(author.to_sql())
    .bind(texts.to_string())
    .execute(connection)
    .await
    .map(drop)
}

pub(crate) async fn delete(connection: &mut Connection, post: &Post) -> Result<(), DbError> {
    let names: Value = post.tags.iter().map(|tag| tag.name.as_str()).collect();
    infra_db::query(
        "DELETE FROM hashtags WHERE post_id = $1 AND name IN (SELECT value FROM json_each($2, '$'))",
    )
    .bind(post.post().to_sql())
    .bind(names.to_string())
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes the rows of the next posts from before there were rows. Returns how many posts were looked
/// at; none when there is nothing left to do.
pub(crate) async fn backfill(
    connection: &mut Connection,
    posts_max: u32,
) -> Result<Option<u64>, DbError> {
    let below: Option<i64> = infra_db::query_scalar("SELECT below FROM hashtag_backfill")
        .fetch_optional(&mut *connection)
        .await?;
    let Some(below) = below else {
        return Ok(None);
    };
    let posts: Vec<(i64, i64, String)> = infra_db::query(BACKFILL_BATCH)
        .bind(below)
        .bind(i64::from(posts_max))
        .fetch_all(&mut *connection)
        .await?;
    for (id, author, text) in &posts {
        let tags = Tag::all_of(text);
        if !tags.is_empty() {
            let (post, author) = (PostId::from_sql(*id), AccountId::from_sql(*author));
            insert(connection, post, author, &tags).await?;
        }
    }
    match posts.last() {
        Some((last, _, _)) => {
            infra_db::query("UPDATE hashtag_backfill SET below = $1")
                .bind(*last)
                .execute(connection)
                .await?;
        }
        None => {
            infra_db::query("DELETE FROM hashtag_backfill")
                .execute(connection)
                .await?;
        }
    }
    Ok(Some(posts.len() as u64))
}
