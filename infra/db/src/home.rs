//! What a process is to its database: the home, for how long, and how far it has come.

use std::sync::atomic::Ordering;

use infra_resilience::HomeLease;

use crate::postgres::Replicas;
use crate::{Database, DbError, Reader};

/// A place in the order of a database's commits. Who read at the position of a write sees that
/// write and all before it.
///
/// It is the home's number of a commit, which the commit leaves as a mark in the database
/// itself, and not the server's own position in its log: two servers of which each was the
/// primary for a while have different logs with the same positions (ADR 0042).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(i64);

impl Database {
    /// Until when this process may answer from what it remembers of the database. That of a file
    /// holds forever. On a server each commit renews it, at least twice a second, for a second and
    /// a half; reads are refused while it does not hold.
    #[must_use]
    pub fn lease(&self) -> HomeLease {
        self.lease.clone()
    }

    /// Returns when this process has lost the database to another home for good, and never where
    /// that cannot be. What it remembers of the database (caches above all) may be wrong from then
    /// on, and every write is refused: the process has to end, or to open everything again.
    pub async fn home_lost(&self) {
        self.writer.home_lost().await;
    }

    /// The same database, with servers to read from that follow its own. Each host of the URL is
    /// one. On SQLite there are none, and nothing changes.
    ///
    /// # Errors
    /// When the URL is not understood. What is wrong with a server is logged, and it is left out.
    pub fn with_replicas(mut self, url: &str, schema: &str) -> Result<Self, DbError> {
        if let Some(position) = &self.position {
            self.replicas = Some(Replicas::start(url, schema, &self.lease, position)?);
        }
        Ok(self)
    }

    /// The position of the last write whose caller was answered, or a later one.
    #[must_use]
    pub fn position(&self) -> Position {
        let position = self.position.as_ref();
        Position(position.map_or(0, |position| position.load(Ordering::Acquire)))
    }

    /// Connections of a replica that has followed up to this position, or else of the primary. For
    /// lists and scans: what is cached is read from the primary, and what a write is decided by
    /// within the write.
    #[must_use]
    pub fn reader_at(&self, position: Position) -> Reader {
        match &self.replicas {
            Some(replicas) => self.reader.with_replicas(replicas.clone(), position.0),
            None => self.reader.clone(),
        }
    }
}
