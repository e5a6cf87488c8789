//! Connections that read.

use crate::postgres::Replicas;
use crate::sqlite::ReadOptions;
use crate::{Connection, DbError, postgres, sqlite};

/// The connections of a database that only read: at most four, opened when they are needed. Cheap
/// to clone.
#[derive(Debug, Clone)]
pub struct Reader {
    engine: Engine,
}

#[derive(Debug, Clone)]
enum Engine {
    Sqlite(sqlite::Readers),
    Postgres(postgres::Readers),
    /// Replicas that have followed up to this mark, or else the primary.
    Spread(postgres::Readers, Replicas, i64),
}

impl Reader {
    pub(crate) fn new(options: ReadOptions) -> Self {
        Self {
            engine: Engine::Sqlite(sqlite::Readers::new(options)),
        }
    }

    pub(crate) const fn of_postgres(readers: postgres::Readers) -> Self {
        Self {
            engine: Engine::Postgres(readers),
        }
    }

    /// The same, from a replica where one has followed up to this mark.
    pub(crate) fn with_replicas(&self, replicas: Replicas, mark: i64) -> Self {
        let engine = match &self.engine {
            Engine::Postgres(primary) | Engine::Spread(primary, ..) => {
                Engine::Spread(primary.clone(), replicas, mark)
            }
            Engine::Sqlite(readers) => Engine::Sqlite(readers.clone()),
        };
        Self { engine }
    }

    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(&self.engine, Engine::Postgres(_) | Engine::Spread(..))
    }

    /// One connection for several statements. Each of them sees what is committed when it begins.
    ///
    /// # Errors
    /// When none becomes free in time or can be opened, or the server has no session for us.
    pub async fn acquire(&self) -> Result<Connection, DbError> {
        match &self.engine {
            Engine::Sqlite(readers) => Ok(Connection::reading(readers.acquire().await?)),
            Engine::Postgres(readers) => Ok(Connection::borrowed(readers.acquire().await?)),
            Engine::Spread(primary, replicas, mark) => match replicas.acquire(*mark).await {
                Some(session) => Ok(Connection::borrowed(session)),
                None => Ok(Connection::borrowed(primary.acquire().await?)),
            },
        }
    }

    /// One connection for several statements that all see the database of one moment.
    ///
    /// # Errors
    /// When none becomes free in time or can be opened, or the server has no session for us.
    pub async fn snapshot(&self) -> Result<Connection, DbError> {
        match &self.engine {
            Engine::Sqlite(readers) => Ok(Connection::reading(readers.snapshot().await?)),
            Engine::Postgres(readers) | Engine::Spread(readers, ..) => {
                Ok(Connection::borrowed(readers.snapshot().await?))
            }
        }
    }

    /// Waits until all connections are back, and closes them.
    pub(crate) async fn close(&self) {
        match &self.engine {
            Engine::Sqlite(readers) => readers.close().await,
            Engine::Postgres(readers) | Engine::Spread(readers, ..) => readers.close().await,
        }
    }

    /// How many connections are lent.
    pub(crate) fn lent(&self) -> u32 {
        match &self.engine {
            Engine::Sqlite(readers) => readers.lent(),
            Engine::Postgres(readers) | Engine::Spread(readers, ..) => readers.lent(),
        }
    }
}
