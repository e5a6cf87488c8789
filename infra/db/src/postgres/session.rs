//! One session with a server, and what is known of it.

use std::io;

use sqlx::FromRow;
use sqlx::postgres::{PgConnection, PgDatabaseError, PgRow, PgSeverity};

use super::TRIP_MAX;
use crate::DbError;

/// A session. Each trip to the server begins with [`begin`](Self::begin) and ends with
/// [`end`](Self::end).
pub(crate) struct Session {
    connection: PgConnection,
    /// Whether a statement failed since the transaction, or its last savepoint, began. The server
    /// refuses everything until that is rolled back.
    has_failed: bool,
    /// Whether a trip has begun whose end nobody has seen, for whatever reason: nothing that comes
    /// from the server now can be distinguished from its reply.
    is_lost: bool,
}

impl Session {
    pub(crate) fn new(connection: PgConnection) -> Self {
        Self {
            connection,
            has_failed: false,
            is_lost: false,
        }
    }

    /// The connection for one trip.
    ///
    /// # Errors
    /// When an earlier trip had no end.
    pub(crate) fn begin(&mut self) -> Result<&mut PgConnection, DbError> {
        if std::mem::replace(&mut self.is_lost, true) {
            let text = "the session with the server was lost before";
            return Err(DbError::Disconnected(io::Error::other(text).into()));
        }
        Ok(&mut self.connection)
    }

    /// Notes what a trip's end says of the session.
    ///
    /// # Errors
    /// The trip's own.
    pub(crate) fn end<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, DbError> {
        let error = match result {
            Ok(value) => {
                self.is_lost = false;
                return Ok(value);
            }
            Err(error) => error,
        };
        if ends_session(&error) {
            return Err(DbError::Disconnected(error));
        }
        self.is_lost = false;
        // What the driver alone refused (a value, a row's type) has not failed on the server.
        self.has_failed |= matches!(error, sqlx::Error::Database(_));
        Err(error.into())
    }

    /// Runs statements that take no values, in one trip, and returns how many rows the first wrote.
    ///
    /// # Errors
    /// When one of them fails; none after it has run.
    pub(crate) async fn run(&mut self, text: impl sqlx::SqlSafeStr) -> Result<u64, DbError> {
        let ran = sqlx::raw_sql(text);
        let counted = first_count(ran, self.begin()?);
        let result = bounded(counted).await;
        self.end(result)
    }

    /// Whether a statement failed in what would be committed.
    pub(crate) const fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// What failed was rolled back.
    pub(crate) fn forgive(&mut self) {
        self.has_failed = false;
    }

    /// Whether nothing more can be asked of it.
    pub(crate) const fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Asks whether the server is still there.
    pub(crate) async fn ping(&mut self) -> Result<(), DbError> {
        let result = bounded(sqlx::Connection::ping(self.begin()?)).await;
        self.end(result)
    }

    /// Takes leave of the server, which then needs not find out.
    pub(crate) async fn close(self) -> Result<(), sqlx::Error> {
        // Its reply could not be told from that of an earlier trip.
        if self.is_lost {
            return Ok(());
        }
        bounded(sqlx::Connection::close(self.connection)).await
    }
}

/// The row of a statement that has one, with at most one value.
pub(crate) async fn one<T>(
    session: &mut Session,
    text: &'static str,
    value: Option<&str>,
) -> Result<T, DbError>
where
    T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    let row = optional(session, text, value).await?;
    row.ok_or_else(|| sqlx::Error::RowNotFound.into())
}

/// The first row of a statement, if it has one, with at most one value.
pub(crate) async fn optional<T>(
    session: &mut Session,
    text: &'static str,
    value: Option<&str>,
) -> Result<Option<T>, DbError>
where
    T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    let mut query = sqlx::query(text);
    if let Some(value) = value {
        query = query.bind(value);
    }
    let result = bounded(query.fetch_optional(session.begin()?)).await;
    match session.end(result)? {
        Some(row) => Ok(Some(T::from_row(&row)?)),
        None => Ok(None),
    }
}

async fn first_count(ran: sqlx::RawSql, connection: &mut PgConnection) -> Result<u64, sqlx::Error> {
    use futures::TryStreamExt as _;
    let mut results = ran.execute_many(connection);
    let mut first = None;
    while let Some(done) = results.try_next().await? {
        first.get_or_insert(done.rows_affected());
    }
    Ok(first.unwrap_or(0))
}

/// A trip that takes too long has failed.
pub(crate) async fn bounded<T>(
    trip: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let ended = tokio::time::timeout(TRIP_MAX, trip).await;
    // An I/O error, which ends the session: the reply may yet come, and would be taken for the next
    // one's.
    ended.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
}

/// Whether there is no session after this error.
fn ends_session(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error
            .try_downcast_ref::<PgDatabaseError>()
            // FATAL or PANIC: the server has closed the session.
            .is_some_and(|error| error.severity() != PgSeverity::Error),
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        _ => false,
    }
}

/// Whether a server that failed to commit says for certain that it has not. A session that is ended
/// while it commits gets an error too, and may have committed.
pub(crate) fn says_not_committed(error: &DbError) -> bool {
    let DbError::Statement(sqlx::Error::Database(error)) = error else {
        return false;
    };
    let Some(error) = error.try_downcast_ref::<PgDatabaseError>() else {
        return false;
    };
    let code = error.code();
    let is_about_the_session = code.starts_with("57") || code.starts_with("08");
    error.severity() == PgSeverity::Error && !is_about_the_session && code != "40003"
}
