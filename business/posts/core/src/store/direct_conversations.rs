//! Conversations in direct posts, for each of those who wrote one or are mentioned.

use std::collections::BTreeSet;

use business_posts_gateway::{DirectConversation, Mention, Post, PostId};
use infra_db::{Connection, Database, DbError, json_ids};
use infra_kernel::{AccountId, Page};

/// How many posts of a conversation are returned with it.
const RECENT_MAX: u32 = 10;
/// The most rows that one transaction removes: few enough that other writes do not wait for it.
const BATCH_MAX: u32 = 500;

pub(super) const ROOT: &str =
    "SELECT root_id FROM direct_conversation_posts WHERE post_id = $1 LIMIT 1";
// `WHERE TRUE`, without which SQLite takes ON for a condition of a join.
pub(super) const ADD: &str = "INSERT INTO direct_conversation_posts (account_id, root_id, post_id) \
     SELECT value, $1, $2 FROM json_each($3) WHERE TRUE ON CONFLICT DO NOTHING";
pub(super) const ADVANCE: &str = "INSERT INTO direct_conversations (account_id, root_id, last_post_id, unread) \
     SELECT value, $1, $2, value <> $3 FROM json_each($4) WHERE TRUE \
     ON CONFLICT (account_id, root_id) DO UPDATE \
     SET last_post_id = excluded.last_post_id, unread = excluded.unread \
     WHERE direct_conversations.last_post_id < excluded.last_post_id";
pub(super) const REMOVE_POST: &str =
    "DELETE FROM direct_conversation_posts WHERE post_id = $1 RETURNING account_id, root_id";
pub(super) const REMOVE_POST_OF_SOME: &str = "DELETE FROM direct_conversation_posts \
     WHERE post_id = $1 AND account_id IN (SELECT value FROM json_each($2)) \
     RETURNING account_id, root_id";
// 0 is no post: what is left with none is removed below.
pub(super) const FALL_BACK: &str = "UPDATE direct_conversations SET last_post_id = COALESCE((SELECT post_id \
     FROM direct_conversation_posts AS others WHERE others.account_id = direct_conversations.account_id \
     AND others.root_id = $1 ORDER BY post_id DESC LIMIT 1), 0) \
     WHERE root_id = $1 AND last_post_id = $2 AND account_id IN (SELECT value FROM json_each($3))";
pub(super) const REMOVE_EMPTY: &str = "DELETE FROM direct_conversations \
     WHERE root_id = $1 AND last_post_id = 0 AND account_id IN (SELECT value FROM json_each($2))";
pub(super) const GET: &str = "SELECT root_id, account_id, last_post_id, unread \
     FROM direct_conversations WHERE account_id = $1 AND root_id = $2";
pub(super) const RECENT: &str = "SELECT post_id FROM direct_conversation_posts \
     WHERE account_id = $1 AND root_id = $2 ORDER BY post_id DESC LIMIT CAST($3 AS BIGINT)";
pub(super) const MARK: &str =
    "UPDATE direct_conversations SET unread = $3 WHERE account_id = $1 AND root_id = $2";
pub(super) const REMOVE_SOME_POSTS: &str = "DELETE FROM direct_conversation_posts \
     WHERE account_id = $1 AND root_id = $2 AND post_id IN (SELECT post_id \
     FROM direct_conversation_posts WHERE account_id = $1 AND root_id = $2 AND post_id <= $3 \
     LIMIT CAST($4 AS BIGINT))";
pub(super) const REMOVE: &str = "DELETE FROM direct_conversations \
     WHERE account_id = $1 AND root_id = $2 AND last_post_id <= $3";

macro_rules! page {
    ($order:literal) => {
        concat!(
            "SELECT root_id, account_id, last_post_id, unread FROM direct_conversations \
             WHERE account_id = $1 AND last_post_id < $2 AND last_post_id > $3 \
             ORDER BY last_post_id ",
            $order,
            " LIMIT CAST($4 AS BIGINT)"
        )
    };
}

pub(super) const OLDER: &str = page!("DESC");
pub(super) const NEWER: &str = page!("ASC");

#[derive(infra_db::Row)]
struct ConversationRow {
    root_id: i64,
    account_id: i64,
    last_post_id: i64,
    unread: bool,
}

impl From<ConversationRow> for DirectConversation {
    fn from(row: ConversationRow) -> Self {
        Self {
            id: PostId::from_sql(row.root_id).get(),
            account_id: AccountId::from_sql(row.account_id).get(),
            last_post_id: PostId::from_sql(row.last_post_id).get(),
            unread: row.unread,
            recent_post_ids: Vec::new(),
        }
    }
}

/// Puts a direct post into the conversation that it continues, or begins, for its author and those
/// whom it mentions.
pub(crate) async fn add(connection: &mut Connection, post: &Post) -> Result<(), DbError> {
    let mentioned = post.mentions.iter().map(Mention::account);
    let accounts: Vec<AccountId> = mentioned.chain([post.author()]).collect();
    let root = continued_by(connection, post).await?;
    add_for(connection, post, root, &accounts).await
}

/// Brings those into a post's conversation whom it mentions since, and takes it from those whom it
/// mentions no more. Nothing changes for the others.
pub(crate) async fn change(
    connection: &mut Connection,
    post: &Post,
    added: &[AccountId],
    removed: &[AccountId],
) -> Result<(), DbError> {
    let root = match root_of(connection, post.post()).await? {
        Some(root) => root,
        // Nobody has it in a list any more.
        None => continued_by(connection, post).await?,
    };
    // The author's it stays.
    let removed = removed.iter().filter(|account| **account != post.author());
    let rows: Vec<(i64, i64)> = infra_db::query(REMOVE_POST_OF_SOME)
        .bind(post.post().to_sql())
        .bind(json_ids(removed.map(|account| account.to_sql())))
        .fetch_all(&mut *connection)
        .await?;
    fall_back(connection, post.post(), &rows).await?;
    add_for(connection, post, root, added).await
}

