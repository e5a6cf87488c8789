//! Lists of accounts, without who is on them.

use business_graph_gateway::{AccountList, ListId};
use infra_db::{Connection, Database, DbError, json_ids};
use infra_kernel::{AccountId, Timestamp};

macro_rules! columns {
    () => {
        "lists.id, lists.owner_id, lists.title, lists.replies_policy, lists.exclusive"
    };
}

pub(super) const INSERT: &str = "INSERT INTO lists (id, owner_id, title, replies_policy, exclusive, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
pub(super) const GET: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM lists WHERE id = $1 AND owner_id = $2"
);
pub(super) const UPDATE: &str =
    "UPDATE lists SET title = $2, replies_policy = $3, exclusive = $4 WHERE id = $1";
pub(super) const DELETE: &str = "DELETE FROM lists WHERE id = $1";
pub(super) const COUNT: &str = "SELECT COUNT(*) FROM (SELECT id FROM lists WHERE owner_id = $1 LIMIT CAST($2 AS BIGINT)) AS counted";
pub(super) const OF_OWNER: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM lists WHERE owner_id = $1 ORDER BY id LIMIT CAST($2 AS BIGINT)"
);
// CROSS JOIN as for the follows: on which lists an account is comes from one index, in order.
pub(super) const WITH_MEMBER: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM list_members CROSS JOIN lists WHERE list_members.owner_id = $1 \
     AND list_members.member_id = $3 AND lists.id = list_members.list_id \
     ORDER BY list_members.list_id LIMIT CAST($2 AS BIGINT)"
);

// CROSS JOIN for the same reason: each of those that are asked for is one step.
pub(super) const HOLDING: &str = "SELECT list_id FROM json_each($2) AS wanted \
     CROSS JOIN list_members WHERE list_id = wanted.value AND member_id = $1";
pub(super) const BY_ID: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM json_each($1) AS wanted CROSS JOIN lists WHERE lists.id = wanted.value"
);

#[derive(infra_db::Row)]
struct ListRow {
    id: i64,
    owner_id: i64,
    title: String,
    replies_policy: i64,
    exclusive: bool,
}

impl From<ListRow> for AccountList {
    fn from(row: ListRow) -> Self {
        Self {
            id: ListId::from_sql(row.id).get(),
            owner_id: AccountId::from_sql(row.owner_id).get(),
            title: row.title,
            replies_policy: i32::try_from(row.replies_policy).unwrap_or_default(),
            exclusive: row.exclusive,
        }
    }
}

pub(crate) async fn insert(
    connection: &mut Connection,
    list: &AccountList,
    created_at: Timestamp,
) -> Result<(), DbError> {
    infra_db::query(INSERT)
        .bind(ListId::new(list.id).to_sql())
        .bind(AccountId::new(list.owner_id).to_sql())
        .bind(&*list.title)
        .bind(i64::from(list.replies_policy))
        .bind(list.exclusive)
        .bind(created_at.microseconds())
        .execute(connection)
        .await?;
    Ok(())
}

/// An account's list, asked within a write.
pub(crate) async fn find(
    connection: &mut Connection,
    owner: AccountId,
    list: ListId,
) -> Result<Option<AccountList>, DbError> {
    let row: Option<ListRow> = infra_db::query(GET)
        .bind(list.to_sql())
        .bind(owner.to_sql())
        .fetch_optional(connection)
        .await?;
    Ok(row.map(AccountList::from))
}

/// An account's list.
pub(crate) async fn get(
    database: &Database,
    owner: AccountId,
    list: ListId,
) -> Result<Option<AccountList>, DbError> {
    let row: Option<ListRow> = infra_db::query(GET)
        .bind(list.to_sql())
        .bind(owner.to_sql())
        .fetch_optional(&database.reader_at(database.position()))
        .await?;
    Ok(row.map(AccountList::from))
}

pub(crate) async fn update(connection: &mut Connection, list: &AccountList) -> Result<(), DbError> {
    infra_db::query(UPDATE)
        .bind(ListId::new(list.id).to_sql())
        .bind(&*list.title)
        .bind(i64::from(list.replies_policy))
        .bind(list.exclusive)
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn delete(connection: &mut Connection, list: ListId) -> Result<(), DbError> {
    infra_db::query(DELETE)
        .bind(list.to_sql())
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether an account has as many lists as this, asked within a write.
pub(crate) async fn is_full(
    connection: &mut Connection,
    owner: AccountId,
    max: u32,
) -> Result<bool, DbError> {
    let count: i64 = infra_db::query_scalar(COUNT)
        .bind(owner.to_sql())
        .bind(i64::from(max))
        .fetch_one(connection)
        .await?;
    Ok(count >= i64::from(max))
}

/// An account's lists, the oldest first: all, or those that a member is on.
pub(crate) async fn of_owner(
    database: &Database,
    owner: AccountId,
    member: Option<AccountId>,
    limit: u32,
) -> Result<Vec<AccountList>, DbError> {
    let statement = member.map_or(OF_OWNER, |_| WITH_MEMBER);
    let mut query = infra_db::query(statement)
        .bind(owner.to_sql())
        .bind(i64::from(limit));
    if let Some(member) = member {
        query = query.bind(member.to_sql());
    }
    let rows: Vec<ListRow> = query
        .fetch_all(&database.reader_at(database.position()))
        .await?;
    Ok(rows.into_iter().map(AccountList::from).collect())
}

/// Which of these lists an account is on, by id.
pub(crate) async fn holding(
    database: &Database,
    member: AccountId,
    lists: &[u64],
) -> Result<Vec<AccountList>, DbError> {
    let lists = json_ids(lists.iter().map(|id| ListId::new(*id).to_sql()));
    let reader = database.reader_at(database.position());
    let holding: Vec<i64> = infra_db::query_scalar(HOLDING)
        .bind(member.to_sql())
        .bind(lists)
        .fetch_all(&reader)
        .await?;
    if holding.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<ListRow> = infra_db::query(BY_ID)
        .bind(json_ids(holding))
        .fetch_all(&reader)
        .await?;
    let mut lists: Vec<AccountList> = rows.into_iter().map(AccountList::from).collect();
    lists.sort_unstable_by_key(|list| list.id);
    // One that was asked for twice.
    lists.dedup_by_key(|list| list.id);
    Ok(lists)
}
