//! The hashtags of posts.

use business_posts_gateway::{Post, PostId, Tag, Visibility};
use infra_db::{Connection, DbError};
use infra_kernel::AccountId;
use serde_json::Value;

use super::public_hashtags::{self, Tagged};

pub(crate) const BACKFILL_BATCH: &str = "SELECT id, author_id, text, visibility, has_media, created_at FROM posts WHERE id < $1 ORDER BY id DESC LIMIT CAST($2 AS BIGINT)";

pub(super) const INSERT: &str = "INSERT INTO hashtags (name, post_id, author_id, written) \
     SELECT MAX(CASE WHEN key % 2 = 0 THEN value END), $1, $2, MAX(CASE WHEN key % 2 = 1 THEN value END) \
     FROM json_each($3, '$') GROUP BY key / 2 ON CONFLICT DO NOTHING";

/// Writes the hashtags of a post, and of a public one those for lists; those that are there already
/// stay.
pub(crate) async fn insert(
    connection: &mut Connection,
    tagged: &Tagged,
    tags: &[Tag],
) -> Result<(), DbError> {
    // A name and how it is written, by turns.
    let texts: Value = tags
        .iter()
        .flat_map(|tag| [tag.name.as_str(), tag.written.as_str()])
        .collect();
    infra_db::query(INSERT)
        .bind(tagged.post.to_sql())
        .bind(tagged.author.to_sql())
        .bind(texts.to_string())
        .execute(&mut *connection)
        .await?;
    if tagged.visibility == Visibility::Public {
        public_hashtags::insert(connection, tagged, tags).await?;
    }
    Ok(())
}

pub(super) const DELETE: &str =
    "DELETE FROM hashtags WHERE post_id = $1 AND name IN (SELECT value FROM json_each($2, '$'))";

/// Removes all of them.
pub(crate) async fn delete(connection: &mut Connection, post: &Post) -> Result<(), DbError> {
    infra_db::query(DELETE)
        .bind(post.post().to_sql())
        .bind(public_hashtags::names(&post.tags))
        .execute(&mut *connection)
        .await?;
    public_hashtags::delete(connection, post).await
}

pub(super) const BACKFILL_BELOW: &str = "SELECT below FROM hashtag_backfill";
pub(super) const BACKFILL_ON: &str = "UPDATE hashtag_backfill SET below = $1";
pub(super) const BACKFILL_DONE: &str = "DELETE FROM hashtag_backfill";

#[derive(infra_db::Row)]
struct PostRow {
    id: i64,
    author_id: i64,
    text: String,
    visibility: i64,
    has_media: bool,
    created_at: i64,
}

/// Makes the rows of the next posts from before there were rows of theirs. Returns how many posts
/// were looked at; none when there is nothing left to do.
pub(crate) async fn backfill(
    connection: &mut Connection,
    posts_max: u32,
) -> Result<Option<u64>, DbError> {
    let below: Option<i64> = infra_db::query_scalar(BACKFILL_BELOW)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(below) = below else {
        return Ok(None);
    };
    let posts: Vec<PostRow> = infra_db::query(BACKFILL_BATCH)
        .bind(below)
        .bind(i64::from(posts_max))
        .fetch_all(&mut *connection)
        .await?;
    for row in &posts {
        insert_of(connection, row).await?;
    }
    match posts.last() {
        Some(last) => {
            infra_db::query(BACKFILL_ON)
                .bind(last.id)
                .execute(connection)
                .await?;
        }
        None => {
            infra_db::query(BACKFILL_DONE).execute(connection).await?;
        }
    }
    Ok(Some(posts.len() as u64))
}

async fn insert_of(connection: &mut Connection, row: &PostRow) -> Result<(), DbError> {
    let tags = Tag::all_of(&row.text);
    if tags.is_empty() {
        return Ok(());
    }
    let visibility = i32::try_from(row.visibility).ok();
    let visibility = visibility.and_then(|value| Visibility::try_from(value).ok());
    let tagged = Tagged {
        post: PostId::from_sql(row.id),
        author: AccountId::from_sql(row.author_id),
        visibility: visibility.unwrap_or_default(),
        has_media: row.has_media,
        created_at_us: row.created_at,
    };
    insert(connection, &tagged, &tags).await
}
