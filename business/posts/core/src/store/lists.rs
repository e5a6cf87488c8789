//! Lists of ids, each a range of one index. What is not cached may come from a replica that has
//! every write: who looks at the posts themselves asks for their heads, which are exact.

use std::cmp::Reverse;

use business_posts_gateway::PostId;
use infra_db::{Database, DbError};
use infra_kernel::{AccountId, Page};

use crate::recent::{Entry, Filter, RECENT_MAX, Recent, merge};

/// The two ways to walk one list.
pub(crate) struct PageStatements {
    pub(crate) older: &'static str,
    pub(crate) newer: &'static str,
}

impl PageStatements {
    pub(super) fn of(&self, page: &Page) -> &'static str {
        page.either(self.older, self.newer)
    }
}

macro_rules! page {
    ($($condition:literal)*) => {
        PageStatements {
            older: concat!("SELECT id FROM posts WHERE id < $1 AND id > $2", $(" AND ", $condition,)* " ORDER BY id DESC LIMIT CAST($3 AS BIGINT)"),
            newer: concat!("SELECT id FROM posts WHERE id < $1 AND id > $2", $(" AND ", $condition,)* " ORDER BY id ASC LIMIT CAST($3 AS BIGINT)"),
        }
    };
}

// PostgreSQL shifts a BIGINT by an INTEGER only.
pub(crate) const OF_AUTHOR: PageStatements =
    page!("author_id = $4" "(CAST(1 AS BIGINT) << CAST(visibility AS INTEGER)) & $5 <> 0");
pub(crate) const OF_AUTHOR_TOP_LEVEL: PageStatements = page!("author_id = $4" "(CAST(1 AS BIGINT) << CAST(visibility AS INTEGER)) & $5 <> 0" "in_reply_to_id IS NULL");
pub(crate) const OF_AUTHOR_WITH_MEDIA: PageStatements = page!("author_id = $4" "(CAST(1 AS BIGINT) << CAST(visibility AS INTEGER)) & $5 <> 0" "has_media = TRUE");
pub(crate) const OF_AUTHOR_TOP_LEVEL_WITH_MEDIA: PageStatements = page!("author_id = $4" "(CAST(1 AS BIGINT) << CAST(visibility AS INTEGER)) & $5 <> 0" "has_media = TRUE" "in_reply_to_id IS NULL");
pub(crate) const PUBLIC: PageStatements =
    page!("visibility = 1" "domain = ''" "in_reply_to_id IS NULL");
pub(crate) const PUBLIC_WITH_MEDIA: PageStatements =
    page!("visibility = 1" "domain = ''" "in_reply_to_id IS NULL" "has_media = TRUE");
// In one statement, and so of one moment: a caller that pages on from the newest id misses none.
pub(crate) const RECENT: &str = "SELECT id, visibility, has_media, is_reply, FALSE FROM \
     (SELECT id, visibility, has_media, in_reply_to_id IS NOT NULL AS is_reply FROM posts \
     WHERE author_id = $1 ORDER BY id DESC LIMIT CAST($2 AS BIGINT)) AS own \
     UNION ALL SELECT id, visibility, FALSE, FALSE, TRUE FROM (SELECT id, visibility FROM reshares \
     WHERE author_id = $1 ORDER BY id DESC LIMIT CAST($2 AS BIGINT)) AS shown_again";

macro_rules! with_reshares {
    ($order:literal $(, $condition:literal)?) => {
        concat!(
            "SELECT id FROM (SELECT id FROM posts WHERE id < $1 AND id > $2 AND author_id = $4 \
             AND (CAST(1 AS BIGINT) << CAST(visibility AS INTEGER)) & $5 <> 0", $(" AND ", $condition,)?
            " ORDER BY id ", $order, " LIMIT CAST($3 AS BIGINT)) AS own UNION ALL SELECT id FROM \
             (SELECT id FROM reshares WHERE id < $1 AND id > $2 AND author_id = $4 \
             AND (CAST(1 AS BIGINT) << CAST(visibility AS INTEGER)) & $5 <> 0 ORDER BY id ",
            $order, " LIMIT CAST($3 AS BIGINT)) AS shown_again"
        )
    };
}