/// What the conversation began with that a post continues, or begins.
async fn continued_by(connection: &mut Connection, post: &Post) -> Result<i64, DbError> {
    let root = match post.in_reply_to() {
        Some(parent) => root_of(connection, parent).await?,
        None => None,
    };
    Ok(root.unwrap_or_else(|| post.post().to_sql()))
}

async fn root_of(connection: &mut Connection, post: PostId) -> Result<Option<i64>, DbError> {
    infra_db::query_scalar(ROOT)
        .bind(post.to_sql())
        .fetch_optional(connection)
        .await
}

async fn add_for(
    connection: &mut Connection,
    post: &Post,
    root: i64,
    accounts: &[AccountId],
) -> Result<(), DbError> {
    // Each once: a row that is changed twice is an error to PostgreSQL.
    let accounts: BTreeSet<i64> = accounts.iter().map(|account| account.to_sql()).collect();
    let accounts = json_ids(accounts);
    infra_db::query(ADD)
        .bind(root)
        .bind(post.post().to_sql())
        .bind(&accounts)
        .execute(&mut *connection)
        .await?;
    infra_db::query(ADVANCE)
        .bind(root)
        .bind(post.post().to_sql())
        .bind(post.author().to_sql())
        .bind(&accounts)
        .execute(connection)
        .await
        .map(drop)
}

/// Takes a post out of its conversation, which ends for those who have no other post of it.
pub(crate) async fn remove_post(connection: &mut Connection, post: PostId) -> Result<(), DbError> {
    let rows: Vec<(i64, i64)> = infra_db::query(REMOVE_POST)
        .bind(post.to_sql())
        .fetch_all(&mut *connection)
        .await?;
    fall_back(connection, post, &rows).await
}

/// Accounts and what their conversation began with, from which this post was taken.
async fn fall_back(
    connection: &mut Connection,
    post: PostId,
    rows: &[(i64, i64)],
) -> Result<(), DbError> {
    // A post is of one conversation.
    let Some((_, root)) = rows.first().copied() else {
        return Ok(());
    };
    let accounts = json_ids(rows.iter().map(|(account, _)| *account));
    infra_db::query(FALL_BACK)
        .bind(root)
        .bind(post.to_sql())
        .bind(&accounts)
        .execute(&mut *connection)
        .await?;
    infra_db::query(REMOVE_EMPTY)
        .bind(root)
        .bind(&accounts)
        .execute(connection)
        .await
        .map(drop)
}

/// A page of an account's conversations, by their last posts.
pub(crate) async fn list(
    database: &Database,
    account: AccountId,
    page: &Page,
) -> Result<Vec<DirectConversation>, DbError> {
    let rows: Vec<ConversationRow> = infra_db::query(page.either(OLDER, NEWER))
        .bind(account.to_sql())
        .bind(page.before_sql())
        .bind(page.after_sql())
        .bind(i64::from(page.limit))
        .fetch_all(database.reader())
        .await?;
    Ok(page.newest_first(rows.into_iter().map(DirectConversation::from)))
}

/// One of an account's conversations, with its latest posts.
pub(crate) async fn get(
    database: &Database,
    account: AccountId,
    root: PostId,
) -> Result<Option<DirectConversation>, DbError> {
    let row: Option<ConversationRow> = infra_db::query(GET)
        .bind(account.to_sql())
        .bind(root.to_sql())
        .fetch_optional(database.reader())
        .await?;
    let Some(row) = row else { return Ok(None) };
    let recent: Vec<i64> = infra_db::query_scalar(RECENT)
        .bind(account.to_sql())
        .bind(root.to_sql())
        .bind(i64::from(RECENT_MAX))
        .fetch_all(database.reader())
        .await?;
    let id = |post| PostId::from_sql(post).get();
    Ok(Some(DirectConversation {
        recent_post_ids: recent.into_iter().map(id).collect(),
        ..row.into()
    }))
}

/// Notes whether an account has read a conversation. Returns whether it is there.
pub(crate) async fn mark(
    connection: &mut Connection,
    account: AccountId,
    root: PostId,
    unread: bool,
) -> Result<bool, DbError> {
    let updated = infra_db::query(MARK)
        .bind(account.to_sql())
        .bind(root.to_sql())
        .bind(unread)
        .execute(connection)
        .await?;
    Ok(updated == 1)
}

/// Removes some of a conversation's posts up to this one from an account's list, and with the last
/// of them the conversation, unless there is a newer one. Returns whether that was all.
pub(crate) async fn remove_some(
    connection: &mut Connection,
    account: AccountId,
    root: PostId,
    last: PostId,
) -> Result<bool, DbError> {
    let removed = infra_db::query(REMOVE_SOME_POSTS)
        .bind(account.to_sql())
        .bind(root.to_sql())
        .bind(last.to_sql())
        .bind(i64::from(BATCH_MAX))
        .execute(&mut *connection)
        .await?;
    if removed == u64::from(BATCH_MAX) {
        return Ok(false);
    }
    infra_db::query(REMOVE)
        .bind(account.to_sql())
        .bind(root.to_sql())
        .bind(last.to_sql())
        .execute(connection)
        .await?;
    Ok(true)
}
