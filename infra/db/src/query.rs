//! Statements and what they return: the one way in which a domain speaks to its database.

use futures::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqlitePool, SqliteQueryResult, SqliteRow};
use sqlx::{Executor as _, FromRow, SqlStr};

use crate::postgres::bounded;
use crate::value::{postgres_arguments, sqlite_arguments};
use crate::{Connection, DbError, Reader, SqlText, Value};

/// A row that a statement returns, from every engine. `#[derive(sqlx::FromRow)]` makes one of a
/// struct, by the names of its fields; tuples are rows by position. Whole numbers are `i64`.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{}

/// What a statement runs on: a connection, within whatever is under way there, or any connection
/// that reads.
#[derive(Debug)]
pub enum Target<'e> {
    /// This connection.
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

/// Where a statement is sent, with its values as they are taken there.
enum Place<'e> {
    Sqlite(&'e mut Connection, SqlStr, SqliteArguments),
    SqlitePool(&'e SqlitePool, SqlStr, SqliteArguments),
    Server(Server<'e>, SqlStr, PgArguments),
}

/// A connection to a server, which is somebody's or was taken for this statement.
enum Server<'e> {
    Given(&'e mut Connection),
    Taken(Box<Connection>),
}

impl Server<'_> {
    fn connection(&mut self) -> &mut Connection {
        match self {
            Self::Given(connection) => connection,
            Self::Taken(connection) => connection,
        }
    }
}

impl<'e> Place<'e> {
    /// Values that are refused change nothing: what was to precede the statement still does so.
    async fn of(
        target: Target<'e>,
        text: SqlText,
        values: Vec<Value<'_>>,
    ) -> Result<Self, DbError> {
        match target {
            Target::Connection(connection) if connection.is_postgres() => {
                let server = Server::Given(connection);
                let arguments = postgres_arguments(values)?;
                Ok(Self::Server(server, text.into_sqlx(), arguments))
            }
            Target::Connection(connection) => {
                let arguments = sqlite_arguments(values)?;
                let text = connection.opened(text).await?;
                Ok(Self::Sqlite(connection, text, arguments))
            }
            Target::Reader(reader) => match reader.sqlite() {
                Some(pool) => {
                    let arguments = sqlite_arguments(values)?;
                    Ok(Self::SqlitePool(pool, text.into_sqlx(), arguments))
                }
                None => {
                    let arguments = postgres_arguments(values)?;
                    let server = Server::Taken(Box::new(reader.acquire().await?));
                    Ok(Self::Server(server, text.into_sqlx(), arguments))
                }
            },
        }
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
        match Place::of(target.into(), self.text, self.values).await? {
            Place::Sqlite(connection, text, arguments) => {
                let query = sqlx::query_with(text, arguments);
                let result = rows_written(connection.sqlite()?.fetch_many(query)).await;
                connection.end(result)
            }
            Place::SqlitePool(pool, text, arguments) => {
                let query = sqlx::query_with(text, arguments);
                Ok(rows_written(pool.fetch_many(query)).await?)
            }
            Place::Server(mut server, text, arguments) => {
                let query = sqlx::query_with(text, arguments);
                let session = server.connection().opened_session().await?;
                let result = bounded(query.execute(session.begin()?)).await;
                Ok(session.end(result)?.rows_affected())
            }
        }
    }

    /// Has it run at the end of the write, on SQLite in one trip with the commit and with others
    /// that wait for it, or before the next statement of the write if there is one. When it fails
    /// the write fails, though its work said that all is well; so it is for statements that can
    /// only fail as the database fails. Outside a write it runs at once.
    ///
    /// # Errors
    /// When a value is refused, or there are not as many of them as its text has places; and when
    /// those that waited before it were too many to wait on, and one of them failed.
    pub async fn execute_with_commit(self, connection: &mut Connection) -> Result<(), DbError> {
        connection.defer(self.text, self.values).await
    }

    /// Runs it and returns all rows.
    ///
    /// # Errors
    /// When the statement fails or a row is not of this shape.
    pub async fn fetch_all<T: Row>(self, target: impl Into<Target<'_>>) -> Result<Vec<T>, DbError> {
        let rows = match Place::of(target.into(), self.text, self.values).await? {
            Place::Sqlite(connection, text, arguments) => {
                let query = sqlx::query_as_with(text, arguments);
                let result = query.fetch_all(connection.sqlite()?).await;
                connection.end(result)?
            }
            Place::SqlitePool(pool, text, arguments) => {
                let query = sqlx::query_as_with(text, arguments);
                query.fetch_all(pool).await?
            }
            Place::Server(mut server, text, arguments) => {
                let query = sqlx::query_as_with(text, arguments);
                let session = server.connection().opened_session().await?;
                let result = bounded(query.fetch_all(session.begin()?)).await;
                session.end(result)?
            }
        };
        Ok(rows)
    }

    /// Runs it and returns its row, if there is one.
    ///
    /// # Errors
    /// When the statement fails or the row is not of this shape.
    pub async fn fetch_optional<T: Row>(
        self,
        target: impl Into<Target<'_>>,
    ) -> Result<Option<T>, DbError> {
        let row = match Place::of(target.into(), self.text, self.values).await? {
            Place::Sqlite(connection, text, arguments) => {
                let query = sqlx::query_as_with(text, arguments);
                let result = query.fetch_optional(connection.sqlite()?).await;
                connection.end(result)?
            }
            Place::SqlitePool(pool, text, arguments) => {
                let query = sqlx::query_as_with(text, arguments);
                query.fetch_optional(pool).await?
            }
            Place::Server(mut server, text, arguments) => {
                let query = sqlx::query_as_with(text, arguments);
                let session = server.connection().opened_session().await?;
                let result = bounded(query.fetch_optional(session.begin()?)).await;
                session.end(result)?
            }
        };
        Ok(row)
    }

    /// Runs it and returns its row.
    ///
    /// # Errors
    /// When the statement fails, the row is not of this shape, or there is none.
    pub async fn fetch_one<T: Row>(self, target: impl Into<Target<'_>>) -> Result<T, DbError> {
        let row = self.fetch_optional(target).await?;
        row.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    /// Runs it and returns its rows one by one, so that who reads them can stop. From a server all
    /// of them come whether they are read or not, so the statement bounds how many they are.
    pub fn fetch<'e, T: Row + 'e>(self, reader: &'e Reader) -> BoxStream<'e, Result<T, DbError>>
    where
        'q: 'e,
    {
        let Some(pool) = reader.sqlite() else {
            let all = futures::stream::once(self.fetch_all(reader));
            let rows = all.map_ok(|rows| futures::stream::iter(rows).map(Ok));
            return rows.try_flatten().boxed();
        };
        let arguments = match sqlite_arguments(self.values) {
            Ok(arguments) => arguments,
            Err(error) => return futures::stream::once(async { Err(error) }).boxed(),
        };
        let query = sqlx::query_as_with(self.text.into_sqlx(), arguments);
        query.fetch(pool).map_err(DbError::from).boxed()
    }
}

/// What SQLite replies to a text of several statements.
type Results<'e> = BoxStream<'e, Result<sqlx::Either<SqliteQueryResult, SqliteRow>, sqlx::Error>>;

/// How many rows the last statement of a text wrote. That is the one that was asked for: to begin a
/// transaction writes nothing, and yet repeats what the statement before it wrote.
async fn rows_written(mut results: Results<'_>) -> Result<u64, sqlx::Error> {
    let mut written = 0;
    while let Some(result) = results.try_next().await? {
        if let sqlx::Either::Left(done) = result {
            written = done.rows_affected();
        }
    }
    Ok(written)
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

/// How SQLite would look rows up: the steps of its plan, for tests that hold a statement to an
/// index.
///
/// # Errors
/// When the database does not understand the statement.
pub async fn query_plan(reader: &Reader, statement: &str) -> Result<Vec<String>, DbError> {
    let text = SqlText::assembled(&format!("EXPLAIN QUERY PLAN {statement}"));
    let steps: Vec<(i64, i64, i64, String)> = query(text).fetch_all(reader).await?;
    Ok(steps.into_iter().map(|(.., detail)| detail).collect())
}
