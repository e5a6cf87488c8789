//! Makes durable what commits have only written.
//!
//! With `synchronous = NORMAL` SQLite writes a commit to the write-ahead log and does not wait for
//! the disk; it does wait before it moves pages from the log into the file. So all that the disk
//! may lack is the end of the log, and syncing that one file is enough.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Mutex;

use crate::commit::Commits;
use crate::examine::beside;
use crate::{Connection, DbError, Durability};

/// Has the commits of a connection wait for the disk, or not.
pub(crate) async fn set_synchronous(
    connection: &mut Connection,
    durability: Durability,
) -> Result<(), DbError> {
    if durability == Durability::OnSync {
        sqlx::query("PRAGMA synchronous = NORMAL")
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// What of one database's commits is durable.
#[derive(Debug, Default)]
pub(crate) struct Syncs {
    durability: Durability,
    /// The last commit that is known to be durable.
    synced: AtomicU64,
    /// Whether the log's name is durable too. SQLite sees to it when it syncs a log that it has
    /// made, which it may never do here; and keeps the log while the database is open.
    is_named: AtomicBool,
    /// One sync serves all who wait for it.
    running: Mutex<()>,
}

impl Syncs {
    pub(crate) fn new(durability: Durability) -> Self {
        Self {
            durability,
            ..Self::default()
        }
    }

    /// Makes durable what was committed before.
    pub(crate) async fn sync(
        self: &Arc<Self>,
        path: &Path,
        commits: &Commits,
    ) -> Result<(), DbError> {
        if self.durability == Durability::OnCommit {
            return Ok(());
        }
        let wanted = commits.last().get();
        let _alone = self.running.lock().await;
        if self.synced.load(Ordering::SeqCst) >= wanted {
            return Ok(());
        }
        let last = commits.last().get();
        let is_named = self.is_named.load(Ordering::SeqCst);
        let log = beside(path, "-wal");
        let synced = tokio::task::spawn_blocking(move || sync_log(&log, is_named)).await;
        let synced = synced.map_err(io::Error::other).flatten();
        synced.map_err(|error| DbError::Statement(error.into()))?;
        self.is_named.store(true, Ordering::SeqCst);
        self.synced.fetch_max(last, Ordering::SeqCst);
        Ok(())
    }
}

fn sync_log(log: &Path, is_named: bool) -> io::Result<()> {
    match File::open(log) {
        Ok(file) => file.sync_data()?,
        // Closed meanwhile: all that there was is in the file, and durable.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    match log.parent() {
        Some(folder) if !is_named => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}
