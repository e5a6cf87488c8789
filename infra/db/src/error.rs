//! What can go wrong with a database, and how that looks from outside a domain.

use std::path::PathBuf;

use infra_kernel::{Error, ErrorCode};
use infra_resilience::LeaseExpired;
use sqlx::postgres::PgDatabaseError;

/// A failure of the database itself.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The file could not be opened.
    #[error("the database {path} could not be opened")]
    Open {
        /// The path of the file.
        path: PathBuf,
        /// What the system, SQLite or the session said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Where the database should be is not understood.
    #[error("{0}")]
    Address(String),
    /// The server has no session for us.
    #[error("there is no connection to the database {database}")]
    Connect {
        /// The database, without account and password.
        database: String,
        /// What the driver said of the last host that was tried.
        #[source]
        source: sqlx::Error,
    },
    /// The server, or the database there, is one that cannot be used.
    #[error("the database {database} cannot be used: {reason}")]
    Server {
        /// The database, without account and password.
        database: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No host has the role that is asked for, as while a standby is being promoted.
    #[error("the database {database} cannot be used: {reason}")]
    Role {
        /// The database, without account and password.
        database: String,
        /// Which role they have.
        reason: &'static str,
    },
    /// Another process is the domain's home.
    #[error("another process is the home of the database {database}; only one can write to it")]
    HeldElsewhere {
        /// The database and its schema, without account and password.
        database: String,
    },
    /// The schema could not be brought up to date.
    #[error("the database {path} could not be migrated")]
    Migrate {
        /// The path of the file, or the database on a server and its schema.
        path: PathBuf,
        /// Which migration failed or is not known, and why.
        #[source]
        source: Box<sqlx::migrate::MigrateError>,
    },
    /// A statement failed on a server.
    #[error("a statement failed")]
    Statement(#[from] sqlx::Error),
    /// A statement failed on SQLite.
    #[error("a statement failed")]
    Sqlite(#[from] rusqlite::Error),
    /// A statement returned a row without a column that is read. A fault of the program.
    #[error("a statement returns no column {0}")]
    NoColumn(&'static str),
    /// A statement returned no row where there is always one.
    #[error("a statement returned no row")]
    NoRow,
    /// A statement has fewer values than places. A fault of the program.
    #[error("{values} values for the {places} places of: {text}")]
    Values {
        /// How many values it has.
        values: usize,
        /// How many places its text has: the highest number behind a `$`.
        places: usize,
        /// The statement's text, without the values.
        text: String,
    },
    /// No connection became free to read with in time.
    #[error("no connection to the database became free in time")]
    NoReader,
    /// What was committed could not be made durable.
    #[error("what was committed could not be written to the disk")]
    Sync(#[source] std::io::Error),
    /// The group that a write was part of could not be committed. Another try may succeed: what was
    /// in its way was another write of the group, or passes.
    #[error("the transaction was not committed: {0}")]
    NotCommitted(String),
    /// A write was undone for what another try would meet again: the database refused the commit of
    /// this write alone, its work panicked, or went on after one of its statements had failed.
    #[error("the write was undone: {0}")]
    Refused(String),
    /// The group that a write was part of could not be committed because the disk is full.
    #[error("the transaction was not committed: the disk is full")]
    Full,
    /// A text has U+0000 in it, which not every engine stores.
    #[error("a text contains the character U+0000")]
    NulInText,
    /// What was to be written is nothing that can be stored, by a rule of who writes it.
    #[error("what was to be written cannot be stored")]
    Value(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The session with the server was lost, or could not be used in time.
    #[error("the session with the database server was lost")]
    Disconnected(#[source] sqlx::Error),
    /// The server was lost while it committed, and did not come back in time to say whether it has.
    /// The commit's hooks run later if it has.
    #[error("the database server was lost, and whether the transaction is committed is not known")]
    Undecided,
    /// Nobody knows whether this process is still the domain's home.
    #[error("the database cannot be read just now")]
    LeaseExpired(#[from] LeaseExpired),
    /// This process is not the domain's home any more.
    #[error("this process is no longer the home of the database")]
    HomeLost,
    /// The database is being closed.
    #[error("the database is closed")]
    Closed,
}

impl DbError {
    /// Whether a unique constraint refused the write.
    #[must_use]
    pub fn is_unique_violation(&self) -> bool {
        match self {
            Self::Statement(sqlx::Error::Database(error)) => error.is_unique_violation(),
            Self::Sqlite(error) => {
                let code = error.sqlite_error().map(|error| error.extended_code);
                code.is_some_and(|code| UNIQUE_ON_SQLITE.contains(&code))
            }
            _ => false,
        }
    }

    /// Whether the disk is full, so that what was to be written was not.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::Full => true,
            Self::Statement(error) => is_full(error),
            Self::Sqlite(error) => is_full_on_sqlite(error),
            _ => false,
        }
    }

    /// Whether the same write may succeed later: the file is locked, the disk is full, the server
    /// is stopping or away.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            // A lost home, too: this process ends then, and the next one can be asked.
            Self::NotCommitted(_)
            | Self::Disconnected(_)
            | Self::Role { .. }
            | Self::Undecided
            | Self::LeaseExpired(_)
            | Self::HomeLost
            | Self::Full
            | Self::NoReader
            | Self::Closed
            | Self::Statement(sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed) => true,
            // Not whatever was said: a wrong password does not become right by waiting.
            Self::Connect { source, .. } => {
                matches!(source, sqlx::Error::Io(_)) || is_transient(source)
            }
            Self::Statement(error) => is_transient(error),
            Self::Sqlite(error) => {
                primary_code(error).is_some_and(|code| TRANSIENT_OF_SQLITE.contains(&code))
            }
            _ => false,
        }
    }
}

/// Whether a server says that its disk is full.
fn is_full(error: &sqlx::Error) -> bool {
    state(error) == Some(DISK_FULL)
}

fn is_full_on_sqlite(error: &rusqlite::Error) -> bool {
    primary_code(error) == Some(FULL)
}

fn is_transient(error: &sqlx::Error) -> bool {
    state(error).is_some_and(|state| {
        let is_of = |class: &&str| state.starts_with(class);
        TRANSIENT_CLASSES.iter().any(is_of) || TRANSIENT.contains(&state)
    })
}

/// What the engine, or its driver, said in an error or in one that caused it.
pub(crate) fn database_cause(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        // Our own wrappers say less than what they wrap.
        if error.is::<sqlx::Error>() || error.is::<rusqlite::Error>() {
            return Some(error.to_string());
        }
        next = error.source();
    }
    None
}

/// Whether an error, or one that caused it, is that the disk is full.
pub(crate) fn is_because_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let of_server = error.downcast_ref::<sqlx::Error>().is_some_and(is_full);
        let of_sqlite = error.downcast_ref().is_some_and(is_full_on_sqlite);
        if of_server || of_sqlite || error.downcast_ref().is_some_and(DbError::is_full) {
            return true;
        }
        next = error.source();
    }
    false
}

/// Primary result codes (sqlite.org/rescode.html).
const FULL: i32 = 13;
/// BUSY, LOCKED, NOMEM, IOERR, FULL, CANTOPEN and PROTOCOL, which is a lock of the log again.
const TRANSIENT_OF_SQLITE: [i32; 7] = [5, 6, 7, 10, FULL, 14, 15];
/// Extended ones: of a primary key, and of another that is unique.
const UNIQUE_ON_SQLITE: [i32; 2] = [1555, 2067];

/// SQLSTATEs (postgresql.org/docs/current/errcodes-appendix.html).
const DISK_FULL: &str = "53100";
/// Connections, transactions that were rolled back for another's sake, resources, and a server that
/// stops or starts.
const TRANSIENT_CLASSES: [&str; 4] = ["08", "40", "53", "57P"];
/// A lock that was not free in time, and a statement that took too long.
const TRANSIENT: [&str; 2] = ["55P03", "57014"];

/// What a server calls its failure.
fn state(error: &sqlx::Error) -> Option<&str> {
    let sqlx::Error::Database(error) = error else {
        return None;
    };
    Some(error.try_downcast_ref::<PgDatabaseError>()?.code())
}

/// What SQLite calls its failure: the low byte of an extended code.
fn primary_code(error: &rusqlite::Error) -> Option<i32> {
    Some(error.sqlite_error()?.extended_code & 0xff)
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        if matches!(error, DbError::NulInText) {
            Self::new(
                ErrorCode::Invalid,
                "A text in this request contains the character U+0000, which cannot be stored.",
            )
            .with_source(error)
        } else if error.is_full() {
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
