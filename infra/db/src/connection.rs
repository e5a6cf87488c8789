//! A connection, and how statements that belong together share a trip to it.
//!
//! Each text that is sent is a trip, to the thread that SQLite runs in or to a server, and back.
//! Beginning a transaction and setting a savepoint return nothing that anybody waits for, so on
//! SQLite they travel with the first statement after them; and what need not be waited for travels
//! with the commit. A server takes values with one statement only, so there they are trips of their
//! own, as few as possible.

mod home_session;
mod joined;
mod opening;

use std::fmt;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{SqlStr, Sqlite, Transaction};
use tokio::time::Instant;

use crate::postgres::{BorrowedSession, Marks, Session, bounded};
use crate::value::{postgres_arguments, sqlite_arguments};
use crate::{DbError, SqlText, Value};

use home_session::HomeSession;
use joined::JoinedTexts;

pub(crate) use opening::Opening;

/// The most statements that wait for one commit: it bounds the text that they are joined into.
const DEFERRED_MAX: usize = 16;

/// A connection to a domain's database.
pub struct Connection {
    link: Link,
    /// What precedes the next statement.
    opening: Option<Opening>,
    /// What runs with the commit, and its values one after the other.
    deferred: Vec<SqlText>,
    values: Vec<Value<'static>>,
    /// Whether the opening of a transaction was sent, and its end not yet.
    is_open: bool,
    /// Whether a statement of what is open failed, or nobody saw how it ended. Until that is undone
    /// nothing more is sent to SQLite: the transaction may never have begun, and what follows would
    /// stand alone.
    has_failed: bool,
    joined: JoinedTexts,
}

