//! A connection, and how statements that belong together share a trip to it.
//!
//! Each text that is sent is a trip to the thread that SQLite runs in, and back. Beginning a
//! transaction and setting a savepoint return nothing that anybody waits for, so they travel with
//! the first statement after them; and what need not be waited for travels with the commit.

mod joined;

use std::fmt;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{SqlStr, Sqlite, Transaction};

use crate::value::arguments;
use crate::{DbError, SqlText, Value};

use joined::JoinedTexts;

/// The most statements that wait for one commit: it bounds the text that they are joined into.
const DEFERRED_MAX: usize = 16;

/// A connection to a domain's database.
pub struct Connection {
    link: Link,
    /// What precedes the next statement.
    opening: Option<&'static str>,
    /// What runs with the commit, and its values one after the other.
    deferred: Vec<SqlText>,
    values: Vec<Value<'static>>,
    /// Whether the opening of a transaction was sent, and its end not yet.
    is_open: bool,
    joined: JoinedTexts,
}

enum Link {
    Own(SqliteConnection),
    Pooled(PoolConnection<Sqlite>),
    /// Rolled back when it is dropped.
    Snapshot(Transaction<'static, Sqlite>),
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl From<SqliteConnection> for Connection {
    fn from(connection: SqliteConnection) -> Self {
        Self::new(Link::Own(connection))
    }
}

impl From<PoolConnection<Sqlite>> for Connection {
    fn from(connection: PoolConnection<Sqlite>) -> Self {
        Self::new(Link::Pooled(connection))
    }
}

impl From<Transaction<'static, Sqlite>> for Connection {
    fn from(transaction: Transaction<'static, Sqlite>) -> Self {
        Self::new(Link::Snapshot(transaction))
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
            joined: JoinedTexts::default(),
        }
    }

    pub(crate) fn sqlite(&mut self) -> &mut SqliteConnection {
        match &mut self.link {
            Link::Own(connection) => connection,
            Link::Pooled(connection) => connection,
            Link::Snapshot(transaction) => transaction,
        }
    }

    /// Closes a connection that is not of a pool.
    pub(crate) async fn close(self) -> Result<(), sqlx::Error> {
        match self.link {
            Link::Own(connection) => sqlx::Connection::close(connection).await,
            Link::Pooled(_) | Link::Snapshot(_) => Ok(()),
        }
    }

    /// Has the next statement preceded by this one. It takes no values and returns nothing.
    pub(crate) fn open_with(&mut self, opening: &'static str) {
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

    /// The text to send for a statement: with what precedes it. What was deferred until now is run
    /// first.
    pub(crate) async fn opened(&mut self, text: SqlText) -> Result<SqlStr, DbError> {
        self.flush().await?;
        let opening = self.take_opening();
        Ok(self.joined.join(opening, &[text], None).into_sqlx())
    }

    /// Keeps a statement for the end of the write.
    pub(crate) async fn defer(
        &mut self,
        text: SqlText,
        values: Vec<Value<'_>>,
    ) -> Result<(), DbError> {
        if self.deferred.len() >= DEFERRED_MAX {
            self.flush().await?;
        }
        let values = values.into_iter().map(Value::into_owned);
        self.values.extend(values);
        self.deferred.push(text);
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), DbError> {
        if self.deferred.is_empty() {
            return Ok(());
        }
        self.send_deferred(None).await
    }

    /// Runs what was deferred, if anything was, and then this, in one trip.
    pub(crate) async fn finish_with(&mut self, ending: &'static str) -> Result<(), DbError> {
        self.send_deferred(Some(ending)).await
    }

    async fn send_deferred(&mut self, ending: Option<&'static str>) -> Result<(), DbError> {
        let opening = self.take_opening();
        let text = self.joined.join(opening, &self.deferred, ending);
        self.deferred.clear();
        let arguments = arguments(std::mem::take(&mut self.values))?;
        Ok(self.run(text, arguments).await?)
    }

    /// Commits, if anything was sent since the opening.
    pub(crate) async fn commit(&mut self) -> Result<(), DbError> {
        if self.is_open || self.has_deferred() {
            // What would only open a savepoint is not worth sending.
            if self.is_open && !self.has_deferred() {
                self.opening = None;
            }
            self.finish_with("COMMIT").await?;
        }
        self.opening = None;
        self.is_open = false;
        Ok(())
    }

    /// Undoes everything since the opening, if anything was sent.
    pub(crate) async fn rollback(&mut self) -> Result<(), sqlx::Error> {
        self.forget_deferred();
        self.opening = None;
        if std::mem::take(&mut self.is_open) {
            self.run("ROLLBACK".into(), SqliteArguments::default())
                .await?;
        }
        Ok(())
    }

    /// Undoes everything since the last savepoint, if anything was sent.
    pub(crate) async fn rollback_to(&mut self, savepoint: &'static str) -> Result<(), sqlx::Error> {
        self.forget_deferred();
        if self.opening.is_some() {
            return Ok(());
        }
        self.run(savepoint.into(), SqliteArguments::default()).await
    }

    fn take_opening(&mut self) -> Option<&'static str> {
        let opening = self.opening.take();
        self.is_open |= opening.is_some();
        opening
    }

    fn forget_deferred(&mut self) {
        self.deferred.clear();
        self.values.clear();
    }

    async fn run(&mut self, text: SqlText, arguments: SqliteArguments) -> Result<(), sqlx::Error> {
        let query = sqlx::query_with(text.into_sqlx(), arguments);
        query.execute(self.sqlite()).await.map(|_| ())
    }
}
