//! The posts themselves.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use business_media_gateway::MediaId;
use business_posts_gateway::{Mention, Post, PostId, Tag};
use infra_db::{Connection, Database, DbError, json_ids};
use infra_kernel::{AccountId, Timestamp};

/// One row for each mention of a post; one without for a post without. Read as a whole, so that no
/// deletion comes between.
pub(crate) const GET: &str = "SELECT posts.id, author_id, revision, visibility, text, sensitive, spoiler_text, language, \
     media_ids, in_reply_to_id, in_reply_to_author_id, replies_count, reshares_count, application_id, created_at, \
     originals_shared, camera_shown, domain, uri, content_html, pinned_at, edited_at, \
     mentions.position AS mention_position, mentions.account_id AS mention_account_id, mentions.username AS mention_username \
     FROM json_each($1) AS wanted CROSS JOIN posts LEFT JOIN mentions ON mentions.post_id = posts.id \
     WHERE posts.id = wanted.value";

pub(super) const INSERT: &str = "INSERT INTO posts (id, author_id, revision, visibility, text, sensitive, spoiler_text, language, \
     media_ids, has_media, in_reply_to_id, in_reply_to_author_id, replies_count, application_id, created_at, \
     originals_shared, camera_shown) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";

#[derive(infra_db::Row)]
struct PostRow {
    id: i64,
    author_id: i64,
    revision: i64,
    visibility: i64,
    text: String,
    sensitive: bool,
    spoiler_text: String,
    language: String,
    media_ids: String,
    in_reply_to_id: Option<i64>,
    in_reply_to_author_id: Option<i64>,
    replies_count: i64,
    reshares_count: i64,
    application_id: i64,
    created_at: i64,
    originals_shared: bool,
    camera_shown: bool,
    domain: String,
    uri: String,
    content_html: String,
    pinned_at: Option<i64>,
    edited_at: Option<i64>,
    mention_position: Option<i64>,
    mention_account_id: Option<i64>,
    mention_username: Option<String>,
}

impl PostRow {
    fn mention(&mut self) -> Option<(i64, Mention)> {
        let mention = Mention {
            account_id: AccountId::from_sql(self.mention_account_id?).get(),
            username: self.mention_username.take()?,
        };
        Some((self.mention_position?, mention))
    }
}

impl From<PostRow> for Post {
    fn from(row: PostRow) -> Self {
        let post_id = |id: i64| PostId::from_sql(id).get();
        let account_id = |id: i64| AccountId::from_sql(id).get();
        Self {
            id: post_id(row.id),
            author_id: account_id(row.author_id),
            revision: row.revision.cast_unsigned(),
            visibility: i32::try_from(row.visibility).unwrap_or_default(),
            // From the text, as when it was written: the table of hashtags serves lists alone.
            tags: Tag::all_of(&row.text),
            text: row.text,
            sensitive: row.sensitive,
            spoiler_text: row.spoiler_text,
            language: row.language,
            media_ids: parse_ids(&row.media_ids),
            mentions: Vec::new(),
            in_reply_to_id: row.in_reply_to_id.map_or(0, post_id),
            in_reply_to_author_id: row.in_reply_to_author_id.map_or(0, account_id),
            created_at_us: row.created_at,
            replies_count: u64::try_from(row.replies_count).unwrap_or_default(),
            reshares_count: u64::try_from(row.reshares_count).unwrap_or_default(),
            application_id: row.application_id.cast_unsigned(),
            originals_shared: row.originals_shared,
            camera_shown: row.camera_shown,
            domain: row.domain,
            uri: row.uri,
            content_html: row.content_html,
            pinned_at_us: row.pinned_at.unwrap_or_default(),
            edited_at_us: row.edited_at.unwrap_or_default(),
            reshare_of_id: 0,
            reshare_of_author_id: 0,
        }
    }
}

