//! The keywords of filters.

use business_graph_gateway::{FilterId, FilterKeyword, FilterKeywordId};
use infra_db::{Connection, Database, DbError};
use infra_kernel::AccountId;

pub(super) const INSERT: &str = "INSERT INTO filter_keywords (id, filter_id, owner_id, keyword, whole_word) VALUES ($1, $2, $3, $4, $5)";
pub(super) const UPDATE: &str =
    "UPDATE filter_keywords SET keyword = $2, whole_word = $3 WHERE id = $1";
pub(super) const DELETE: &str = "DELETE FROM filter_keywords WHERE id = $1";
pub(super) const DELETE_ALL: &str = "DELETE FROM filter_keywords WHERE filter_id = $1";
pub(super) const MEASURE: &str =
    "SELECT COUNT(*), COALESCE(SUM(LENGTH(keyword)), 0) FROM filter_keywords WHERE owner_id = $1";
pub(super) const OF_FILTER: &str = "SELECT filter_id, id, keyword, whole_word FROM filter_keywords WHERE filter_id = $1 ORDER BY id LIMIT CAST($2 AS BIGINT)";
pub(super) const OF_OWNER: &str = "SELECT filter_id, id, keyword, whole_word FROM filter_keywords WHERE owner_id = $1 ORDER BY id LIMIT CAST($2 AS BIGINT)";

#[derive(infra_db::Row)]
struct KeywordRow {
    filter_id: i64,
    id: i64,
    keyword: String,
    whole_word: bool,
}

impl From<KeywordRow> for FilterKeyword {
    fn from(row: KeywordRow) -> Self {
        Self {
            id: FilterKeywordId::from_sql(row.id).get(),
            keyword: row.keyword,
            whole_word: row.whole_word,
        }
    }
}

/// How much an account is looking for.
pub(crate) struct Measure {
    pub(crate) keywords: u64,
    /// Of all keywords together.
    pub(crate) characters: u64,
}

pub(crate) async fn insert(
    connection: &mut Connection,
    owner: AccountId,
    filter: FilterId,
    keyword: &FilterKeyword,
) -> Result<(), DbError> {
    infra_db::query(INSERT)
        .bind(FilterKeywordId::new(keyword.id).to_sql())
        .bind(filter.to_sql())
        .bind(owner.to_sql())
        .bind(&*keyword.keyword)
        .bind(keyword.whole_word)
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn update(
    connection: &mut Connection,
    keyword: &FilterKeyword,
) -> Result<(), DbError> {
    infra_db::query(UPDATE)
        .bind(FilterKeywordId::new(keyword.id).to_sql())
        .bind(&*keyword.keyword)
        .bind(keyword.whole_word)
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn delete(
    connection: &mut Connection,
    keyword: FilterKeywordId,
) -> Result<(), DbError> {
    infra_db::query(DELETE)
        .bind(keyword.to_sql())
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes all keywords of a filter.
pub(crate) async fn delete_all(
    connection: &mut Connection,
    filter: FilterId,
) -> Result<(), DbError> {
    infra_db::query(DELETE_ALL)
        .bind(filter.to_sql())
        .execute(connection)
        .await?;
    Ok(())
}

/// How much an account's keywords come to, asked within a write. Every write is held to the bounds,
/// so there are not many of them.
pub(crate) async fn measure(
    connection: &mut Connection,
    owner: AccountId,
) -> Result<Measure, DbError> {
    let (keywords, characters): (i64, i64) = infra_db::query(MEASURE)
        .bind(owner.to_sql())
        .fetch_one(connection)
        .await?;
    Ok(Measure {
        keywords: u64::try_from(keywords).unwrap_or_default(),
        characters: u64::try_from(characters).unwrap_or_default(),
    })
}

/// The keywords of a filter, the oldest first, asked within a write.
pub(crate) async fn find_all(
    connection: &mut Connection,
    filter: FilterId,
    limit: u32,
) -> Result<Vec<FilterKeyword>, DbError> {
    let rows: Vec<KeywordRow> = infra_db::query(OF_FILTER)
        .bind(filter.to_sql())
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(FilterKeyword::from).collect())
}

/// All keywords of an account, each with its filter; the oldest first.
pub(crate) async fn of_owner(
    database: &Database,
    owner: AccountId,
    limit: u32,
) -> Result<Vec<(u64, FilterKeyword)>, DbError> {
    let rows: Vec<KeywordRow> = infra_db::query(OF_OWNER)
        .bind(owner.to_sql())
        .bind(i64::from(limit))
        .fetch_all(&database.reader_at(database.position()))
        .await?;
    let with_filter = |row: KeywordRow| (FilterId::from_sql(row.filter_id).get(), row.into());
    Ok(rows.into_iter().map(with_filter).collect())
}
