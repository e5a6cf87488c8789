//! Whom posts mention.

use business_posts_gateway::{Mention, Post, PostId};
use infra_db::{Connection, DbError, json_ids};
use serde_json::Value;

pub(super) const INSERT: &str = "INSERT INTO mentions (post_id, position, account_id, username) \
     SELECT $1, key / 2, CAST(MAX(CASE WHEN key % 2 = 0 THEN value END) AS BIGINT), \
     MAX(CASE WHEN key % 2 = 1 THEN value END) FROM json_each($2, '$') GROUP BY key / 2";

pub(crate) async fn insert(
    connection: &mut Connection,
    post: PostId,
    mentions: &[Mention],
) -> Result<(), DbError> {
    // An account and its name, by turns.
    let texts: Value = mentions
        .iter()
        .flat_map(|mention| {
            [
                mention.account().to_sql().to_string(),
                mention.username.clone(),
            ]
        })
        .collect();
    infra_db::query(INSERT)
        .bind(post.to_sql())
        .bind(texts.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) const INSERT_HIDDEN: &str = "INSERT INTO hidden_mentions (account_id, author_id, post_id) \
     SELECT value, $1, $2 FROM json_each($3) WHERE true ON CONFLICT DO NOTHING";

/// Notes whom a post mentions that not everyone may see.
pub(crate) async fn insert_hidden(connection: &mut Connection, post: &Post) -> Result<(), DbError> {
    // `WHERE true` is for SQLite, which would take ON for a join's.
    infra_db::query(INSERT_HIDDEN)
        .bind(post.author().to_sql())
        .bind(post.post().to_sql())
        .bind(accounts_json(post))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) const DELETE: &str = "DELETE FROM mentions WHERE post_id = $1";
pub(super) const DELETE_HIDDEN: &str = "DELETE FROM hidden_mentions WHERE author_id = $1 AND post_id = $2 \
     AND account_id IN (SELECT value FROM json_each($3))";

pub(crate) async fn delete(connection: &mut Connection, post: &Post) -> Result<(), DbError> {
    infra_db::query(DELETE)
        .bind(post.post().to_sql())
        .execute(&mut *connection)
        .await?;
    infra_db::query(DELETE_HIDDEN)
        .bind(post.author().to_sql())
        .bind(post.post().to_sql())
        .bind(accounts_json(post))
        .execute(connection)
        .await?;
    Ok(())
}

fn accounts_json(post: &Post) -> String {
    let mentions = post.mentions.iter();
    json_ids(mentions.map(|mention| mention.account().to_sql()))
}
