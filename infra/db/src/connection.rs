//! A connection, and how statements that belong together share a trip to it.
//!
//! Each text that is sent is a trip to the thread that SQLite runs in, and back. Beginning a
//! transaction and setting a savepoint return nothing that anybody waits for, so they travel with
//! the first statement after them; and what need not be waited for travels with the commit.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{SqlStr, Sqlite, Transaction};

use crate::{DbError, SqlText};

/// A connection to a domain's database.
pub struct Connection {
    link: Link,
    /// What precedes the next statement.
    opening: Option<&'static str>,
    /// What runs with the commit.
    deferred: Option<(SqlText, SqliteArguments)>,
    /// Whether the opening of a transaction was sent, and its end not yet.
    is_open: bool,
    /// Texts that were put together before. There are as many as statements in the source.
    joined: HashMap<(&'static str, &'static str), Arc<str>>,
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
            deferred: None,
            is_open: false,
            joined: HashMap::new(),
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
    pub(crate) const fn has_deferred(&self) -> bool {
        self.deferred.is_some()
    }

    /// The text to send for a statement: with what precedes it. What was deferred until now is run
    /// first.
    pub(crate) async fn opened(&mut self, text: SqlText) -> Result<SqlStr, sqlx::Error> {
        if let Some((earlier, arguments)) = self.deferred.take() {
            let earlier = self.with_opening(earlier);
            self.run(earlier, arguments).await?;
        }
        Ok(self.with_opening(text).into_sqlx())
    }

    /// Keeps a statement for the end of the write. One that was kept before is run now.
    pub(crate) async fn defer(
        &mut self,
        text: SqlText,
        arguments: SqliteArguments,
    ) -> Result<(), DbError> {
        let earlier = self.deferred.replace((text, arguments));
        if let Some((earlier, arguments)) = earlier {
            let earlier = self.with_opening(earlier);
            self.run(earlier, arguments).await?;
        }
        Ok(())
    }

    /// Runs what was deferred, if anything was, and then this, in one trip.
    pub(crate) async fn finish_with(&mut self, ending: &'static str) -> Result<(), sqlx::Error> {
        let Some((deferred, arguments)) = self.deferred.take() else {
            return self.run(ending.into(), SqliteArguments::default()).await;
        };
        let text = self.with_opening(deferred);
        let text = self.join(text, ending);
        self.run(text, arguments).await
    }

    /// Commits, if anything was sent since the opening.
    pub(crate) async fn commit(&mut self) -> Result<(), sqlx::Error> {
        if self.is_open || self.has_deferred() {
            self.finish_with("COMMIT").await?;
        }
        self.opening = None;
        self.is_open = false;
        Ok(())
    }

    /// Undoes everything since the opening, if anything was sent.
    pub(crate) async fn rollback(&mut self) -> Result<(), sqlx::Error> {
        self.deferred = None;
        self.opening = None;
        if std::mem::take(&mut self.is_open) {
            self.run("ROLLBACK".into(), SqliteArguments::default())
                .await?;
        }
        Ok(())
    }

    /// Undoes everything since the last savepoint, if anything was sent.
    pub(crate) async fn rollback_to(&mut self, savepoint: &'static str) -> Result<(), sqlx::Error> {
        self.deferred = None;
        if self.opening.is_some() {
            return Ok(());
        }
        self.run(savepoint.into(), SqliteArguments::default()).await
    }

    fn with_opening(&mut self, text: SqlText) -> SqlText {
        let Some(opening) = self.opening.take() else {
            return text;
        };
        self.is_open = true;
        match text {
            SqlText::Static(text) => self.joined_once(opening, text),
            SqlText::Assembled(text) => SqlText::assembled(&format!("{opening}; {text}")),
        }
    }

    fn join(&mut self, text: SqlText, ending: &'static str) -> SqlText {
        match text {
            SqlText::Static(text) => self.joined_once(text, ending),
            SqlText::Assembled(text) => SqlText::assembled(&format!("{text}; {ending}")),
        }
    }

    fn joined_once(&mut self, first: &'static str, second: &'static str) -> SqlText {
        let joined = self.joined.entry((first, second));
        let joined = joined.or_insert_with(|| format!("{first}; {second}").into());
        SqlText::Assembled(Arc::clone(joined))
    }

    async fn run(&mut self, text: SqlText, arguments: SqliteArguments) -> Result<(), sqlx::Error> {
        let query = sqlx::query_with(text.into_sqlx(), arguments);
        query.execute(self.sqlite()).await.map(|_| ())
    }
}
