//! Connections that read.

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

use crate::postgres::{Readers, Replicas};
use crate::{Connection, DbError, READER_IDLE_MAX, READER_WAIT_MAX, READERS_MAX};

/// The connections of a database that only read: at most four, opened when they are needed. Cheap
/// to clone.
#[derive(Debug, Clone)]
pub struct Reader {
    engine: Engine,
}

#[derive(Debug, Clone)]
enum Engine {
    Sqlite(SqlitePool),
    Postgres(Readers),
    /// Replicas that have followed up to this mark, or else the primary.
    Spread(Readers, Replicas, i64),
}

impl Reader {
    pub(crate) fn new(options: SqliteConnectOptions) -> Self {
        let pool = SqlitePoolOptions::new()
            .max_connections(READERS_MAX)
            .acquire_timeout(READER_WAIT_MAX)
            // Under load there would be a line for each wait; a waiter that times out gets an error
            // of its own.
            .acquire_slow_threshold(READER_WAIT_MAX)
            .idle_timeout(READER_IDLE_MAX)
            // A connection to a file does not die in the pool, and asking it is a trip to its
            // thread.
            .test_before_acquire(false)
            .connect_lazy_with(options);
        Self {
            engine: Engine::Sqlite(pool),
        }
    }

    pub(crate) const fn of_postgres(readers: Readers) -> Self {
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
            Engine::Sqlite(pool) => Engine::Sqlite(pool.clone()),
        };
        Self { engine }
    }

    /// SQLite's own pool, which statements take a connection from by themselves.
    pub(crate) const fn sqlite(&self) -> Option<&SqlitePool> {
        match &self.engine {
            Engine::Sqlite(pool) => Some(pool),
            Engine::Postgres(_) | Engine::Spread(..) => None,
        }
    }

    /// One connection for several statements. Each of them sees what is committed when it begins.
    ///
    /// # Errors
    /// When none becomes free in time, or the server has no session for us.
    pub async fn acquire(&self) -> Result<Connection, DbError> {
        match &self.engine {
            Engine::Sqlite(pool) => Ok(Connection::pooled(pool.acquire().await?)),
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
    /// When none becomes free in time, or the server has no session for us.
    pub async fn snapshot(&self) -> Result<Connection, DbError> {
        match &self.engine {
            Engine::Sqlite(pool) => Ok(Connection::snapshot(pool.begin().await?)),
            Engine::Postgres(readers) | Engine::Spread(readers, ..) => {
                Ok(Connection::borrowed(readers.snapshot().await?))
            }
        }
    }

    /// Waits until all connections are back, and closes them.
    pub(crate) async fn close(&self) {
        match &self.engine {
            Engine::Sqlite(pool) => pool.close().await,
            Engine::Postgres(readers) | Engine::Spread(readers, ..) => readers.close().await,
        }
    }

    /// How many connections are open, or lent.
    pub(crate) fn open(&self) -> u32 {
        match &self.engine {
            Engine::Sqlite(pool) => pool.size(),
            Engine::Postgres(readers) | Engine::Spread(readers, ..) => readers.lent(),
        }
    }
}