/// The ids of a JSON array that [`json_ids`] wrote.
fn parse_ids(json: &str) -> Vec<u64> {
    json.trim_matches(['[', ']'])
        .split(',')
        .filter_map(|id| id.parse().ok())
        .collect()
}

pub(crate) fn media_json(media_ids: &[u64]) -> String {
    json_ids(media_ids.iter().map(|id| MediaId::new(*id).to_sql()))
}

/// Posts by id, in no particular order; ids that are not there are left out.
pub(crate) async fn get(database: &Database, ids: &[u64]) -> Result<Vec<Post>, DbError> {
    let mut wanted = ids.to_vec();
    wanted.sort_unstable();
    // An id that is named twice would bring its mentions twice.
    wanted.dedup();
    let rows: Vec<PostRow> = infra_db::query(GET)
        .bind(json_ids(
            wanted.into_iter().map(|id| PostId::new(id).to_sql()),
        ))
        .fetch_all(database.reader())
        .await?;
    let mut mentions: HashMap<u64, Vec<(i64, Mention)>> = HashMap::new();
    let mut posts: Vec<Post> = Vec::with_capacity(ids.len());
    for mut row in rows {
        let mention = row.mention();
        // The rows of a post need not follow one another.
        let written = mentions.entry(PostId::from_sql(row.id).get());
        if let Entry::Vacant(_) = written {
            posts.push(row.into());
        }
        written.or_default().extend(mention);
    }
    for post in &mut posts {
        let mut written = mentions.remove(&post.id).unwrap_or_default();
        written.sort_unstable_by_key(|(position, _)| *position);
        post.mentions = written.into_iter().map(|(_, mention)| mention).collect();
    }
    Ok(posts)
}

/// When the post was made that stands so many places behind an author's newest.
pub(crate) const CREATED_BEFORE: &str =
    "SELECT created_at FROM posts WHERE author_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2";

/// When an author made the post that has so many newer ones, if there are that many.
pub(crate) async fn created_before(
    connection: &mut Connection,
    author: AccountId,
    newer: u32,
) -> Result<Option<Timestamp>, DbError> {
    let at: Option<i64> = infra_db::query_scalar(CREATED_BEFORE)
        .bind(author.to_sql())
        .bind(i64::from(newer))
        .fetch_optional(connection)
        .await?;
    Ok(at.map(Timestamp::from_microseconds))
}

pub(super) const FIND: &str = "SELECT id FROM posts WHERE id = $1";

/// Whether a post is there, asked within a write.
pub(crate) async fn is_stored(connection: &mut Connection, post: PostId) -> Result<bool, DbError> {
    let found: Option<i64> = infra_db::query_scalar(FIND)
        .bind(post.to_sql())
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}

/// Writes a local post: of its columns those for remote ones stay empty.
pub(crate) async fn insert(connection: &mut Connection, post: &Post) -> Result<(), DbError> {
    infra_db::query(INSERT)
        .bind(post.post().to_sql())
        .bind(post.author().to_sql())
        .bind(post.revision.cast_signed())
        .bind(i64::from(post.visibility))
        .bind(&post.text)
        .bind(post.sensitive)
        .bind(&post.spoiler_text)
        .bind(&post.language)
        .bind(media_json(&post.media_ids))
        .bind(!post.media_ids.is_empty())
        .bind(post.in_reply_to().map(PostId::to_sql))
        .bind(post.in_reply_to_author().map(AccountId::to_sql))
        .bind(post.replies_count.cast_signed())
        .bind(post.application_id.cast_signed())
        .bind(post.created_at_us)
        .bind(post.originals_shared)
        .bind(post.camera_shown)
        .execute(connection)
        .await
        .map(drop)
}

pub(super) const MEDIA_OF: &str = "SELECT media_ids FROM posts WHERE id = $1";

