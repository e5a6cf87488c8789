//! What posts said before they were changed.

use business_media_gateway::MediaId;
use business_posts_gateway::{EDITS_MAX, Post, PostId, PostVersion, VersionMedia};
use infra_db::{Connection, Database, DbError};
use serde_json::Value;

pub(super) const COUNT: &str = "SELECT count(*) FROM post_versions WHERE post_id = $1";
pub(super) const INSERT: &str = "INSERT INTO post_versions \
     (post_id, revision, text, sensitive, spoiler_text, media, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)";
pub(super) const LIST: &str = "SELECT text, sensitive, spoiler_text, media, created_at \
     FROM post_versions WHERE post_id = $1 ORDER BY revision LIMIT CAST($2 AS BIGINT)";
pub(super) const DELETE: &str = "DELETE FROM post_versions WHERE post_id = $1";

#[derive(infra_db::Row)]
struct VersionRow {
    text: String,
    sensitive: bool,
    spoiler_text: String,
    media: String,
    created_at: i64,
}

impl From<VersionRow> for PostVersion {
    fn from(row: VersionRow) -> Self {
        Self {
            text: row.text,
            sensitive: row.sensitive,
            spoiler_text: row.spoiler_text,
            media: parse_media(&row.media),
            created_at_us: row.created_at,
        }
    }
}

/// How often a post was changed.
pub(crate) async fn count(connection: &mut Connection, post: PostId) -> Result<u64, DbError> {
    let count: i64 = infra_db::query_scalar(COUNT)
        .bind(post.to_sql())
        .fetch_one(connection)
        .await?;
    Ok(count.cast_unsigned())
}

/// Keeps what a post says and shows, before it is changed.
pub(crate) async fn insert(
    connection: &mut Connection,
    post: &Post,
    media: &[VersionMedia],
) -> Result<(), DbError> {
    infra_db::query(INSERT)
        .bind(post.post().to_sql())
        .bind(post.revision.cast_signed())
        .bind(&post.text)
        .bind(post.sensitive)
        .bind(&post.spoiler_text)
        .bind(media_json(media))
        .bind(match post.edited_at_us {
            0 => post.created_at_us,
            edited_at_us => edited_at_us,
        })
        .execute(connection)
        .await
        .map(drop)
}

/// What a post said before each of its changes, oldest first.
pub(crate) async fn list(database: &Database, post: PostId) -> Result<Vec<PostVersion>, DbError> {
    let rows: Vec<VersionRow> = infra_db::query(LIST)
        .bind(post.to_sql())
        .bind(i64::from(EDITS_MAX))
        .fetch_all(database.reader())
        .await?;
    Ok(rows.into_iter().map(PostVersion::from).collect())
}

/// Removes all of them.
pub(crate) async fn delete(connection: &mut Connection, post: PostId) -> Result<(), DbError> {
    infra_db::query(DELETE)
        .bind(post.to_sql())
        .execute(connection)
        .await
        .map(drop)
}

/// The id of each photo and its alt text, by turns.
fn media_json(media: &[VersionMedia]) -> String {
    let texts: Value = media
        .iter()
        .flat_map(|item| {
            let id = MediaId::new(item.media_id).to_sql().to_string();
            [id, item.description.clone()]
        })
        .collect();
    texts.to_string()
}

fn parse_media(json: &str) -> Vec<VersionMedia> {
    let texts: Vec<String> = serde_json::from_str(json).unwrap_or_default();
    let pairs = texts.chunks_exact(2);
    let item = |pair: &[String]| {
        let id = pair[0].parse().ok()?;
        Some(VersionMedia {
            media_id: MediaId::from_sql(id).get(),
            description: pair[1].clone(),
        })
    };
    pairs.filter_map(item).collect()
}
