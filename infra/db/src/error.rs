//! What can go wrong with a database, and how that looks from outside a domain.

use std::path::PathBuf;

use infra_kernel::{Error, ErrorCode};

/// A failure of the database itself.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The file could not be opened.
    #[error("the database {path} could not be opened")]
    Open {
        /// The path of the file.
        path: PathBuf,
        /// The underlying error.
        #[source]
        source: sqlx::Error,
    },
    /// The schema could not be brought up to date.
    #[error("the database {path} could not be migrated")]
    Migrate {
        /// The path of the file.
        path: PathBuf,
        /// The underlying error.
        #[source]
        source: Box<sqlx::migrate::MigrateError>,
    },
    /// A statement failed.
    #[error("a statement failed")]
    Statement(#[from] sqlx::Error),
    /// The group that a write was part of could not be committed.
    #[error("the transaction was not committed: {0}")]
    NotCommitted(String),
    /// The group that a write was part of could not be committed because the disk is full.
    #[error("the transaction was not committed: the disk is full")]
    Full,
    /// The database is being closed.
    #[error("the database is closed")]
    Closed,
}

impl DbError {
    /// Whether a unique constraint refused the write.
    #[must_use]
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Statement(sqlx::Error::Database(error)) if error.is_unique_violation())
    }

    /// Whether the disk is full, so that what was to be written was not.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::Full => true,
            Self::Statement(statement) => is_full(statement),
            _ => false,
        }
    }

    /// Whether the same write may succeed later: the file is locked, the disk is full, the server
    /// is stopping.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NotCommitted(_)
            | Self::Full
            | Self::Closed
            | Self::Statement(sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed) => true,
            Self::Statement(sqlx::Error::Database(error)) => {
                is_transient_code(error.code().as_deref())
            }
            _ => false,
        }
    }
}

/// Whether SQLite says that the disk is full.
pub(crate) fn is_full(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else {
        return false;
    };
    primary_code(error.code().as_deref()) == Some(FULL)
}

/// Whether an error, or one that caused it, is that the disk is full.
pub(crate) fn is_because_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let of_statement = error.downcast_ref::<sqlx::Error>();
        let of_database = error.downcast_ref::<DbError>();
        if of_statement.is_some_and(is_full) || of_database.is_some_and(DbError::is_full) {
            return true;
        }
        next = error.source();
    }
    false
}

/// SQLite's primary result code for a full disk.
const FULL: u32 = 13;

/// SQLite's primary result codes that can pass: BUSY, LOCKED, IOERR, FULL. The low byte of an
/// extended code is its primary (sqlite.org/rescode.html).
fn is_transient_code(code: Option<&str>) -> bool {
    matches!(primary_code(code), Some(5 | 6 | 10 | FULL))
}

fn primary_code(code: Option<&str>) -> Option<u32> {
    code?.parse::<u32>().ok().map(|code| code & 0xff)
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        if error.is_full() {
            Self::storage_full().with_source(error)
        } else if error.is_transient() {
            Self::new(
                ErrorCode::Unavailable,
                "This server cannot store or read anything just now. Please try again soon.",
            )
            .with_source(error)
        } else {
            Self::internal(error)
        }
    }
}
