//! Moves what is in a domain's database to one on the other engine, whole and verified.
//!
//! In three steps, each of which reads or writes a page of rows at a time: [`survey`] counts the
//! rows of the source and computes a digest of each table, and finds what the other engine could
//! not store, before anything is written; [`copy`] writes the rows, a transaction a page;
//! [`verify`] computes the same digests of the target. Killed at any point, it goes on where it was
//! when it is run again. Nobody else writes to either database meanwhile: who moves them is the
//! home of both.
//!
//! Digests are of values and not of an engine's bytes: each row's values by the names of their
//! columns, rows by the order of their key. What is this crate's or the engine's is not copied.
//!
//! A target is marked as one until it is [`release`]d, and opened by nobody else
//! ([`claim_schemas`]).

mod cell;
mod layout;
mod marks;
mod numbers;
mod pages;
mod server;
mod statements;

use std::path::Path;

use cell::Record;
use layout::{Layout, Table};
use pages::Pages;
use statements::ROWS_PER_INSERT;

use crate::{Database, DbError, Migrator, PostgresOptions, query, query_scalar};

pub use server::{
    claim_schemas, release_schemas, rename_schema, require_free_schemas, schema_installation,
};

/// The table that marks a target.
const MARKS: &str = "_heliograph_move";
/// How many values that cannot be moved are named.
const FAULTS_MAX: usize = 10;

/// Why a database was not moved.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// One of the databases failed.
    #[error(transparent)]
    Database(#[from] DbError),
    /// A table is not what a move understands: a fault of the program.
    #[error("the table {table} {reason}")]
    Layout {
        /// The name of the table, the same on both engines.
        table: String,
        /// What is wrong, as the rest of a sentence that begins with the table.
        reason: String,
    },
    /// Values that the other engine could not store, each with its table and row: the first few.
    #[error("{}", .0.join("\n"))]
    Unstorable(Vec<String>),
    /// The target holds something that is not of this move.
    #[error("{0}")]
    NotEmpty(String),
    /// The target does not hold what was read from the source.
    #[error("the table {table} is not what was copied: {reason}")]
    Differs {
        /// The name of the table, the same on both engines.
        table: String,
        /// How it differs: in its rows, their digest or its next number.
        reason: String,
    },
}

/// A table as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSummary {
    /// Its name, the same on both engines.
    pub name: String,
    /// How many rows it has.
    pub rows: u64,
    /// BLAKE3 of all its values, in hexadecimal digits.
    pub digest: String,
    /// The last number that the engine has given to a row by itself.
    pub last_number: Option<i64>,
}

/// What a source holds.
#[derive(Debug, Clone)]
pub struct Survey {
    /// Each table, after those that its rows refer to.
    pub tables: Vec<TableSummary>,
    layout: Layout,
}

