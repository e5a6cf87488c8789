//! What a target says of the move that it is for.
//!
//! A table of its own, beside those of the domain, holds the move's name and, for each table, the
//! count and the digest of the rows that are being copied. Rows are copied in the order of their
//! key, so the last one that is there says where to go on; and if the source has changed since,
//! its digests have, and the copy begins again.

use std::collections::BTreeMap;

use super::layout::Layout;
use super::{Survey, TransferError, statements};
use crate::{Connection, Database, DbError, query};

/// The row that holds the move's name; tables are not named so.
const NAME: &str = "";

/// Makes a target ready for these rows: what it holds of others is deleted. Returns whether it goes
/// on with what an earlier run has copied.
pub(super) async fn prepare(
    target: &Database,
    layout: &Layout,
    survey: &Survey,
    name: &str,
) -> Result<bool, TransferError> {
    let wanted = wanted(survey, name);
    // Committed before the look, which is on another connection.
    write(target, |connection| {
        Box::pin(async move {
            let text = "CREATE TABLE IF NOT EXISTS _heliograph_move \
                (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)";
            query(text).execute(connection).await.map(drop)
        })
    })
    .await?;
    let found: Vec<(String, String)> = query("SELECT name, value FROM _heliograph_move")
        .fetch_all(target.reader())
        .await?;
    if found.into_iter().collect::<BTreeMap<_, _>>() == wanted {
        return Ok(true);
    }
    let is_postgres = target.reader().is_postgres();
    let clear = statements::clear(layout, is_postgres);
    // In one transaction: under this move's marks, rows of another one would be taken for copied.
    write(target, |connection| {
        Box::pin(async move {
            for text in clear {
                query(text).execute(&mut *connection).await?;
            }
            let forget = query("DELETE FROM _heliograph_move");
            forget.execute(&mut *connection).await?;
            for (name, value) in wanted {
                query("INSERT INTO _heliograph_move (name, value) VALUES ($1, $2)")
                    .bind(name)
                    .bind(value)
                    .execute(&mut *connection)
                    .await?;
            }
            Ok(())
        })
    })
    .await?;
    Ok(false)
}

/// Has the next run begin again with this target.
pub(super) async fn distrust(target: &Database) -> Result<(), DbError> {
    write(target, |connection| {
        Box::pin(async move {
            query("DELETE FROM _heliograph_move WHERE name <> $1")
                .bind(NAME)
                .execute(connection)
                .await
                .map(drop)
        })
    })
    .await
}

/// Makes a target a database as any other.
pub(super) async fn remove(target: &Database) -> Result<(), DbError> {
    write(target, |connection| {
        Box::pin(async move {
            query("DROP TABLE IF EXISTS _heliograph_move")
                .execute(connection)
                .await
                .map(drop)
        })
    })
    .await
}

fn wanted(survey: &Survey, name: &str) -> BTreeMap<String, String> {
    let tables = survey.tables.iter().map(|table| {
        let number = table.last_number.unwrap_or_default();
        let value = format!("{} {} {number}", table.rows, table.digest);
        (table.name.clone(), value)
    });
    let mut wanted: BTreeMap<_, _> = tables.collect();
    wanted.insert(NAME.to_owned(), name.to_owned());
    wanted
}

async fn write<F>(target: &Database, work: F) -> Result<(), DbError>
where
    F: for<'c> FnOnce(&'c mut Connection) -> crate::BoxFuture<'c, Result<(), DbError>>
        + Send
        + 'static,
{
    target.write(work).await
}
