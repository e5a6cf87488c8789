//! A connection, and what precedes a statement on it.
//!
//! Beginning a transaction and setting a savepoint return nothing that anybody waits for, so they
//! wait for the first statement after them: a write that sends none costs nothing, and on a server
//! they are one trip.

mod home_session;
mod opening;

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::postgres::{BorrowedSession, Marks, Session};
use crate::sqlite::{self, BorrowedReader, Collect};
use crate::{BoxFuture, DbError, LOCK_WAIT_MAX, SqlText, Value};

use home_session::HomeSession;

pub(crate) use opening::Opening;

/// A connection to a domain's database.
pub struct Connection {
    link: Link,
    /// What precedes the next statement.
    opening: Option<Opening>,
    /// Whether the opening of a transaction was sent, and its end not yet.
    is_open: bool,
    /// Whether a statement of what is open failed. Until that is undone nothing more is sent to
    /// SQLite: the transaction may never have begun, and what follows would stand alone.
    has_failed: bool,
}

enum Link {
    /// The one that writes to a file. Its statements run in the writer's thread, which may wait.
    Own(Box<rusqlite::Connection>),
    /// Reads a file. Rolled back when it is dropped, if it is a snapshot.
    Reading(BorrowedReader),
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
    const fn new(link: Link) -> Self {
        Self {
            link,
            opening: None,
            is_open: false,
            has_failed: false,
        }
    }

    /// The one that writes to a file.
    pub(crate) fn own(connection: rusqlite::Connection) -> Self {
        Self::new(Link::Own(Box::new(connection)))
    }

    /// One that reads a file.
    pub(crate) const fn reading(reader: BorrowedReader) -> Self {
        Self::new(Link::Reading(reader))
    }

    /// A session with a server that only reads.
    pub(crate) const fn borrowed(session: BorrowedSession) -> Self {
        Self::new(Link::Borrowed(session))
    }

    /// The one that writes to a server.
    pub(crate) fn of_home(session: Session, marks: Marks) -> Self {
        Self::new(Link::Home(HomeSession::new(session, marks)))
    }

    /// The one that writes to a file, where this is it.
    fn file(&self) -> Result<&rusqlite::Connection, DbError> {
        match &self.link {
            Link::Own(connection) => Ok(connection),
            Link::Reading(_) | Link::Home(_) | Link::Borrowed(_) => Err(DbError::Closed),
        }
    }

    /// The session with a server, where this is one.
    fn session(&mut self) -> Result<&mut Session, DbError> {
        match &mut self.link {
            Link::Home(home) => Ok(&mut home.session),
            Link::Borrowed(borrowed) => borrowed.session(),
            Link::Own(_) | Link::Reading(_) => Err(DbError::Closed),
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

    /// Closes one that writes to a server.
    pub(crate) fn close(self) -> BoxFuture<'static, Result<(), DbError>> {
        Box::pin(async move {
            match self.link {
                Link::Home(home) => Ok(home.close().await?),
                Link::Own(_) | Link::Reading(_) | Link::Borrowed(_) => Ok(()),
            }
        })
    }

    /// Closes one that writes to a file. It waits for the disk.
    pub(crate) fn close_file(self) -> Result<(), DbError> {
        match self.link {
            Link::Own(connection) => Ok(connection.close().map_err(|(_, error)| error)?),
            Link::Home(_) | Link::Reading(_) | Link::Borrowed(_) => Ok(()),
        }
    }

    /// Moves everything from a file's log into the file and cuts the log to nothing, so that
    /// neither keeps what was deleted. Returns whether it could: it cannot while somebody reads
    /// what the log holds, and waits for them at most so long. It waits for the disk.
    pub(crate) fn checkpoint(&self, wait: Duration) -> Result<bool, DbError> {
        let Link::Own(connection) = &self.link else {
            return Ok(true);
        };
        connection.busy_timeout(wait)?;
        let is_busy: Result<i64, _> =
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
        // Before the result is looked at: a failure restores it, too.
        connection.busy_timeout(LOCK_WAIT_MAX)?;
        Ok(is_busy? == 0)
    }

    /// Has the next statement preceded by this.
    pub(crate) fn open_with(&mut self, opening: Opening) {
        self.opening = Some(opening);
    }

    /// Whether what was to precede the next statement still waits for one.
    pub(crate) const fn is_opening_pending(&self) -> bool {
        self.opening.is_some()
    }

    /// Runs a statement on SQLite, after what precedes it. Values that are refused change nothing:
    /// what was to precede the statement still does so.
    pub(crate) async fn run_on_sqlite<C: Collect>(
        &mut self,
        text: SqlText,
        values: Vec<Value<'_>>,
        mut collect: C,
    ) -> Result<(C, u64), DbError> {
        values.iter().try_for_each(Value::check)?;
        if let Link::Reading(reader) = &mut self.link {
            return reader.run(text, values, collect).await;
        }
        if self.has_failed {
            let text = "a statement of the write failed before, and the write went on";
            return Err(DbError::Refused(text.to_owned()));
        }
        let opening = self.take_opening();
        let statements = opening.map_or(&[][..], Opening::sqlite);
        let file = self.file()?;
        let opened = statements
            .iter()
            .try_for_each(|text| sqlite::run_text(file, text));
        let written = opened.and_then(|()| sqlite::run(file, &text, &values, &mut collect));
        // Outside of a transaction a statement that failed has undone itself.
        self.has_failed = self.is_open && written.is_err();
        Ok((collect, written?))
    }

    /// The session to send a statement to, after what precedes it.
    pub(crate) async fn opened_session(&mut self) -> Result<&mut Session, DbError> {
        if let Some(opening) = self.take_opening() {
            // A trip of its own: the protocol takes no second statement beside one with values.
            self.session()?.run(opening.postgres()).await?;
        }
        self.session()
    }

    /// Commits, if anything was sent since the opening.
    pub(crate) async fn commit(&mut self) -> Result<(), DbError> {
        // What would only open a savepoint is not worth sending.
        self.opening = None;
        if self.is_open {
            if self.is_postgres() {
                self.commit_postgres().await?;
            } else {
                sqlite::run_text(self.file()?, "COMMIT")?;
            }
        }
        // Not after a failure: the rollback that follows has something to undo then.
        self.is_open = false;
        Ok(())
    }

    async fn commit_postgres(&mut self) -> Result<(), DbError> {
        let Link::Home(home) = &mut self.link else {
            return Err(DbError::Closed);
        };
        home.commit().await
    }

    /// Undoes everything since the opening, if anything was sent.
    pub(crate) async fn rollback(&mut self) -> Result<(), DbError> {
        self.opening = None;
        self.has_failed = false;
        // Closed even if this fails: after some failures SQLite has rolled back by itself.
        if std::mem::take(&mut self.is_open) {
            self.undo("ROLLBACK").await?;
        }
        Ok(())
    }

    /// Undoes everything since the last savepoint, if anything was sent.
    pub(crate) async fn rollback_to_savepoint(&mut self) -> Result<(), DbError> {
        if self.opening.is_some() {
            return Ok(());
        }
        self.undo("ROLLBACK TO work").await
    }

    async fn undo(&mut self, text: &'static str) -> Result<(), DbError> {
        if self.is_postgres() {
            let session = self.session()?;
            session.run(text).await?;
            session.forgive();
            return Ok(());
        }
        sqlite::run_text(self.file()?, text)?;
        self.has_failed = false;
        Ok(())
    }

    fn take_opening(&mut self) -> Option<Opening> {
        let opening = self.opening.take();
        self.is_open |= opening.is_some();
        opening
    }
}
