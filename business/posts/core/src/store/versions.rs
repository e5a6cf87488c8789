//! What posts said before they were changed.

use business_media_gateway::MediaId;
use business_posts_gateway::{EDITS_MAX, Post, PostId, PostVersion, VersionMedia};
use infra_db::{Connection, Database, DbError};
use serde_json::Value;

pub(super) const KEPT: &str = "SELECT count(*), CAST(COALESCE(SUM(bytes), 0) AS BIGINT) \
     FROM post_versions WHERE post_id = $1";
pub(super) const INSERT: &str = "INSERT INTO post_versions \
     (post_id, revision, text, sensitive, spoiler_text, media, bytes, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
pub(super) const LIST: &str = "SELECT text, sensitive, spoiler_text, media, created_at \
     FROM post_versions WHERE post_id = $1 AND revision < $3 ORDER BY revision LIMIT CAST($2 AS BIGINT)";
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

/// How often a post was changed, and how many bytes are kept of what it said before.
pub(crate) async fn kept(database: &Database, post: PostId) -> Result<(u64, u64), DbError> {
    let (versions, bytes): (i64, i64) = infra_db::query(KEPT)
        .bind(post.to_sql())
        .fetch_one(database.reader())
        .await?;
    Ok((versions.cast_unsigned(), bytes.cast_unsigned()))
}

/// How many bytes a version takes.
pub(crate) fn bytes(post: &Post, media: &[VersionMedia]) -> u64 {
    let texts = post.text.len() + post.spoiler_text.len();
    (texts + media_json(media).len()) as u64
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
        .bind(bytes(post, media).cast_signed())
        .bind(match post.edited_at_us {
            0 => post.created_at_us,
            edited_at_us => edited_at_us,
        })
        .execute(connection)
        .await
        .map(drop)
}

/// What a post said before each of its changes up to this revision, oldest first.
pub(crate) async fn list(
    database: &Database,
    post: PostId,
    before_revision: i64,
) -> Result<Vec<PostVersion>, DbError> {
    let rows: Vec<VersionRow> = infra_db::query(LIST)
        .bind(post.to_sql())
        .bind(i64::from(EDITS_MAX))
        .bind(before_revision)
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
