//! Reads a table in the order of its key, a page at a time.

use super::TransferError;
use super::cell::Record;
use super::layout::{Layout, Table};
use super::statements;
use crate::{Database, query};

/// The most rows in a page. From a server they come together, so with the size of a row this
/// bounds what is in memory.
const PAGE_ROWS_MAX: usize = 1_000;
/// A page ends with the row that makes it larger than this.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The rows of one table that are still to be read.
pub(super) struct Pages<'d> {
    database: &'d Database,
    layout: &'d Layout,
    table: &'d Table,
    /// The last row that was read.
    after: Option<Record>,
    is_done: bool,
}

impl<'d> Pages<'d> {
    /// All of them, or those after a row.
    pub(super) const fn after(
        database: &'d Database,
        layout: &'d Layout,
        table: &'d Table,
        after: Option<Record>,
    ) -> Self {
        Self {
            database,
            layout,
            table,
            after,
            is_done: false,
        }
    }

    /// The next ones; empty at the end.
    pub(super) async fn next(&mut self) -> Result<Vec<Record>, TransferError> {
        if self.is_done {
            return Ok(Vec::new());
        }
        let mut page = query(statements::page(
            self.layout,
            self.table,
            self.after.is_none(),
        ));
        if let Some(Record(cells)) = &self.after {
            for column in &self.table.key {
                let kind = self.table.columns[*column].kind;
                page = page.bind(cells[*column].clone().into_value(kind));
            }
        }
        let page = page.bind(PAGE_ROWS_MAX as i64);
        let mut bytes = 0;
        let is_last = move |row: &Record| {
            bytes += row.bytes();
            bytes >= PAGE_BYTES_MAX
        };
        let reader = self.database.reader();
        let rows = page.fetch_until(reader, is_last).await?;
        // Counted again: the closure has a count of its own.
        let bytes: usize = rows.iter().map(Record::bytes).sum();
        // A page that ended at a bound may have another one behind it.
        self.is_done = rows.len() < PAGE_ROWS_MAX && bytes < PAGE_BYTES_MAX;
        if self.table.key.is_empty() {
            self.end_without_key(rows.len())?;
        }
        if let Some(last) = rows.last() {
            self.after = Some(last.clone());
        }
        Ok(rows)
    }

    /// Without a key nothing says where a second page begins.
    fn end_without_key(&mut self, rows: usize) -> Result<(), TransferError> {
        if self.is_done {
            return Ok(());
        }
        Err(TransferError::Layout {
            table: self.table.name.clone(),
            reason: format!("has no key and {rows} rows or more, which cannot be moved"),
        })
    }
}
