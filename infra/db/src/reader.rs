//! Connections that read.

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

use crate::{Connection, DbError, READER_IDLE_MAX, READER_WAIT_MAX, READERS_MAX};

/// The connections of a database that only read: at most four, opened when they are needed. Cheap
/// to clone.
#[derive(Debug, Clone)]
pub struct Reader {
    pool: SqlitePool,
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
        Self { pool }
    }

    pub(crate) const fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// One connection for several statements. Each of them sees what is committed when it begins.
    ///
    /// # Errors
    /// When none becomes free in time.
    pub async fn acquire(&self) -> Result<Connection, DbError> {
        Ok(self.pool.acquire().await?.into())
    }

    /// One connection for several statements that all see the database of one moment.
    ///
    /// # Errors
    /// When none becomes free in time.
    pub async fn snapshot(&self) -> Result<Connection, DbError> {
        Ok(self.pool.begin().await?.into())
    }
}
