//! What accounts write down about others.

use business_graph_gateway::AccountNote;
use infra_db::{Connection, Database, DbError, json_ids};
use infra_kernel::AccountId;

pub(super) const SET: &str = "INSERT INTO notes (author_id, target_id, text) VALUES ($1, $2, $3) \
     ON CONFLICT (author_id, target_id) DO UPDATE SET text = excluded.text";
pub(super) const DELETE: &str = "DELETE FROM notes WHERE author_id = $1 AND target_id = $2";
pub(super) const COUNT: &str = "SELECT COUNT(*) FROM (SELECT target_id FROM notes WHERE author_id = $1 LIMIT CAST($2 AS BIGINT)) AS counted";
// CROSS JOIN as for the follows: each wanted id is one look-up of a pair.
pub(super) const AMONG: &str = "SELECT target_id, text FROM json_each($2) AS wanted \
     CROSS JOIN notes WHERE author_id = $1 AND target_id = wanted.value";

/// Writes a note, in place of one that is there.
pub(crate) async fn set(
    connection: &mut Connection,
    author: AccountId,
    target: AccountId,
    text: &str,
) -> Result<(), DbError> {
    infra_db::query(SET)
        .bind(author.to_sql())
        .bind(target.to_sql())
        .bind(text)
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes a note, if it is there.
pub(crate) async fn delete(
    connection: &mut Connection,
    author: AccountId,
    target: AccountId,
) -> Result<(), DbError> {
    infra_db::query(DELETE)
        .bind(author.to_sql())
        .bind(target.to_sql())
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether an account has as many notes as this, asked within a write.
pub(crate) async fn is_full(
    connection: &mut Connection,
    author: AccountId,
    max: u32,
) -> Result<bool, DbError> {
    let count: i64 = infra_db::query_scalar(COUNT)
        .bind(author.to_sql())
        .bind(i64::from(max))
        .fetch_one(connection)
        .await?;
    Ok(count >= i64::from(max))
}

/// What an account wrote down about these.
pub(crate) async fn among(
    database: &Database,
    author: AccountId,
    targets: &[u64],
) -> Result<Vec<AccountNote>, DbError> {
    let wanted = json_ids(targets.iter().map(|id| AccountId::new(*id).to_sql()));
    let rows: Vec<(i64, String)> = infra_db::query(AMONG)
        .bind(author.to_sql())
        .bind(wanted)
        .fetch_all(&database.reader_at(database.position()))
        .await?;
    let note = |(target, text)| AccountNote {
        target_id: AccountId::from_sql(target).get(),
        text,
    };
    Ok(rows.into_iter().map(note).collect())
}
