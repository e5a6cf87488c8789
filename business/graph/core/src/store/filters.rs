//! Filters, without their keywords and posts.

use business_graph_gateway::{AccountFilter, FilterContext, FilterId};
use infra_db::{Connection, Database, DbError};
use infra_kernel::{AccountId, Timestamp};

macro_rules! columns {
    () => {
        "id, owner_id, title, contexts, action, expires_at"
    };
}

pub(super) const INSERT: &str = concat!(
    "INSERT INTO filters (",
    columns!(),
    ", created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)"
);
pub(super) const GET: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM filters WHERE id = $1 AND owner_id = $2"
);
pub(super) const UPDATE: &str =
    "UPDATE filters SET title = $2, contexts = $3, action = $4, expires_at = $5 WHERE id = $1";
pub(super) const DELETE: &str = "DELETE FROM filters WHERE id = $1";
pub(super) const COUNT: &str = "SELECT COUNT(*) FROM (SELECT id FROM filters WHERE owner_id = $1 LIMIT CAST($2 AS BIGINT)) AS counted";
pub(super) const OF_OWNER: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM filters WHERE owner_id = $1 ORDER BY id LIMIT CAST($2 AS BIGINT)"
);

#[derive(infra_db::Row)]
struct FilterRow {
    id: i64,
    owner_id: i64,
    title: String,
    contexts: i64,
    action: i64,
    expires_at: Option<i64>,
}

impl From<FilterRow> for AccountFilter {
    fn from(row: FilterRow) -> Self {
        Self {
            id: FilterId::from_sql(row.id).get(),
            owner_id: AccountId::from_sql(row.owner_id).get(),
            title: row.title,
            contexts: contexts_of(row.contexts),
            action: i32::try_from(row.action).unwrap_or_default(),
            expires_at_us: row.expires_at.unwrap_or_default(),
            keywords: Vec::new(),
            posts: Vec::new(),
        }
    }
}

const ALL_CONTEXTS: [FilterContext; 5] = [
    FilterContext::Home,
    FilterContext::Notifications,
    FilterContext::Public,
    FilterContext::Thread,
    FilterContext::Account,
];

const fn bit(context: FilterContext) -> i64 {
    match context {
        FilterContext::Unspecified => 0,
        FilterContext::Home => 1,
        FilterContext::Notifications => 2,
        FilterContext::Public => 4,
        FilterContext::Thread => 8,
        FilterContext::Account => 16,
    }
}

fn contexts_of(bits: i64) -> Vec<i32> {
    let contexts = ALL_CONTEXTS.into_iter();
    let contexts = contexts.filter(|context| bits & bit(*context) != 0);
    contexts.map(Into::into).collect()
}

fn bits_of(filter: &AccountFilter) -> i64 {
    filter.contexts().fold(0, |bits, one| bits | bit(one))
}

const fn end_of(filter: &AccountFilter) -> Option<i64> {
    match filter.expires_at_us {
        0 => None,
        end => Some(end),
    }
}

pub(crate) async fn insert(
    connection: &mut Connection,
    filter: &AccountFilter,
    created_at: Timestamp,
) -> Result<(), DbError> {
    infra_db::query(INSERT)
        .bind(FilterId::new(filter.id).to_sql())
        .bind(AccountId::new(filter.owner_id).to_sql())
        .bind(&*filter.title)
        .bind(bits_of(filter))
        .bind(i64::from(filter.action))
        .bind(end_of(filter))
        .bind(created_at.microseconds())
        .execute(connection)
        .await?;
    Ok(())
}

/// An account's filter, asked within a write.
pub(crate) async fn find(
    connection: &mut Connection,
    owner: AccountId,
    filter: FilterId,
) -> Result<Option<AccountFilter>, DbError> {
    let row: Option<FilterRow> = infra_db::query(GET)
        .bind(filter.to_sql())
        .bind(owner.to_sql())
        .fetch_optional(connection)
        .await?;
    Ok(row.map(AccountFilter::from))
}

pub(crate) async fn update(
    connection: &mut Connection,
    filter: &AccountFilter,
) -> Result<(), DbError> {
    infra_db::query(UPDATE)
        .bind(FilterId::new(filter.id).to_sql())
        .bind(&*filter.title)
        .bind(bits_of(filter))
        .bind(i64::from(filter.action))
        .bind(end_of(filter))
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn delete(connection: &mut Connection, filter: FilterId) -> Result<(), DbError> {
    infra_db::query(DELETE)
        .bind(filter.to_sql())
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether an account has as many filters as this, asked within a write.
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

/// An account's filters, the oldest first.
pub(crate) async fn of_owner(
    database: &Database,
    owner: AccountId,
    limit: u32,
) -> Result<Vec<AccountFilter>, DbError> {
    let rows: Vec<FilterRow> = infra_db::query(OF_OWNER)
        .bind(owner.to_sql())
        .bind(i64::from(limit))
        .fetch_all(&database.reader_at(database.position()))
        .await?;
    Ok(rows.into_iter().map(AccountFilter::from).collect())
}
