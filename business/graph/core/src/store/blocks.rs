//! Who blocks whom.

use business_graph_gateway::{AccountBlock, BlockId};
use infra_db::{Connection, Database, DbError};
use infra_kernel::{AccountId, Page, Timestamp};

macro_rules! page {
    ($order:literal) => {
        concat!(
            "SELECT id, blocker_id, blockee_id FROM blocks WHERE blocker_id = $1 AND id < $2 AND id > $3 ORDER BY id ",
            $order,
            " LIMIT CAST($4 AS BIGINT)"
        )
    };
}

pub(crate) const FIND: &str = "SELECT id FROM blocks WHERE blocker_id = $1 AND blockee_id = $2";
pub(crate) const COUNT: &str = "SELECT COUNT(*) FROM (SELECT id FROM blocks WHERE blocker_id = $1 LIMIT CAST($2 AS BIGINT)) AS counted";
pub(crate) const DELETE: &str = "DELETE FROM blocks WHERE blocker_id = $1 AND blockee_id = $2";
pub(crate) const OLDER: &str = page!("DESC");
pub(crate) const NEWER: &str = page!("ASC");

/// Whether an account blocks another, asked within a write.
pub(crate) async fn is_there(
    connection: &mut Connection,
    blocker: AccountId,
    blockee: AccountId,
) -> Result<bool, DbError> {
    let id: Option<i64> = infra_db::query_scalar(FIND)
        .bind(blocker.to_sql())
        .bind(blockee.to_sql())
        .fetch_optional(connection)
        .await?;
    Ok(id.is_some())
}

pub(crate) async fn insert(
    connection: &mut Connection,
    block: &AccountBlock,
    created_at: Timestamp,
) -> Result<(), DbError> {
    infra_db::query(
        "INSERT INTO blocks (id, blocker_id, blockee_id, created_at) VALUES ($1, $2, $3, $4)",
    )
    .bind(block.block().to_sql())
    .bind(AccountId::new(block.blocker_id).to_sql())
    .bind(AccountId::new(block.blockee_id).to_sql())
    .bind(created_at.microseconds())
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether an account blocks as many as it may, asked within a write.
pub(crate) async fn is_full(
    connection: &mut Connection,
    blocker: AccountId,
    max: u32,
) -> Result<bool, DbError> {
    let count: i64 = infra_db::query_scalar(COUNT)
        .bind(blocker.to_sql())
        .bind(i64::from(max))
        .fetch_one(connection)
        .await?;
    Ok(count >= i64::from(max))
}

/// Removes a block, if it is there.
pub(crate) async fn delete(
    connection: &mut Connection,
    blocker: AccountId,
    blockee: AccountId,
) -> Result<(), DbError> {
    infra_db::query(DELETE)
        .bind(blocker.to_sql())
        .bind(blockee.to_sql())
        .execute(connection)
        .await?;
    Ok(())
}

/// Whom an account blocks, the latest first.
pub(crate) async fn list(
    database: &Database,
    blocker: AccountId,
    page: &Page,
) -> Result<Vec<AccountBlock>, DbError> {
    let statement = page.either(OLDER, NEWER);
    let rows: Vec<(i64, i64, i64)> = infra_db::query(statement)
        .bind(blocker.to_sql())
        .bind(page.before_sql())
        .bind(page.after_sql())
        .bind(i64::from(page.limit))
        .fetch_all(&database.reader_at(database.position()))
        .await?;
    let block = |(id, blocker, blockee)| AccountBlock {
        id: BlockId::from_sql(id).get(),
        blocker_id: AccountId::from_sql(blocker).get(),
        blockee_id: AccountId::from_sql(blockee).get(),
    };
    Ok(page.newest_first(rows.into_iter().map(block)))
}
