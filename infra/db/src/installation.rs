//! What a database on a server is known by.

use crate::{Database, DbError, query_scalar};

impl Database {
    /// What the database on a server is known by, so that it is not taken for another one; a file
    /// is known by its place. It stays through backups and moves.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn installation(&self) -> Result<Option<String>, DbError> {
        if !self.reader.is_postgres() {
            return Ok(None);
        }
        query_scalar("SELECT CAST(installation AS TEXT) FROM _heliograph_home")
            .fetch_optional(&self.reader)
            .await
    }
}
