//! The hashtags of public posts, with all that their lists and counts look at.

use business_posts_gateway::{Post, PostId, Tag, Visibility};
use infra_db::{Connection, Database, DbError};
use infra_kernel::AccountId;
use serde_json::Value;

use crate::recent::{Entry, RECENT_MAX, Recent};

/// The most posts of a hashtag that are looked at for how it is used.
const USES_MAX: i64 = 2_000;
/// The most names that a search looks at.
const CANDIDATES_MAX: i64 = 200;
/// Above every character of a name.
const LAST_CHARACTER: char = char::MAX;

// `WHERE TRUE`, without which SQLite takes ON for a condition of a join.
pub(crate) const INSERT: &str = "INSERT INTO public_hashtags (name, post_id, author_id, has_media, created_at) \
     SELECT value, $1, $2, $3, $4 FROM json_each($5, '$') WHERE TRUE ON CONFLICT DO NOTHING";
pub(crate) const DELETE: &str = "DELETE FROM public_hashtags \
     WHERE post_id = $1 AND name IN (SELECT value FROM json_each($2, '$'))";

// Each name is one step down the index, however many posts have it.
pub(crate) const BEGINNING_WITH: &str = "WITH RECURSIVE walk (name, step) AS ( \
     SELECT (SELECT name FROM public_hashtags WHERE name >= $1 AND name < $2 ORDER BY name LIMIT 1), 1 \
     UNION ALL \
     SELECT (SELECT name FROM public_hashtags WHERE name > walk.name AND name < $2 ORDER BY name LIMIT 1), step + 1 \
     FROM walk WHERE name IS NOT NULL AND step < CAST($3 AS BIGINT)) \
     SELECT name, (SELECT post_id FROM public_hashtags WHERE public_hashtags.name = walk.name \
     ORDER BY post_id DESC LIMIT 1) FROM walk WHERE name IS NOT NULL";

pub(crate) const RECENT: &str = "SELECT post_id, has_media FROM public_hashtags \
     WHERE name = $1 ORDER BY post_id DESC LIMIT CAST($2 AS BIGINT)";

pub(crate) const USES: &str = "SELECT created_at, author_id FROM public_hashtags \
     WHERE name = $1 ORDER BY post_id DESC LIMIT CAST($2 AS BIGINT)";

/// What the rows of a post have in common.
pub(crate) struct Tagged {
    pub(crate) post: PostId,
    pub(crate) author: AccountId,
    pub(crate) visibility: Visibility,
    pub(crate) has_media: bool,
    pub(crate) created_at_us: i64,
}

/// A public post with a hashtag.
pub(crate) struct Use {
    pub(crate) created_at_us: i64,
    pub(crate) author_id: u64,
}

impl Tagged {
    pub(crate) fn of(post: &Post) -> Self {
        Self {
            post: post.post(),
            author: post.author(),
            visibility: post.visibility(),
            has_media: !post.media_ids.is_empty(),
            created_at_us: post.created_at_us,
        }
    }
}

/// Writes the hashtags of a public post; those that are there already stay.
pub(super) async fn insert(
    connection: &mut Connection,
    tagged: &Tagged,
    tags: &[Tag],
) -> Result<(), DbError> {
    infra_db::query(INSERT)
        .bind(tagged.post.to_sql())
        .bind(tagged.author.to_sql())
        .bind(tagged.has_media)
        .bind(tagged.created_at_us)
        .bind(names(tags))
        .execute(connection)
        .await
        .map(drop)
}

/// Removes those of a post.
pub(super) async fn delete(connection: &mut Connection, post: &Post) -> Result<(), DbError> {
    infra_db::query(DELETE)
        .bind(post.post().to_sql())
        .bind(names(&post.tags))
        .execute(connection)
        .await
        .map(drop)
}

/// The names as a JSON list.
pub(super) fn names(tags: &[Tag]) -> String {
    let names: Value = tags.iter().map(|tag| tag.name.as_str()).collect();
    names.to_string()
}

/// The newest public posts with a hashtag, for its lists. From the primary: they are cached.
pub(crate) async fn recent(database: &Database, name: &str) -> Result<Recent, DbError> {
    let rows: Vec<(i64, bool)> = infra_db::query(RECENT)
        .bind(name)
        .bind(RECENT_MAX as i64)
        .fetch_all(database.reader())
        .await?;
    let entry = |(post, has_media): (i64, bool)| Entry {
        id: PostId::from_sql(post).get(),
        visibility: Visibility::Public as u8,
        has_media,
        // Lists of a hashtag have replies among the others.
        is_reply: false,
        is_reshare: false,
    };
    Ok(Recent::new(rows.into_iter().map(entry).collect()))
}

/// When the newest public posts with a hashtag were made, and by whom.
pub(crate) async fn uses(database: &Database, name: &str) -> Result<Vec<Use>, DbError> {
    let rows: Vec<(i64, i64)> = infra_db::query(USES)
        .bind(name)
        .bind(USES_MAX)
        .fetch_all(&database.reader_at(database.position()))
        .await?;
    let made = |(created_at_us, author): (i64, i64)| Use {
        created_at_us,
        author_id: AccountId::from_sql(author).get(),
    };
    Ok(rows.into_iter().map(made).collect())
}

/// The hashtags of public posts whose names begin so, each with the newest post that has it.
pub(crate) async fn beginning_with(
    database: &Database,
    beginning: &str,
) -> Result<Vec<(String, PostId)>, DbError> {
    let rows: Vec<(String, i64)> = infra_db::query(BEGINNING_WITH)
        .bind(beginning)
        .bind(format!("{beginning}{LAST_CHARACTER}"))
        .bind(CANDIDATES_MAX)
        .fetch_all(&database.reader_at(database.position()))
        .await?;
    let found = |(name, latest): (String, i64)| (name, PostId::from_sql(latest));
    Ok(rows.into_iter().map(found).collect())
}