pub(crate) const OF_AUTHOR_WITH_RESHARES: PageStatements = PageStatements {
    older: with_reshares!("DESC"),
    newer: with_reshares!("ASC"),
};
pub(crate) const OF_AUTHOR_TOP_LEVEL_WITH_RESHARES: PageStatements = PageStatements {
    older: with_reshares!("DESC", "in_reply_to_id IS NULL"),
    newer: with_reshares!("ASC", "in_reply_to_id IS NULL"),
};

// `CROSS JOIN` keeps SQLite from turning the join round: the index of the tag is in the order of
// the page, and begun from the posts it would be a walk over all of them.
macro_rules! with_tag {
    ($order:literal) => {
        concat!(
            "SELECT posts.id FROM hashtags CROSS JOIN posts WHERE posts.id = hashtags.post_id \
             AND hashtags.post_id < $1 AND hashtags.post_id > $2 AND hashtags.author_id = $4 AND hashtags.name = $6 \
             AND (CAST(1 AS BIGINT) << CAST(posts.visibility AS INTEGER)) & $5 <> 0 AND (posts.has_media = TRUE OR NOT $7) \
             AND (posts.in_reply_to_id IS NULL OR NOT $8) ORDER BY hashtags.post_id ",
            $order,
            " LIMIT CAST($3 AS BIGINT)"
        )
    };
}

pub(crate) const WITH_TAG: PageStatements = PageStatements {
    older: with_tag!("DESC"),
    newer: with_tag!("ASC"),
};

macro_rules! of_tag {
    ($condition:literal) => {
        PageStatements {
            older: concat!("SELECT post_id FROM public_hashtags WHERE name = $4 AND post_id < $1 AND post_id > $2", $condition, " ORDER BY post_id DESC LIMIT CAST($3 AS BIGINT)"),
            newer: concat!("SELECT post_id FROM public_hashtags WHERE name = $4 AND post_id < $1 AND post_id > $2", $condition, " ORDER BY post_id ASC LIMIT CAST($3 AS BIGINT)"),
        }
    };
}

pub(crate) const OF_TAG: PageStatements = of_tag!("");
pub(crate) const OF_TAG_WITH_MEDIA: PageStatements = of_tag!(" AND has_media = TRUE");

macro_rules! mentioning {
    ($order:literal) => {
        concat!(
            "SELECT posts.id FROM hidden_mentions CROSS JOIN posts WHERE posts.id = hidden_mentions.post_id \
             AND hidden_mentions.post_id < $1 AND hidden_mentions.post_id > $2 AND hidden_mentions.author_id = $4 \
             AND hidden_mentions.account_id = $6 AND (CAST(1 AS BIGINT) << CAST(posts.visibility AS INTEGER)) & $5 <> 0 \
             AND (posts.has_media = TRUE OR NOT $7) AND (posts.in_reply_to_id IS NULL OR NOT $8) \
             AND (CAST($9 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM hashtags WHERE name = $9 AND hashtags.post_id = posts.id)) \
             ORDER BY hidden_mentions.post_id ",
            $order,
            " LIMIT CAST($3 AS BIGINT)"
        )
    };
}

pub(crate) const MENTIONING: PageStatements = PageStatements {
    older: mentioning!("DESC"),
    newer: mentioning!("ASC"),
};

/// An author's posts and reshares, newest first.
pub(crate) async fn of_author(
    database: &Database,
    author: AccountId,
    page: &Page,
    filter: &Filter,
) -> Result<Vec<u64>, DbError> {
    let statements = match (filter.only_media, filter.exclude_replies) {
        (false, false) if filter.takes_reshares() => OF_AUTHOR_WITH_RESHARES,
        (false, true) if filter.takes_reshares() => OF_AUTHOR_TOP_LEVEL_WITH_RESHARES,
        (false, false) => OF_AUTHOR,
        (false, true) => OF_AUTHOR_TOP_LEVEL,
        (true, false) => OF_AUTHOR_WITH_MEDIA,
        (true, true) => OF_AUTHOR_TOP_LEVEL_WITH_MEDIA,
    };
    let owner = author.to_sql();
    let ids = list(database, &statements, page, owner, filter.visibilities).await?;
    // Of posts and reshares a page each.
    Ok(merge(vec![ids], page))
}