impl Survey {
    /// How many rows there are in all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

/// Hears of each page: the table, and how many rows of it more are done.
pub type Progress<'p> = dyn FnMut(&str, u64) + Send + 'p;

/// Reads all of a source.
///
/// # Errors
/// When it cannot be read, or has values that the other engine could not store.
pub async fn survey(
    source: &Database,
    progress: &mut Progress<'_>,
) -> Result<Survey, TransferError> {
    let layout = Layout::read(source).await?;
    let (mut tables, mut faults) = (Vec::new(), Vec::new());
    for table in &layout.tables {
        let summary = summary(source, &layout, table, &mut faults, progress).await?;
        tables.push(summary);
    }
    if !faults.is_empty() {
        return Err(TransferError::Unstorable(faults));
    }
    Ok(Survey { tables, layout })
}

/// Opens a schema that [`claim_schemas`] has made, as its home, and makes the domain's tables
/// there.
///
/// # Errors
/// As [`Database::open_postgres`] has them.
pub async fn open_claimed_schema(
    url: &str,
    schema: &str,
    migrations: &Migrator,
) -> Result<Database, DbError> {
    Database::open_postgres_target(url, schema, migrations, PostgresOptions::default()).await
}

/// Opens a file that is no database yet by its name, and makes the domain's tables there.
///
/// # Errors
/// As [`Database::open`] has them.
pub async fn open_target_file(path: &Path, migrations: &Migrator) -> Result<Database, DbError> {
    Database::open(path, migrations).await
}

/// Writes every row of the source into the target. What a run of the same move has copied before is
/// not copied again, if the source is as it was.
///
/// # Errors
/// When one of them fails, or they have not the same tables.
pub async fn copy(
    source: &Database,
    survey: &Survey,
    target: &Database,
    name: &str,
    progress: &mut Progress<'_>,
) -> Result<(), TransferError> {
    let layout = Layout::read(target).await?;
    survey.layout.require_same(&layout)?;
    marks::prepare(target, &layout, survey, name).await?;
    for (table, summary) in survey.layout.tables.iter().zip(&survey.tables) {
        copy_table(source, survey, target, &layout, table, progress).await?;
        // Also of a table that an earlier run has filled: it may have been cut off before this.
        let (numbered, last) = (table.clone(), summary.last_number);
        let is_postgres = target.reader().is_postgres();
        let finished = target.write::<_, DbError, _>(move |connection| {
            Box::pin(async move {
                numbers::set_last_number(connection, &numbered, last).await?;
                if is_postgres {
                    query(statements::analyze(&numbered))
                        .execute(connection)
                        .await?;
                }
                Ok(())
            })
        });
        finished.await?;
    }
    Ok(())
}

async fn copy_table(
    source: &Database,
    survey: &Survey,
    target: &Database,
    target_layout: &Layout,
    table: &Table,
    progress: &mut Progress<'_>,
) -> Result<(), TransferError> {
    let copied: i64 = query_scalar(statements::count(table))
        .fetch_one(target.reader())
        .await?;
    if copied > 0 {
        progress(&table.name, copied.unsigned_abs());
        // One page is all there can be, and was written whole.
        if table.key.is_empty() {
            return Ok(());
        }
    }
    let last: Option<Record> = query(statements::last(target_layout, table))
        .fetch_optional(target.reader())
        .await?;
    let mut pages = Pages::after(source, &survey.layout, table, last);
    loop {
        let page = pages.next().await?;
        if page.is_empty() {
            return Ok(());
        }
        let rows = page.len() as u64;
        write_page(target, table, page).await?;
        progress(&table.name, rows);
    }
}

/// Writes rows in one transaction.
async fn write_page(target: &Database, table: &Table, page: Vec<Record>) -> Result<(), DbError> {
    let table = table.clone();
    let written = target.write(move |connection| {
        Box::pin(async move {
            let mut rows = page.into_iter().peekable();
            while rows.peek().is_some() {
                let group: Vec<_> = rows.by_ref().take(ROWS_PER_INSERT).collect();
                // A text for each number of rows would be one to prepare each time.
                let size = if group.len() < ROWS_PER_INSERT {
                    1
                } else {
                    group.len()
                };
                let mut group = group.into_iter();
                while group.len() > 0 {
                    let mut insert = query(statements::insert(&table, size));
                    for Record(cells) in group.by_ref().take(size) {
                        for (cell, column) in cells.into_iter().zip(&table.columns) {
                            insert = insert.bind(cell.into_value(column.kind));
                        }
                    }
                    insert.execute(&mut *connection).await?;
                }
            }
            Ok(())
        })
    });
    written.await
}

/// Reads all of the target and refuses what is not what the source was. The next run of the move
/// copies it again then.
///
/// # Errors
/// When it differs, or cannot be read.
pub async fn verify(
    survey: &Survey,
    target: &Database,
    progress: &mut Progress<'_>,
) -> Result<(), TransferError> {
    let layout = Layout::read(target).await?;
    for (table, expected) in survey.layout.tables.iter().zip(&survey.tables) {
        let found = summary(target, &layout, table, &mut Vec::new(), progress).await?;
        if found != *expected {
            marks::distrust(target).await?;
            return Err(differs(expected, &found));
        }
    }
    Ok(())
}

/// Makes a target a database as any other, which can be opened by its users.
///
/// # Errors
/// When it cannot be written to.
pub async fn release(target: &Database) -> Result<(), DbError> {
    marks::remove(target).await
}

fn differs(expected: &TableSummary, found: &TableSummary) -> TransferError {
    let reason = if found.rows != expected.rows {
        format!("it has {} rows and not {}", found.rows, expected.rows)
    } else if found.digest != expected.digest {
        "the checksum of its rows is another".to_owned()
    } else {
        "the number that its next row gets is another".to_owned()
    };
    TransferError::Differs {
        table: expected.name.clone(),
        reason,
    }
}

/// Reads a table and notes what another engine could not store.
async fn summary(
    database: &Database,
    layout: &Layout,
    table: &Table,
    faults: &mut Vec<String>,
    progress: &mut Progress<'_>,
) -> Result<TableSummary, TransferError> {
    let mut hasher = blake3::Hasher::new();
    let mut rows = 0;
    let mut pages = Pages::after(database, layout, table, None);
    loop {
        let page = pages.next().await?;
        if page.is_empty() {
            break;
        }
        for row in &page {
            row.0.iter().for_each(|cell| cell.hash(&mut hasher));
            note_faults(table, row, faults);
        }
        rows += page.len() as u64;
        progress(&table.name, page.len() as u64);
    }
    Ok(TableSummary {
        name: table.name.clone(),
        rows,
        digest: hasher.finalize().to_hex().to_string(),
        last_number: numbers::last_number(database, table).await?,
    })
}

fn note_faults(table: &Table, Record(cells): &Record, faults: &mut Vec<String>) {
    for (cell, column) in cells.iter().zip(&table.columns) {
        let Some(fault) = cell.fault(column.kind, column.is_nullable) else {
            continue;
        };
        if faults.len() >= FAULTS_MAX {
            return;
        }
        let order = table.order().into_iter();
        let key =
            order.map(|place| format!("{} = {}", table.columns[place].name, cells[place].shown()));
        let key = key.collect::<Vec<_>>().join(", ");
        faults.push(format!(
            "table {}, row {key}: {} {fault}",
            table.name, column.name
        ));
    }
}