/// The photos that a post shows, in the order of the album; none when it is not there.
pub(crate) async fn media_of(
    database: &Database,
    post: PostId,
) -> Result<Option<Vec<u64>>, DbError> {
    let ids: Option<String> = infra_db::query_scalar(MEDIA_OF)
        .bind(post.to_sql())
        .fetch_optional(database.reader())
        .await?;
    Ok(ids.map(|ids| parse_ids(&ids)))
}

pub(super) const EDIT: &str = "UPDATE posts SET revision = $3, text = $4, sensitive = $5, \
     spoiler_text = $6, language = $7, media_ids = $8, has_media = $9, edited_at = $10 \
     WHERE id = $1 AND revision = $2 RETURNING replies_count, reshares_count, pinned_at";

/// Writes what an edited post says and shows in the place of this revision. Returns the post with
/// all that moves meanwhile; none when that revision is not there any more.
pub(crate) async fn edit(
    connection: &mut Connection,
    edited: Post,
    known_revision: u64,
) -> Result<Option<Post>, DbError> {
    let moving: Option<(i64, i64, Option<i64>)> = infra_db::query(EDIT)
        .bind(edited.post().to_sql())
        .bind(known_revision.cast_signed())
        .bind(edited.revision.cast_signed())
        .bind(&edited.text)
        .bind(edited.sensitive)
        .bind(&edited.spoiler_text)
        .bind(&edited.language)
        .bind(media_json(&edited.media_ids))
        .bind(!edited.media_ids.is_empty())
        .bind(edited.edited_at_us)
        .fetch_optional(connection)
        .await?;
    Ok(moving.map(|(replies, reshares, pinned_at)| Post {
        replies_count: replies.cast_unsigned(),
        reshares_count: reshares.cast_unsigned(),
        pinned_at_us: pinned_at.unwrap_or_default(),
        ..edited
    }))
}

pub(super) const COUNT_REPLY: &str =
    "UPDATE posts SET replies_count = replies_count + $2 WHERE id = $1";

/// Changes how many open posts reply to this one. That is no change of the post: its revision
/// stays. Returns whether the post is there.
pub(crate) async fn count_reply(
    connection: &mut Connection,
    post: PostId,
    change: i64,
) -> Result<bool, DbError> {
    let updated = infra_db::query(COUNT_REPLY)
        .bind(post.to_sql())
        .bind(change)
        .execute(connection)
        .await?;
    Ok(updated == 1)
}

pub(super) const COUNT_RESHARE: &str =
    "UPDATE posts SET reshares_count = reshares_count + $2 WHERE id = $1";

/// Changes how many open reshares this post has, which is no change of it either. Returns whether
/// the post is there.
pub(crate) async fn count_reshare(
    connection: &mut Connection,
    post: PostId,
    change: i64,
) -> Result<bool, DbError> {
    let updated = infra_db::query(COUNT_RESHARE)
        .bind(post.to_sql())
        .bind(change)
        .execute(connection)
        .await?;
    Ok(updated == 1)
}

pub(super) const DELETE: &str = "DELETE FROM posts WHERE id = $1 AND author_id = $2 \
     RETURNING revision, replies_count, reshares_count";

/// What of a post moves.
pub(crate) struct Moving {
    pub(crate) revision: u64,
    pub(crate) replies_count: u64,
    pub(crate) reshares_count: u64,
}

/// Removes an author's post and returns what moves of it as it was, if it was there.
pub(crate) async fn delete(
    connection: &mut Connection,
    post: PostId,
    author: AccountId,
) -> Result<Option<Moving>, DbError> {
    let numbers: Option<(i64, i64, i64)> = infra_db::query(DELETE)
        .bind(post.to_sql())
        .bind(author.to_sql())
        .fetch_optional(connection)
        .await?;
    Ok(numbers.map(|(revision, replies, reshares)| Moving {
        revision: revision.cast_unsigned(),
        replies_count: replies.cast_unsigned(),
        reshares_count: reshares.cast_unsigned(),
    }))
}
