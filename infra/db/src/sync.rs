//! Makes durable what commits have only written.
//!
//! With `synchronous = NORMAL` SQLite writes a commit to the write-ahead log and does not wait for
//! the disk; it does wait before it moves pages from the log into the file. So all that the disk
//! may lack is the end of the log, and syncing that one file is enough.
//!
//! Until a sync fails. The kernel reports a page that it could not write once and then takes it for
//! clean, so the same sync again would succeed with nothing written. After a failure only a
//! checkpoint counts, which writes every page once more, into the file.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Mutex;

use crate::commit::Commits;
use crate::examine::beside;
use crate::{DbError, Durability, LOCK_WAIT_MAX};

/// What of one database's commits is durable.
#[derive(Debug, Default)]
pub(crate) struct Syncs {
    durability: Durability,
    /// The database's file. Not a link to it: SQLite keeps the log beside the file itself.
    path: PathBuf,
    /// One sync serves all who wait for it.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The last commit that is known to be durable. Nothing is known before the first sync: a
    /// process that was killed may have left a log that is not.
    synced: Option<u64>,
    /// The log, open from the first sync on: a failure to write it back is then reported here, even
    /// when somebody else has heard of it before.
    log: Option<Arc<File>>,
    /// Whether a sync began and did not succeed, so that only a checkpoint counts.
    is_unsure: bool,
}

impl Syncs {
    /// Of the database at this path, which is open.
    ///
    /// # Errors
    /// When the path cannot be resolved.
    pub(crate) fn new(path: &Path, durability: Durability) -> io::Result<Self> {
        Ok(Self {
            durability,
            path: path.canonicalize()?,
            state: Mutex::default(),
        })
    }

    /// Makes durable what was committed before.
    pub(crate) async fn sync(&self, commits: &Commits) -> Result<(), DbError> {
        if self.durability == Durability::OnCommit {
            return Ok(());
        }
        let wanted = commits.last().get();
        let mut state = self.state.lock().await;
        if state.synced.is_some_and(|synced| synced >= wanted) {
            return Ok(());
        }
        // Asked again behind the lock: what was committed while this waited is in the log too.
        let last = commits.last().get();
        // Set before, so that it stays when the caller goes away in the middle.
        if std::mem::replace(&mut state.is_unsure, true) {
            self.checkpoint().await?;
        } else {
            self.sync_log(&mut state, last).await?;
        }
        state.is_unsure = false;
        state.synced = Some(last);
        Ok(())
    }

    /// Syncs the log, and at the first time its name.
    async fn sync_log(&self, state: &mut State, last: u64) -> Result<(), DbError> {
        let (path, known) = (self.path.clone(), state.log.clone());
        let synced = tokio::task::spawn_blocking(move || {
            let log = match known {
                Some(log) => log,
                None => match open_log(&beside(&path, "-wal")) {
                    Ok(log) => Arc::new(log),
                    // Nothing was ever written, by this process or one before.
                    Err(error) if error.kind() == ErrorKind::NotFound && last == 0 => {
                        return Ok(None);
                    }
                    Err(error) => return Err(error),
                },
            };
            log.sync_data()?;
            Ok(Some(log))
        });
        let synced = synced.await.map_err(io::Error::other).flatten();
        state.log = synced.map_err(DbError::Sync)?;
        Ok(())
    }

    /// Moves all that is in the log into the file, and syncs that.
    async fn checkpoint(&self) -> Result<(), DbError> {
        let path = self.path.clone();
        let moved = tokio::task::spawn_blocking(move || checkpoint(&path));
        moved
            .await
            .map_err(io::Error::other)
            .map_err(DbError::Sync)?
    }
}

fn checkpoint(path: &Path) -> Result<(), DbError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(LOCK_WAIT_MAX)?;
    let (is_busy, frames, moved): (bool, i64, i64) =
        connection.query_row("PRAGMA wal_checkpoint(FULL)", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    connection.close().map_err(|(_, error)| error)?;
    // All of it or nothing: what is left in the log may be the very page that the kernel gave up.
    if is_busy || moved < frames {
        let text = format!("{moved} of {frames} pages of the log could be moved to the file");
        return Err(DbError::Sync(io::Error::other(text)));
    }
    Ok(())
}

/// Opens the log, whose name is durable then. SQLite sees to that when it syncs a log that it has
/// made, which it may never do here; and it keeps the log while the database is open.
fn open_log(path: &Path) -> io::Result<File> {
    let log = File::open(path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(log)
}
