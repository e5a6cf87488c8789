//! Looks a database over without changing it: for an operator's check-up.

use std::path::Path;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use crate::DbError;

/// What a look at a database found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The file's size, in bytes, without its write-ahead log.
    pub bytes: u64,
    /// What SQLite's own check says; "ok" when all is well.
    pub integrity: String,
}

/// Opens the file read-only and runs SQLite's `quick_check`: every page is read once.
///
/// # Errors
/// When the file is not there, cannot be read, or is no database.
pub async fn inspect(path: &Path) -> Result<Inspection, DbError> {
    let failed = |source| DbError::Open {
        path: path.to_owned(),
        source,
    };
    let bytes = std::fs::metadata(path)
        .map_err(|error| failed(error.into()))?
        .len();
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .connect()
        .await
        .map_err(failed)?;
    let integrity = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(&mut connection)
        .await
        .map_err(failed)?;
    sqlx::Connection::close(connection).await.map_err(failed)?;
    Ok(Inspection { bytes, integrity })
}
