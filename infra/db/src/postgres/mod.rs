//! The PostgreSQL arm: where the server is, sessions with it, and the lease of a domain's home.

mod address;
mod examine;
mod home;
mod inspect;
mod marks;
mod prepare;
mod primaries;
mod readers;
mod replicas;
mod session;
mod url_options;

use std::time::Duration;

use crate::DbError;

pub(crate) use address::Address;
pub use examine::examine_postgres;
pub(crate) use home::{Fenced, Home, Purpose, Restored, prove_home};
pub use inspect::{ReplicaFacts, ServerFacts, inspect_postgres, inspect_replicas, postgres_label};
pub(crate) use marks::Marks;
pub(crate) use readers::{BorrowedSession, Readers};
pub(crate) use replicas::Replicas;
pub(crate) use session::{Session, bounded, one, optional, says_not_committed};

/// How long after its last commit a home shows that it still is the home: several times within the
/// lease.
pub(crate) const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(500);
/// The longest that a statement may run.
const STATEMENT_MAX: Duration = Duration::from_secs(5);
/// The longest wait for a lock of another session: nobody else writes, so there is hardly one.
const LOCK_MAX: Duration = Duration::from_secs(2);
/// The longest that a transaction may wait for its next statement.
const IDLE_TRANSACTION_MAX: Duration = Duration::from_secs(5);
/// The longest wait for a reply. The server ends statements by itself before; what takes longer
/// is a connection that is dead and does not say so.
const TRIP_MAX: Duration = Duration::from_secs(8);
/// The longest that one host may take until it has a session for us.
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// PostgreSQL counts the letters of a name up to here, and ignores the rest.
const NAME_LENGTH_MAX: usize = 63;

/// How a database on a PostgreSQL server is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostgresOptions {
    /// How long to wait for a process that ends to give up being the domain's home, and for a
    /// server that starts.
    pub home_wait: Duration,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            home_wait: Duration::from_secs(5),
        }
    }
}

/// Who a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Writer,
    Reader,
}

/// What a session begins with, as statements for one trip.
///
/// The server looks at its end of the connection itself: a lost client's session, and with it the
/// lease, ends some five seconds later at most. No `jit`: statements are short.
fn session_settings(schema: &str, role: Role) -> String {
    let read_only = match role {
        Role::Writer => "off",
        Role::Reader => "on",
    };
    let settings = [
        ("search_path", format!("\"{schema}\"")),
        ("statement_timeout", millis(STATEMENT_MAX)),
        ("lock_timeout", millis(LOCK_MAX)),
        (
            "idle_in_transaction_session_timeout",
            millis(IDLE_TRANSACTION_MAX),
        ),
        (
            "default_transaction_isolation",
            "'read committed'".to_owned(),
        ),
        ("default_transaction_read_only", read_only.to_owned()),
        ("client_connection_check_interval", "500".to_owned()),
        ("tcp_keepalives_idle", "2".to_owned()),
        ("tcp_keepalives_interval", "1".to_owned()),
        ("tcp_keepalives_count", "3".to_owned()),
        ("tcp_user_timeout", "5000".to_owned()),
        ("client_min_messages", "warning".to_owned()),
        ("jit", "off".to_owned()),
    ];
    let statements = settings.map(|(name, value)| format!("SET {name} = {value}; "));
    statements.concat()
}

fn millis(duration: Duration) -> String {
    duration.as_millis().to_string()
}

/// A domain's schema is named by a plain word, so that it needs no quoting anywhere.
pub(crate) fn check_schema(schema: &str) -> Result<(), DbError> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let begins_plain = schema.starts_with(|first: char| first.is_ascii_lowercase());
    if begins_plain && schema.len() <= NAME_LENGTH_MAX && schema.bytes().all(is_plain) {
        return Ok(());
    }
    Err(DbError::Address(format!(
        "{schema:?} cannot be the name of a schema: it is small letters, digits and '_', beginning with a letter, at most {NAME_LENGTH_MAX}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_have_plain_names() {
        for good in ["posts", "media_2", "a"] {
            check_schema(good).unwrap();
        }
        let long = "a".repeat(64);
        for bad in [
            "",
            "Posts",
            "_x",
            "1a",
            "a-b",
            "a\"b",
            "a;b",
            "ä",
            long.as_str(),
        ] {
            check_schema(bad).unwrap_err();
        }
    }
}
