//! Whom posts mention.

use business_posts_gateway::Mention;
use infra_db::{Connection, DbError};
use infra_kernel::PostId;
use serde_json::{Value, json};

pub(crate) async fn insert(
    connection: &mut Connection,
    post: PostId,
    mentions: &[Mention],
) -> Result<(), DbError> {
    let row = |mention: &Mention| json!([mention.account().to_sql(), mention.username]);
    let rows: Value = mentions.iter().map(row).collect();
    sqlx::query(
        "INSERT INTO mentions (post_id, position, account_id, username) \
         SELECT $1, key, value ->> 0, value ->> 1 FROM json_each($2)",
    )
    .bind(post.to_sql())
    .bind(rows.to_string())
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn delete(connection: &mut Connection, post: PostId) -> Result<(), DbError> {
    sqlx::query("DELETE FROM mentions WHERE post_id = $1")
        .bind(post.to_sql())
        .execute(connection)
        .await?;
    Ok(())
}
