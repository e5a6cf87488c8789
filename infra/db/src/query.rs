//! Statements and what they return: the one way in which a domain speaks to its database.

use sqlx::postgres::PgRow;

use crate::postgres::bounded;
use crate::row::{RawRow, Row};
use crate::sqlite::{All, Collect, First, Nothing, Wanted};
use crate::value::postgres_arguments;
use crate::{BoxFuture, Connection, DbError, Reader, SqlText, Value};

/// What a statement runs on: a connection, within whatever is under way there, or any connection
/// that reads.
#[derive(Debug)]
pub enum Target<'e> {
    /// This connection: within the transaction or the snapshot that is open there, if one is.
    Connection(&'e mut Connection),
    /// The next reading connection that is free.
    Reader(&'e Reader),
}

impl<'e> From<&'e mut Connection> for Target<'e> {
    fn from(connection: &'e mut Connection) -> Self {
        Self::Connection(connection)
    }
}

impl<'e> From<&'e Reader> for Target<'e> {
    fn from(reader: &'e Reader) -> Self {
        Self::Reader(reader)
    }
}

/// A statement that returns rows, or none.
#[must_use = "a statement does nothing until it is run"]
#[derive(Debug)]
pub struct Query<'q> {
    text: SqlText,
    values: Vec<Value<'q>>,
}

/// A statement with this text.
pub fn query<'q>(text: impl Into<SqlText>) -> Query<'q> {
    Query {
        text: text.into(),
        values: Vec::new(),
    }
}

impl<'q> Query<'q> {
    /// Gives the next place its value: the first call that of `$1`.
    pub fn bind(mut self, value: impl Into<Value<'q>>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Runs it and returns how many rows it wrote.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn execute(self, target: impl Into<Target<'_>>) -> Result<u64, DbError> {
        let (Nothing, written) = self.run(target.into(), Nothing).await?;
        Ok(written)
    }

    /// Runs it and returns all rows.
    ///
    /// # Errors
    /// When the statement fails or a row is not of this shape.
    pub async fn fetch_all<T: Row>(self, target: impl Into<Target<'_>>) -> Result<Vec<T>, DbError> {
        let all = All::until(|_: &T| false);
        Ok(self.run(target.into(), all).await?.0.rows)
    }

    /// Runs it and returns its rows up to the first of which this says that it is the last. From a
    /// server all of them come whatever it says, so the statement bounds how many they are.
    ///
    /// # Errors
    /// When the statement fails or a row is not of this shape.
    pub async fn fetch_until<T: Row>(
        self,
        target: impl Into<Target<'_>>,
        is_last: impl FnMut(&T) -> bool + Clone + Send + 'static,
    ) -> Result<Vec<T>, DbError> {
        Ok(self.run(target.into(), All::until(is_last)).await?.0.rows)
    }

    /// Runs it and returns its row, if there is one.
    ///
    /// # Errors
    /// When the statement fails or the row is not of this shape.
    pub async fn fetch_optional<T: Row>(
        self,
        target: impl Into<Target<'_>>,
    ) -> Result<Option<T>, DbError> {
        let (First(row), _) = self.run(target.into(), First(None)).await?;
        Ok(row)
    }

    /// Runs it and returns its row.
    ///
    /// # Errors
    /// When the statement fails, the row is not of this shape, or there is none.
    pub async fn fetch_one<T: Row>(self, target: impl Into<Target<'_>>) -> Result<T, DbError> {
        self.fetch_optional(target).await?.ok_or(DbError::NoRow)
    }

    async fn run<C: Collect>(self, target: Target<'_>, collect: C) -> Result<(C, u64), DbError> {
        let mut taken;
        let connection = match target {
            Target::Connection(connection) => connection,
            Target::Reader(reader) => {
                taken = reader.acquire().await?;
                &mut taken
            }
        };
        if connection.is_postgres() {
            return self.run_on_server(connection, collect).await;
        }
        let Self { text, values } = self;
        connection.run_on_sqlite(text, values, collect).await
    }

    async fn run_on_server<C: Collect>(
        self,
        connection: &mut Connection,
        mut collect: C,
    ) -> Result<(C, u64), DbError> {
        let ran = run_on_server(self.text, self.values, connection, C::WANTED).await?;
        for row in &ran.rows {
            if collect.take(RawRow::Postgres(row))?.is_break() {
                break;
            }
        }
        Ok((collect, ran.written))
    }
}

/// What a server said to a statement.
struct Ran {
    rows: Vec<PgRow>,
    written: u64,
}

/// Values that are refused change nothing: what was to precede the statement still does so.
///
/// It knows nothing of the rows' type and is behind a pointer: as a part of the functions above it
/// would be compiled once more, with all of sqlx that it calls, for every statement of a domain.
fn run_on_server<'c>(
    text: SqlText,
    values: Vec<Value<'c>>,
    connection: &'c mut Connection,
    wanted: Wanted,
) -> BoxFuture<'c, Result<Ran, DbError>> {
    Box::pin(async move {
        text.check_places(values.len())?;
        let query = sqlx::query_with(text.into_sqlx(), postgres_arguments(values)?);
        let session = connection.opened_session().await?;
        let mut written = 0;
        let rows = match wanted {
            Wanted::Nothing => {
                let done = bounded(query.execute(session.begin()?)).await;
                written = session.end(done)?.rows_affected();
                Vec::new()
            }
            Wanted::First => {
                let row = bounded(query.fetch_optional(session.begin()?)).await;
                session.end(row)?.into_iter().collect()
            }
            Wanted::All => {
                let rows = bounded(query.fetch_all(session.begin()?)).await;
                session.end(rows)?
            }
        };
        Ok(Ran { rows, written })
    })
}

/// A statement whose rows have one column.
#[must_use = "a statement does nothing until it is run"]
#[derive(Debug)]
pub struct ScalarQuery<'q>(Query<'q>);

/// A statement with this text, whose rows have one column.
pub fn query_scalar<'q>(text: impl Into<SqlText>) -> ScalarQuery<'q> {
    ScalarQuery(query(text))
}

impl<'q> ScalarQuery<'q> {
    /// Gives the next place its value: the first call that of `$1`.
    pub fn bind(self, value: impl Into<Value<'q>>) -> Self {
        Self(self.0.bind(value))
    }

    /// Runs it and returns the values of all rows.
    ///
    /// # Errors
    /// When the statement fails or a value is not of this type.
    pub async fn fetch_all<T>(self, target: impl Into<Target<'_>>) -> Result<Vec<T>, DbError>
    where
        (T,): Row,
    {
        let rows = self.0.fetch_all::<(T,)>(target).await?;
        Ok(rows.into_iter().map(|(value,)| value).collect())
    }

    /// Runs it and returns the value of its row, if there is one.
    ///
    /// # Errors
    /// When the statement fails or the value is not of this type.
    pub async fn fetch_optional<T>(
        self,
        target: impl Into<Target<'_>>,
    ) -> Result<Option<T>, DbError>
    where
        (T,): Row,
    {
        let row = self.0.fetch_optional::<(T,)>(target).await?;
        Ok(row.map(|(value,)| value))
    }

    /// Runs it and returns the value of its row.
    ///
    /// # Errors
    /// When the statement fails, the value is not of this type, or there is no row.
    pub async fn fetch_one<T>(self, target: impl Into<Target<'_>>) -> Result<T, DbError>
    where
        (T,): Row,
    {
        let (value,) = self.0.fetch_one(target).await?;
        Ok(value)
    }
}
