//! How files are opened.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use sqlx::migrate::Migration;

use super::migrate::migrate;
use crate::{DbError, Durability, LOCK_WAIT_MAX, STATEMENTS_KEPT, WAL_BYTES_KEPT};

/// Opens a file to write to it, and makes it when it is not there.
///
/// # Errors
/// When it cannot be opened, or is no database.
fn open_writer(path: &Path, page_cache_kib: u64) -> rusqlite::Result<Connection> {
    // Without SQLite's mutex: only the writer's thread uses it.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(LOCK_WAIT_MAX)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // SQLite counts what is negative in KiB. What is deleted is overwritten: it does not stay in
    // pages that are free.
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; \
         PRAGMA cache_size = -{page_cache_kib}; PRAGMA journal_size_limit = {WAL_BYTES_KEPT}; \
         PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON"
    ))?;
    Ok(connection)
}

/// Opens a file for the writer and brings its schema up to date.
///
/// # Errors
/// When it cannot be opened, or a migration fails.
pub(crate) fn open_migrated(
    path: &Path,
    migrations: &[Migration],
    page_cache_kib: u64,
    durability: Durability,
) -> Result<Connection, DbError> {
    let connection = open_writer(path, page_cache_kib).map_err(|error| DbError::Open {
        path: path.to_owned(),
        source: error.into(),
    })?;
    migrate(&connection, migrations).map_err(|source| DbError::Migrate {
        path: path.to_owned(),
        source: Box::new(source),
    })?;
    // Not before the migrations: a schema that was made stays made.
    if durability == Durability::OnSync {
        connection.execute_batch("PRAGMA synchronous = NORMAL")?;
    }
    Ok(connection)
}

/// How a file is opened for reading.
#[derive(Debug, Clone)]
pub(crate) struct ReadOptions {
    path: PathBuf,
    page_cache_kib: Option<u64>,
    is_immutable: bool,
}

impl ReadOptions {
    /// Beside the writer of this process.
    pub(crate) fn beside_writer(path: &Path, page_cache_kib: u64) -> Self {
        Self {
            path: path.to_owned(),
            page_cache_kib: Some(page_cache_kib),
            is_immutable: false,
        }
    }

    /// By itself. SQLite makes no files beside one that does not change.
    pub(crate) fn alone(path: &Path, is_immutable: bool) -> Self {
        Self {
            path: path.to_owned(),
            page_cache_kib: None,
            is_immutable,
        }
    }

    /// # Errors
    /// When the file is not there, or cannot be opened.
    pub(crate) fn open(&self) -> rusqlite::Result<Connection> {
        // Without SQLite's mutex: a connection is used by one thread at a time.
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = if self.is_immutable {
            let address = format!("file:{}?immutable=1", escaped(&self.path));
            Connection::open_with_flags(address, flags | OpenFlags::SQLITE_OPEN_URI)?
        } else {
            Connection::open_with_flags(&self.path, flags)?
        };
        connection.busy_timeout(LOCK_WAIT_MAX)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        connection.execute_batch("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY")?;
        if let Some(kib) = self.page_cache_kib {
            connection.execute_batch(&format!("PRAGMA cache_size = -{kib}"))?;
        }
        Ok(connection)
    }
}

/// A path within an address.
fn escaped(path: &Path) -> String {
    let mut text = String::new();
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_any_name_is_read_where_it_lies() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("50% of é?immutable=0#x.db");
        let made = open_writer(&path, 256).unwrap();
        made.execute_batch("CREATE TABLE things (id INTEGER)")
            .unwrap();
        made.close().unwrap();
        for is_immutable in [false, true] {
            let opened = ReadOptions::alone(&path, is_immutable).open().unwrap();
            let count: i64 = opened
                .query_row("SELECT count(*) FROM things", [], |row| row.get(0))
                .unwrap();
            assert_eq!(count, 0);
        }
    }
}
