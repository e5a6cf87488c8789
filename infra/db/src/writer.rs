//! The one writer of a database, which commits in groups.

mod pending;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::SqliteConnection;
use tokio::sync::{Mutex, Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::commit::{CommitMoment, CommitVersion, CommitWatch, Commits};
use crate::{BoxFuture, Connection, DbError, LOCK_WAIT_MAX};

use pending::{CommitDecision, PendingWrite, Write};

/// The most writes that wait for the writer; a further one waits for a place.
const QUEUE_MAX: usize = 1_024;
/// The most writes in one commit: it bounds how long the first of them waits for the last.
const GROUP_MAX: usize = 64;
/// How long the log may keep what was written, and since deleted, before it is cut to nothing.
const TRUNCATE_INTERVAL: Duration = Duration::from_secs(300);
/// How long the end waits for other processes that read.
const CLOSE_WAIT_MAX: Duration = Duration::from_secs(2);

/// Why a group was not committed.
enum Failure {
    Full,
    Other(String),
}

impl Failure {
    fn to_error(&self) -> DbError {
        match self {
            Self::Full => DbError::Full,
            Self::Other(reason) => DbError::NotCommitted(reason.clone()),
        }
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        match error {
            error if error.is_full() => Self::Full,
            DbError::Statement(error) => Self::Other(error.to_string()),
            error => Self::Other(error.to_string()),
        }
    }
}

#[derive(Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Box<dyn Write>>,
    /// Ends with the connection when all that was handed in is done.
    task: Arc<Mutex<Option<JoinHandle<Connection>>>>,
    /// The connection after the last write.
    finished: Arc<Mutex<Option<Connection>>>,
    stop: Arc<Notify>,
    path: Arc<PathBuf>,
}

impl Writer {
    pub(crate) fn start(
        path: &Path,
        connection: Connection,
        commits: Arc<Commits>,
        watch: Option<CommitWatch>,
    ) -> Self {
        let (queue, writes) = mpsc::channel(QUEUE_MAX);
        let stop = Arc::new(Notify::new());
        let task = tokio::spawn(run(connection, writes, commits, Arc::clone(&stop), watch));
        Self {
            queue,
            task: Arc::new(Mutex::new(Some(task))),
            finished: Arc::default(),
            stop,
            path: Arc::new(path.to_owned()),
        }
    }

    /// One that refuses every write.
    pub(crate) fn closed() -> Self {
        Self {
            queue: mpsc::channel(1).0,
            task: Arc::default(),
            finished: Arc::default(),
            stop: Arc::default(),
            path: Arc::default(),
        }
    }

    pub(crate) async fn write<T, E, F, H>(&self, work: F, after_commit: H) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + std::error::Error + Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
        H: FnOnce(&T, CommitVersion) + Send + 'static,
    {
        let (write, response) = PendingWrite::new(work, after_commit);
        self.queue
            .send(Box::new(write))
            .await
            .map_err(|_| DbError::Closed)?;
        // The writer answers every write it took, so only its own end leaves one without a
        // response.
        response
            .await
            .unwrap_or_else(|_| Err(DbError::Closed.into()))
    }

    /// Takes no more writes and finishes those that were handed in. Returns whether it could: the
    /// task that writes may have ended before, by a fault of ours.
    pub(crate) async fn finish(&self) -> bool {
        self.stop.notify_one();
        let Some(task) = self.task.lock().await.take() else {
            return true;
        };
        match task.await {
            Ok(connection) => {
                *self.finished.lock().await = Some(connection);
                true
            }
            Err(error) => {
                tracing::error!(
                    database = %self.path.display(),
                    %error,
                    "the writing task had ended; its connection was not closed in order, and the log may stay beside the file"
                );
                false
            }
        }
    }

    /// Moves what is in the log into the file, and closes the connection. To be called when the
    /// writes are finished. Returns whether both are done.
    pub(crate) async fn close(&self) -> bool {
        let Some(mut connection) = self.finished.lock().await.take() else {
            return true;
        };
        let database = self.path.display();
        let checkpointed = checkpoint(&mut connection, CLOSE_WAIT_MAX).await;
        match &checkpointed {
            Ok(true) => {}
            Ok(false) => tracing::warn!(
                %database,
                "another process reads the database; its log stays beside it and belongs to it"
            ),
            Err(error) => {
                tracing::warn!(%database, %error, "the log could not be moved into the file");
            }
        }
        let closed = connection.close().await;
        if let Err(error) = &closed {
            tracing::warn!(%database, %error, "the writing connection did not close cleanly");
        }
        matches!(checkpointed, Ok(true)) && closed.is_ok()
    }
}

/// Moves everything from the log into the file and cuts the log to nothing, so that neither keeps
/// what was deleted. Returns whether it could: it cannot while somebody reads what the log holds,
/// and waits for them at most so long.
async fn checkpoint(connection: &mut Connection, wait: Duration) -> Result<bool, sqlx::Error> {
    let connection = connection.sqlite();
    set_busy_timeout(connection, wait).await?;
    let done: Result<(i64, i64, i64), _> = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
        .fetch_one(&mut *connection)
        .await;
    set_busy_timeout(connection, LOCK_WAIT_MAX).await?;
    Ok(done?.0 == 0)
}

