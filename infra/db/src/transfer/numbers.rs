//! The last number that an engine has given to a row by itself: no number may come twice, also when
//! the row is long gone.

use super::TransferError;
use super::layout::Table;
use crate::{Connection, Database, DbError, query, query_scalar};

/// The last number that was given in a table; none where nothing is numbered, or nothing was yet.
pub(super) async fn last_number(
    database: &Database,
    table: &Table,
) -> Result<Option<i64>, TransferError> {
    let Some(column) = &table.numbered else {
        return Ok(None);
    };
    let reader = database.reader();
    if !reader.is_postgres() {
        let last: Option<i64> = query_scalar("SELECT seq FROM sqlite_sequence WHERE name = $1")
            .bind(&table.name)
            .fetch_optional(reader)
            .await?;
        return Ok(last.filter(|last| *last > 0));
    }
    let text = "SELECT pg_sequence_last_value(pg_get_serial_sequence($1, $2)::regclass)";
    let last = query_scalar(text)
        .bind(format!("\"{}\"", table.name))
        .bind(column)
        .fetch_one(reader)
        .await?;
    Ok(last)
}

/// Has the next number in a table be the one after this.
pub(super) async fn set_last_number(
    connection: &mut Connection,
    table: &Table,
    last: Option<i64>,
) -> Result<(), DbError> {
    let Some(column) = &table.numbered else {
        return Ok(());
    };
    if connection.is_postgres() {
        let text = "SELECT setval(pg_get_serial_sequence($1, $2)::regclass, $3, $4)";
        query(text)
            .bind(format!("\"{}\"", table.name))
            .bind(column)
            // Where none was given, 1 is the next one itself, and not the one after it.
            .bind(last.unwrap_or(1))
            .bind(last.is_some())
            .execute(connection)
            .await?;
        return Ok(());
    }
    // SQLite's table has no key by which a row could be replaced.
    query("DELETE FROM sqlite_sequence WHERE name = $1")
        .bind(&table.name)
        .execute(&mut *connection)
        .await?;
    if let Some(last) = last {
        query("INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)")
            .bind(&table.name)
            .bind(last)
            .execute(connection)
            .await?;
    }
    Ok(())
}