enum Link {
    Own(SqliteConnection),
    Pooled(PoolConnection<Sqlite>),
    /// Rolled back when it is dropped.
    Snapshot(Transaction<'static, Sqlite>),
    Home(HomeSession),
    /// Rolled back when it is dropped, if it is a snapshot.
    Borrowed(BorrowedSession),
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl Connection {
    fn new(link: Link) -> Self {
        Self {
            link,
            opening: None,
            deferred: Vec::new(),
            values: Vec::new(),
            is_open: false,
            has_failed: false,
            joined: JoinedTexts::default(),
        }
    }

    /// One of SQLite's that is not of a pool.
    pub(crate) fn own(connection: SqliteConnection) -> Self {
        Self::new(Link::Own(connection))
    }

    /// One of SQLite's pool.
    pub(crate) fn pooled(connection: PoolConnection<Sqlite>) -> Self {
        Self::new(Link::Pooled(connection))
    }

    /// One of SQLite's pool that sees one moment.
    pub(crate) fn snapshot(transaction: Transaction<'static, Sqlite>) -> Self {
        Self::new(Link::Snapshot(transaction))
    }

    /// A session with a server that only reads.
    pub(crate) fn borrowed(session: BorrowedSession) -> Self {
        Self::new(Link::Borrowed(session))
    }

    /// The one that writes to a server.
    pub(crate) fn of_home(session: Session, marks: Marks) -> Self {
        Self::new(Link::Home(HomeSession::new(session, marks)))
    }

    /// SQLite's own connection, where this is one.
    ///
    /// # Errors
    /// When it is a session with a server.
    pub(crate) fn sqlite(&mut self) -> Result<&mut SqliteConnection, DbError> {
        match &mut self.link {
            Link::Own(connection) => Ok(connection),
            Link::Pooled(connection) => Ok(connection),
            Link::Snapshot(transaction) => Ok(transaction),
            Link::Home(_) | Link::Borrowed(_) => Err(DbError::Closed),
        }
    }

    /// The session with a server, where this is one.
    fn session(&mut self) -> Result<&mut Session, DbError> {
        match &mut self.link {
            Link::Home(home) => Ok(&mut home.session),
            Link::Borrowed(borrowed) => borrowed.session(),
            Link::Own(_) | Link::Pooled(_) | Link::Snapshot(_) => Err(DbError::Closed),
        }
    }

    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(&self.link, Link::Home(_) | Link::Borrowed(_))
    }

    /// Whether a statement failed that the engine cannot go on after, and is not rolled back yet.
    pub(crate) const fn has_failed(&self) -> bool {
        match &self.link {
            Link::Home(home) => home.session.has_failed(),
            _ => self.has_failed,
        }
    }

    /// Whether the session was lost, so that nothing can be written through it any more.
    pub(crate) const fn is_lost(&self) -> bool {
        match &self.link {
            Link::Home(home) => home.session.is_lost() || home.undecided.is_some(),
            _ => false,
        }
    }

    /// The mark of the group whose commit was sent and whose result is not known.
    pub(crate) const fn undecided(&self) -> Option<i64> {
        match &self.link {
            Link::Home(home) => home.undecided,
            _ => None,
        }
    }

    /// What the home has committed, without the session.
    pub(crate) fn into_marks(self) -> Marks {
        match self.link {
            Link::Home(home) => home.marks,
            _ => Marks::default(),
        }
    }

    /// When the home has to show that it still is it; never on SQLite.
    pub(crate) fn heartbeat_at(&self) -> Option<Instant> {
        match &self.link {
            Link::Home(home) => Some(home.heartbeat_at().into()),
            _ => None,
        }
    }

    /// Shows that the home still is it, by a commit. To be called between two writes.
    pub(crate) async fn heartbeat(&mut self) -> Result<(), DbError> {
        match &mut self.link {
            Link::Home(home) => home.heartbeat().await,
            _ => Ok(()),
        }
    }

    /// Closes a connection that is not of a pool.
    pub(crate) async fn close(self) -> Result<(), sqlx::Error> {
        match self.link {
            Link::Own(connection) => sqlx::Connection::close(connection).await,
            Link::Home(home) => home.close().await,
            Link::Pooled(_) | Link::Snapshot(_) | Link::Borrowed(_) => Ok(()),
        }
    }

    /// Has the next statement preceded by this.
    pub(crate) fn open_with(&mut self, opening: Opening) {
        self.opening = Some(opening);
    }

    /// Whether what was to precede the next statement still waits for one.
    pub(crate) const fn is_opening_pending(&self) -> bool {
        self.opening.is_some()
    }

    /// Whether a statement that runs with the commit waits for it.
    pub(crate) fn has_deferred(&self) -> bool {
        !self.deferred.is_empty()
    }

    /// The text to send to SQLite for a statement: with what precedes it. What was deferred until
    /// now is run first.
    pub(crate) async fn opened(&mut self, text: SqlText) -> Result<SqlStr, DbError> {
        self.flush().await?;
        Ok(self.join(&[text], None)?.into_sqlx())
    }

    /// The session to send a statement to, after what precedes it and what was deferred until now.
    pub(crate) async fn opened_session(&mut self) -> Result<&mut Session, DbError> {
        self.flush().await?;
        self.send_opening().await?;
        self.session()
    }

    /// Keeps a statement for the end of the write.
    pub(crate) async fn defer(
        &mut self,
        text: SqlText,
        values: Vec<Value<'_>>,
    ) -> Result<(), DbError> {
        // Now, so that it is this write's failure and no other's.
        values.iter().try_for_each(Value::check)?;
        if self.deferred.len() >= DEFERRED_MAX {
            self.flush().await?;
        }
        // Joined texts count their values through, so one too few would be its neighbour's.
        text.check_places(values.len())?;
        self.deferred.push(text);
        let values = values.into_iter().map(Value::into_owned);
        self.values.extend(values);
        // Outside a write there is no commit to wait for.
        let is_in_write = self.is_open || self.opening.is_some();
        if is_in_write {
            Ok(())
        } else {
            self.flush().await
        }
    }

    async fn flush(&mut self) -> Result<(), DbError> {
        if self.deferred.is_empty() {
            return Ok(());
        }
        if self.is_postgres() {
            return self.flush_to_server().await;
        }
        self.send_deferred(None).await
    }

    /// A trip for each: a server takes values with one statement only.
    async fn flush_to_server(&mut self) -> Result<(), DbError> {
        let mut values = std::mem::take(&mut self.values).into_iter();
        let texts = std::mem::take(&mut self.deferred);
        self.send_opening().await?;
        let session = self.session()?;
        for text in texts {
            let own = values.by_ref().take(text.places()).collect();
            let arguments = postgres_arguments(own)?;
            let query = sqlx::query_with(text.into_sqlx(), arguments);
            let result = bounded(query.execute(session.begin()?)).await;
            session.end(result)?;
        }
        Ok(())
    }

    async fn send_deferred(&mut self, ending: Option<&'static str>) -> Result<(), DbError> {
        let deferred = std::mem::take(&mut self.deferred);
        let arguments = sqlite_arguments(std::mem::take(&mut self.values))?;
        let text = self.join(&deferred, ending)?;
        self.run(text, arguments).await
    }

    /// Runs what was deferred, if anything was, and releases the savepoint: on SQLite in one trip.
    pub(crate) async fn release(&mut self) -> Result<(), DbError> {
        const RELEASE: &str = "RELEASE work";
        if !self.is_postgres() {
            return self.send_deferred(Some(RELEASE)).await;
        }
        self.opened_session().await?.run(RELEASE).await.map(drop)
    }

    /// Commits, if anything was sent since the opening.
    pub(crate) async fn commit(&mut self) -> Result<(), DbError> {
        if self.is_open || self.has_deferred() {
            // What would only open a savepoint is not worth sending.
            if self.is_open && !self.has_deferred() {
                self.opening = None;
            }
            if self.is_postgres() {
                self.commit_postgres().await?;
            } else {
                self.send_deferred(Some("COMMIT")).await?;
            }
        }
        self.opening = None;
        self.is_open = false;
        Ok(())
    }

    async fn commit_postgres(&mut self) -> Result<(), DbError> {
        self.flush().await?;
        let Link::Home(home) = &mut self.link else {
            return Err(DbError::Closed);
        };
        home.commit().await
    }

    /// Undoes everything since the opening, if anything was sent.
    pub(crate) async fn rollback(&mut self) -> Result<(), DbError> {
        self.forget_deferred();
        self.opening = None;
        self.has_failed = false;
        if std::mem::take(&mut self.is_open) {
            self.undo("ROLLBACK").await?;
        }
        Ok(())
    }

    /// Undoes everything since the last savepoint, if anything was sent.
    pub(crate) async fn rollback_to_savepoint(&mut self) -> Result<(), DbError> {
        self.forget_deferred();
        if self.opening.is_some() {
            return Ok(());
        }
        self.undo("ROLLBACK TO work").await
    }

    async fn undo(&mut self, text: &'static str) -> Result<(), DbError> {
        if !self.is_postgres() {
            return self.run(text.into(), SqliteArguments::default()).await;
        }
        let session = self.session()?;
        session.run(text).await?;
        session.forgive();
        Ok(())
    }

    /// One text for SQLite of what precedes these statements, them, and what follows. What is open
    /// counts as failed until somebody has seen how the text ended ([`end`](Self::end)).
    fn join(
        &mut self,
        statements: &[SqlText],
        ending: Option<&'static str>,
    ) -> Result<SqlText, DbError> {
        if self.has_failed {
            let text = "a statement of the write failed before, and the write went on";
            return Err(DbError::NotCommitted(text.to_owned()));
        }
        let opening = self.take_opening().map(Opening::sqlite);
        self.has_failed = self.is_open;
        Ok(self.joined.join(opening, statements, ending))
    }

    /// Notes how a text that was sent to SQLite ended.
    ///
    /// # Errors
    /// The text's own.
    pub(crate) fn end<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, DbError> {
        self.has_failed &= result.is_err();
        Ok(result?)
    }

    async fn send_opening(&mut self) -> Result<(), DbError> {
        if let Some(opening) = self.take_opening() {
            self.session()?.run(opening.postgres()).await?;
        }
        Ok(())
    }

    fn take_opening(&mut self) -> Option<Opening> {
        let opening = self.opening.take();
        self.is_open |= opening.is_some();
        opening
    }

    fn forget_deferred(&mut self) {
        self.deferred.clear();
        self.values.clear();
    }

    async fn run(&mut self, text: SqlText, arguments: SqliteArguments) -> Result<(), DbError> {
        let query = sqlx::query_with(text.into_sqlx(), arguments);
        let result = query.execute(self.sqlite()?).await;
        self.end(result).map(drop)
    }
}