/// An author's posts with a hashtag, newest first.
pub(crate) async fn with_tag(
    database: &Database,
    author: AccountId,
    name: &str,
    page: &Page,
    filter: &Filter,
) -> Result<Vec<u64>, DbError> {
    let ids: Vec<i64> = infra_db::query_scalar(WITH_TAG.of(page))
        .bind(page.before_sql())
        .bind(page.after_sql())
        .bind(i64::from(page.limit))
        .bind(author.to_sql())
        .bind(filter.visibilities)
        .bind(name)
        .bind(filter.only_media)
        .bind(filter.exclude_replies)
        .fetch_all(&database.reader_at(database.position()))
        .await?;
    Ok(newest_first(ids, page))
}

/// The public posts with a hashtag, newest first.
pub(crate) async fn of_tag(
    database: &Database,
    name: &str,
    page: &Page,
    only_media: bool,
) -> Result<Vec<u64>, DbError> {
    let statements = if only_media {
        OF_TAG_WITH_MEDIA
    } else {
        OF_TAG
    };
    let ids: Vec<i64> = infra_db::query_scalar(statements.of(page))
        .bind(page.before_sql())
        .bind(page.after_sql())
        .bind(i64::from(page.limit))
        .bind(name)
        .fetch_all(&database.reader_at(database.position()))
        .await?;
    Ok(newest_first(ids, page))
}

/// An author's posts that not everyone may see and that mention an account, newest first; with a
/// hashtag, if one is given.
pub(crate) async fn mentioning(
    database: &Database,
    author: AccountId,
    mentioned: AccountId,
    tag: Option<&str>,
    page: &Page,
    filter: &Filter,
) -> Result<Vec<u64>, DbError> {
    let ids: Vec<i64> = infra_db::query_scalar(MENTIONING.of(page))
        .bind(page.before_sql())
        .bind(page.after_sql())
        .bind(i64::from(page.limit))
        .bind(author.to_sql())
        .bind(filter.visibilities)
        .bind(mentioned.to_sql())
        .bind(filter.only_media)
        .bind(filter.exclude_replies)
        .bind(tag)
        .fetch_all(&database.reader_at(database.position()))
        .await?;
    Ok(newest_first(ids, page))
}

/// Public posts of this server that reply to nothing, newest first.
pub(crate) async fn public(
    database: &Database,
    page: &Page,
    only_media: bool,
) -> Result<Vec<u64>, DbError> {
    let statements = if only_media {
        PUBLIC_WITH_MEDIA
    } else {
        PUBLIC
    };
    // Neither an owner nor visibilities are in these statements.
    list(database, &statements, page, 0, 0).await
}

/// A page of a list of an author, or of another owner.
pub(super) async fn list(
    database: &Database,
    statements: &PageStatements,
    page: &Page,
    owner: i64,
    visibilities: i64,
) -> Result<Vec<u64>, DbError> {
    let ids: Vec<i64> = infra_db::query_scalar(statements.of(page))
        .bind(page.before_sql())
        .bind(page.after_sql())
        .bind(i64::from(page.limit))
        .bind(owner)
        .bind(visibilities)
        .fetch_all(&database.reader_at(database.position()))
        .await?;
    Ok(newest_first(ids, page))
}

fn newest_first(ids: Vec<i64>, page: &Page) -> Vec<u64> {
    page.newest_first(ids.into_iter().map(|id| PostId::from_sql(id).get()))
}

/// An author's newest posts and reshares. From the primary: they are cached.
pub(crate) async fn recent(database: &Database, author: AccountId) -> Result<Recent, DbError> {
    let rows: Vec<(i64, i64, bool, bool, bool)> = infra_db::query(RECENT)
        .bind(author.to_sql())
        .bind(RECENT_MAX as i64)
        .fetch_all(database.reader())
        .await?;
    let mut entries: Vec<Entry> = rows.into_iter().map(entry).collect();
    // Of both together no more than of one are known to be the newest.
    entries.sort_by_key(|entry| Reverse(entry.id));
    entries.truncate(RECENT_MAX);
    Ok(Recent::new(entries))
}

fn entry((id, visibility, has_media, is_reply, is_reshare): (i64, i64, bool, bool, bool)) -> Entry {
    Entry {
        id: PostId::from_sql(id).get(),
        visibility: u8::try_from(visibility).unwrap_or_default(),
        has_media,
        is_reply,
        is_reshare,
    }
}