async fn set_busy_timeout(
    connection: &mut SqliteConnection,
    wait: Duration,
) -> Result<(), sqlx::Error> {
    let pragma = format!("PRAGMA busy_timeout = {}", wait.as_millis());
    sqlx::query(sqlx::AssertSqlSafe(pragma))
        .execute(connection)
        .await
        .map(|_| ())
}

async fn run(
    mut connection: Connection,
    mut writes: mpsc::Receiver<Box<dyn Write>>,
    commits: Arc<Commits>,
    stop: Arc<Notify>,
    watch: Option<CommitWatch>,
) -> Connection {
    let mut group = Vec::with_capacity(GROUP_MAX);
    let mut truncate_at = None;
    loop {
        tokio::select! {
            biased;
            // Close the queue and go on: what was handed in is still finished.
            () = stop.notified() => { writes.close(); continue }
            received = writes.recv_many(&mut group, GROUP_MAX) => if received == 0 { break },
            () = until(truncate_at) => {
                truncate_at = truncate(&mut connection).await;
                continue
            }
        }
        commit_group(&mut connection, &mut group, &commits, watch.as_ref()).await;
        commits.notify();
        truncate_at.get_or_insert_with(|| Instant::now() + TRUNCATE_INTERVAL);
    }
    connection
}

/// Forever, when there is no such moment.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Cuts the log to nothing without waiting for anybody; when to retry, if that has to be.
async fn truncate(connection: &mut Connection) -> Option<Instant> {
    match checkpoint(connection, Duration::ZERO).await {
        Ok(true) => None,
        Ok(false) => Some(Instant::now() + TRUNCATE_INTERVAL),
        Err(error) => {
            tracing::warn!(%error, "the log could not be moved into its database");
            Some(Instant::now() + TRUNCATE_INTERVAL)
        }
    }
}

async fn commit_group(
    connection: &mut Connection,
    group: &mut Vec<Box<dyn Write>>,
    commits: &Commits,
    watch: Option<&CommitWatch>,
) {
    pass(watch, CommitMoment::Before).await;
    let outcome = run_group(connection, group).await;
    pass(watch, CommitMoment::After).await;
    match outcome {
        Ok(()) => finish_committed(group, commits),
        Err(failure) => {
            if let Err(error) = connection.rollback().await {
                // After some failures SQLite has rolled back by itself and refuses to do it again.
                tracing::debug!(%error, "rollback after a failed group");
            }
            // Work that the failure kept from running at all fails with the rest.
            for write in group.drain(..) {
                write.fail(failure.to_error());
            }
        }
    }
}

/// Runs the hooks and returns the callers, in the order of the commits.
fn finish_committed(group: &mut Vec<Box<dyn Write>>, commits: &Commits) {
    let kept = group.iter().filter(|write| write.is_kept()).count();
    let mut version = commits.advance(kept);
    for write in group.drain(..) {
        if write.is_kept() {
            version = version.next();
        }
        write.finish(version);
    }
}

async fn pass(watch: Option<&CommitWatch>, moment: CommitMoment) {
    if let Some(watch) = watch {
        watch(moment).await;
    }
}

async fn run_group(
    connection: &mut Connection,
    group: &mut [Box<dyn Write>],
) -> Result<(), Failure> {
    if let [write] = group {
        return run_alone(connection, write.as_mut()).await;
    }
    connection.open_with("BEGIN IMMEDIATE; SAVEPOINT work");
    for write in group {
        run_in_savepoint(connection, write.as_mut()).await?;
    }
    // This releases the last savepoint too.
    Ok(connection.commit().await?)
}

async fn run_alone(connection: &mut Connection, write: &mut dyn Write) -> Result<(), Failure> {
    connection.open_with("BEGIN IMMEDIATE");
    if write.run(connection).await == CommitDecision::Keep {
        return Ok(connection.commit().await?);
    }
    if let Err(error) = connection.rollback().await {
        // A full disk has SQLite roll back by itself. The work knows better than this what was
        // wrong.
        tracing::debug!(%error, "rollback after failed work");
    }
    Ok(())
}

/// Runs one of several, and leaves the savepoint open that the next one needs.
async fn run_in_savepoint(
    connection: &mut Connection,
    write: &mut dyn Write,
) -> Result<(), Failure> {
    let mut decision = write.run(connection).await;
    if decision == CommitDecision::Keep && connection.has_deferred() {
        // Here and not with the commit: its failure is this write's alone.
        match connection.finish_with("RELEASE work").await {
            Ok(()) => {
                connection.open_with("SAVEPOINT work");
                return Ok(());
            }
            Err(error) => decision = write.refuse(error),
        }
    }
    if decision == CommitDecision::Keep {
        if !connection.is_opening_pending() {
            connection.open_with("RELEASE work; SAVEPOINT work");
        }
        return Ok(());
    }
    let undone = connection.rollback_to("ROLLBACK TO work").await;
    undone.map_err(|error| {
        // There is no savepoint any more: a full disk had SQLite undo the work of the whole group.
        // Or there never was one, because the transaction could not begin; the work's own error
        // says why.
        match decision {
            CommitDecision::UndoFull => Failure::Full,
            _ => write
                .failure()
                .map_or_else(|| DbError::from(error).into(), Failure::Other),
        }
    })
}
