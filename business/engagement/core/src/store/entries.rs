//! Entries of accounts.

use business_engagement_gateway::{Entry, EntryId};
use infra_db::{Connection, Database, DbError};
use infra_kernel::{AccountId, Direction, Page};
use sqlx::FromRow;

macro_rules! page {
    ($order:literal) => {
        concat!(
            "SELECT id, account_id, text, created_at FROM engagement_entries \
             WHERE account_id = $1 AND id < $2 AND id > $3 ORDER BY id ",
            $order,
            " LIMIT $4"
        )
    };
}

const OLDER: &str = page!("DESC");
const NEWER: &str = page!("ASC");

#[derive(FromRow)]
struct EntryRow {
    id: i64,
    account_id: i64,
    text: String,
    created_at: i64,
}

impl From<EntryRow> for Entry {
    fn from(row: EntryRow) -> Self {
        Self {
            id: EntryId::from_sql(row.id).get(),
            account_id: AccountId::from_sql(row.account_id).get(),
            text: row.text,
            created_at_us: row.created_at,
        }
    }
}

pub(crate) async fn insert(connection: &mut Connection, entry: &Entry) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO engagement_entries (id, account_id, text, created_at) VALUES ($1, $2, $3, $4)",
    )
    .bind(entry.entry().to_sql())
    .bind(AccountId::new(entry.account_id).to_sql())
    .bind(&entry.text)
    .bind(entry.created_at_us)
    .execute(connection)
    .await?;
    Ok(())
}

/// A page of an account's entries, newest first.
pub(crate) async fn list(
    database: &Database,
    account: AccountId,
    page: &Page,
) -> Result<Vec<Entry>, DbError> {
    let is_newer = page.direction == Direction::Newer;
    let rows: Vec<EntryRow> = sqlx::query_as(if is_newer { NEWER } else { OLDER })
        .bind(account.to_sql())
        .bind(page.before_sql())
        .bind(page.after_sql())
        .bind(i64::from(page.limit))
        .fetch_all(database.reader())
        .await?;
    let mut entries: Vec<Entry> = rows.into_iter().map(Entry::from).collect();
    if is_newer {
        entries.reverse();
    }
    Ok(entries)
}
