//! Who is on which list.

use business_graph_gateway::{AccountList, ListId, ListMember, ListMemberId};
use infra_db::{Connection, Database, DbError, json_ids};
use infra_kernel::{AccountId, Page};

macro_rules! page {
    ($order:literal) => {
        concat!(
            "SELECT id, member_id FROM list_members WHERE list_id = $1 AND id < $2 AND id > $3 ORDER BY id ",
            $order,
            " LIMIT CAST($4 AS BIGINT)"
        )
    };
}

pub(super) const INSERT: &str = "INSERT INTO list_members (id, list_id, owner_id, member_id, exclusive) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT DO NOTHING";
pub(super) const DELETE: &str = "DELETE FROM list_members WHERE list_id = $1 AND member_id IN (SELECT value FROM json_each($2))";
pub(super) const SET_EXCLUSIVE: &str = "UPDATE list_members SET exclusive = $2 WHERE list_id = $1";
pub(super) const DELETE_ALL: &str = "DELETE FROM list_members WHERE list_id = $1";
pub(super) const DELETE_OF_OWNER: &str =
    "DELETE FROM list_members WHERE owner_id = $1 AND member_id = $2";
pub(super) const COUNT: &str = "SELECT COUNT(*) FROM (SELECT id FROM list_members WHERE list_id = $1 LIMIT CAST($2 AS BIGINT)) AS counted";
pub(super) const ALL: &str = "SELECT member_id FROM list_members WHERE list_id = $1 ORDER BY id DESC LIMIT CAST($2 AS BIGINT)";
pub(super) const OLDER: &str = page!("DESC");
pub(super) const NEWER: &str = page!("ASC");

/// Puts an account on a list; returns whether it was not on it before.
pub(crate) async fn insert(
    connection: &mut Connection,
    id: ListMemberId,
    list: &AccountList,
    member: AccountId,
) -> Result<bool, DbError> {
    let written = infra_db::query(INSERT)
        .bind(id.to_sql())
        .bind(ListId::new(list.id).to_sql())
        .bind(AccountId::new(list.owner_id).to_sql())
        .bind(member.to_sql())
        .bind(list.exclusive)
        .execute(connection)
        .await?;
    Ok(written > 0)
}

/// Says of everyone on a list whether it is exclusive.
pub(crate) async fn set_exclusive(
    connection: &mut Connection,
    list: ListId,
    exclusive: bool,
) -> Result<(), DbError> {
    infra_db::query(SET_EXCLUSIVE)
        .bind(list.to_sql())
        .bind(exclusive)
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes accounts off a list.
pub(crate) async fn delete(
    connection: &mut Connection,
    list: ListId,
    members: &[u64],
) -> Result<(), DbError> {
    let members = json_ids(members.iter().map(|id| AccountId::new(*id).to_sql()));
    infra_db::query(DELETE)
        .bind(list.to_sql())
        .bind(members)
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes everyone off a list.
pub(crate) async fn delete_all(connection: &mut Connection, list: ListId) -> Result<(), DbError> {
    infra_db::query(DELETE_ALL)
        .bind(list.to_sql())
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes an account off all of an owner's lists.
pub(crate) async fn delete_of_owner(
    connection: &mut Connection,
    owner: AccountId,
    member: AccountId,
) -> Result<(), DbError> {
    infra_db::query(DELETE_OF_OWNER)
        .bind(owner.to_sql())
        .bind(member.to_sql())
        .execute(connection)
        .await?;
    Ok(())
}

/// How many are on a list, counted up to a limit, asked within a write.
pub(crate) async fn count(
    connection: &mut Connection,
    list: ListId,
    limit: u32,
) -> Result<u64, DbError> {
    let count: i64 = infra_db::query_scalar(COUNT)
        .bind(list.to_sql())
        .bind(i64::from(limit))
        .fetch_one(connection)
        .await?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Everyone on a list, asked within a write.
pub(crate) async fn find_all(
    connection: &mut Connection,
    list: ListId,
    limit: u32,
) -> Result<Vec<u64>, DbError> {
    let ids: Vec<i64> = infra_db::query_scalar(ALL)
        .bind(list.to_sql())
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?;
    Ok(accounts(ids))
}

/// Everyone on a list, the latest first.
pub(crate) async fn all(
    database: &Database,
    list: ListId,
    limit: u32,
) -> Result<Vec<u64>, DbError> {
    let ids: Vec<i64> = infra_db::query_scalar(ALL)
        .bind(list.to_sql())
        .bind(i64::from(limit))
        .fetch_all(&database.reader_at(database.position()))
        .await?;
    Ok(accounts(ids))
}

fn accounts(ids: Vec<i64>) -> Vec<u64> {
    let ids = ids.into_iter();
    ids.map(|id| AccountId::from_sql(id).get()).collect()
}

/// A page of who is on a list, the latest first.
pub(crate) async fn page(
    database: &Database,
    list: ListId,
    page: &Page,
) -> Result<Vec<ListMember>, DbError> {
    let statement = page.either(OLDER, NEWER);
    let rows: Vec<(i64, i64)> = infra_db::query(statement)
        .bind(list.to_sql())
        .bind(page.before_sql())
        .bind(page.after_sql())
        .bind(i64::from(page.limit))
        .fetch_all(&database.reader_at(database.position()))
        .await?;
    let member = |(id, member): (i64, i64)| ListMember {
        id: ListMemberId::from_sql(id).get(),
        member_id: AccountId::from_sql(member).get(),
    };
    Ok(page.newest_first(rows.into_iter().map(member)))
}
