//! The one writer of a database, which commits in groups.
//!
//! A file's is a thread, in which the statements run and which waits for the disk; a server's is a
//! task.

mod failure;
mod pending;
mod restore;
mod upkeep;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::commit::{CommitMoment, CommitVersion, CommitWatch, Commits};
use crate::connection::Opening;
use crate::postgres::Home;
use crate::{BoxFuture, Connection, DbError};

use failure::Failure;
use pending::{CommitDecision, PendingWrite, Write};
use restore::restore;
use upkeep::{TRUNCATE_INTERVAL, heartbeat, until, upkeep};

/// The most writes that wait for the writer; a further one waits for a place.
const QUEUE_MAX: usize = 1_024;
/// The most writes in one commit: it bounds how long the first of them waits for the last.
const GROUP_MAX: usize = 64;
/// How long the end waits for other processes that read.
const CLOSE_WAIT_MAX: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Box<dyn Write>>,
    /// Hears the connection when all that was handed in is done, and nothing from a writer that
    /// ended by a fault of ours.
    end: Arc<Mutex<Option<oneshot::Receiver<Option<Connection>>>>>,
    /// The connection after the last write.
    finished: Arc<Mutex<Option<Connection>>>,
    stop: Arc<Notify>,
    /// Whether another process has become the home.
    is_home_lost: watch::Receiver<bool>,
    path: Arc<PathBuf>,
}

impl Writer {
    /// # Errors
    /// When there is no thread for it.
    pub(crate) fn start(
        path: &Path,
        connection: Connection,
        home: Option<Home>,
        commits: Arc<Commits>,
        watch: Option<CommitWatch>,
    ) -> io::Result<Self> {
        let (queue, writes) = mpsc::channel(QUEUE_MAX);
        let stop = Arc::new(Notify::new());
        let (home_lost, is_home_lost) = watch::channel(false);
        let work = Work {
            connection,
            writes_from: home.as_ref().and_then(Home::writes_from),
            home,
            writes,
            commits,
            stop: Arc::clone(&stop),
            watch,
            home_lost,
        };
        Ok(Self {
            queue,
            end: Arc::new(Mutex::new(Some(work.spawn(path)?))),
            finished: Arc::default(),
            stop,
            is_home_lost,
            path: Arc::new(path.to_owned()),
        })
    }

    /// One that refuses every write.
    pub(crate) fn closed() -> Self {
        Self {
            queue: mpsc::channel(1).0,
            end: Arc::default(),
            finished: Arc::default(),
            stop: Arc::default(),
            is_home_lost: watch::channel(false).1,
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
            .map_err(|_| self.why_closed())?;
        // The writer answers every write it took, so only its own end leaves one without a
        // response.
        response
            .await
            .unwrap_or_else(|_| Err(self.why_closed().into()))
    }

    fn why_closed(&self) -> DbError {
        if *self.is_home_lost.borrow() {
            DbError::HomeLost
        } else {
            DbError::Closed
        }
    }

    /// Returns when another process has become the home.
    pub(crate) async fn home_lost(&self) {
        let mut is_home_lost = self.is_home_lost.clone();
        // The writer has ended without losing it: there is nothing more to hear.
        if is_home_lost.wait_for(|is_lost| *is_lost).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Takes no more writes and finishes those that were handed in. Returns whether it could: the
    /// writer may have ended before, by a fault of ours.
    pub(crate) async fn finish(&self) -> bool {
        self.stop.notify_one();
        let Some(end) = self.end.lock().await.take() else {
            return true;
        };
        match end.await {
            Ok(Some(connection)) => {
                *self.finished.lock().await = Some(connection);
                true
            }
            // There was no session to close, and the log says why.
            Ok(None) => false,
            Err(_) => {
                tracing::error!(
                    database = %self.path.display(),
                    "the writer had ended; its connection was not closed in order, and the log may stay beside the file"
                );
                false
            }
        }
    }

    /// Moves what is in the log into the file, and closes the connection. To be called when the
    /// writes are finished. Returns whether both are done.
    pub(crate) async fn close(&self) -> bool {
        let Some(connection) = self.finished.lock().await.take() else {
            return true;
        };
        if connection.is_postgres() {
            let closed = connection.close().await;
            if let Err(error) = &closed {
                tracing::warn!(database = %self.path.display(), %error, "the writing session did not close cleanly");
            }
            return closed.is_ok();
        }
        let path = Arc::clone(&self.path);
        let closed = tokio::task::spawn_blocking(move || close_file(connection, &path));
        closed.await.unwrap_or(false)
    }
}

/// Moves what is in the log into the file, and closes the connection; whether both are done.
fn close_file(connection: Connection, path: &Path) -> bool {
    let database = path.display();
    let checkpointed = connection.checkpoint(CLOSE_WAIT_MAX);
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
    let closed = connection.close_file();
    if let Err(error) = &closed {
        tracing::warn!(%database, %error, "the writing connection did not close cleanly");
    }
    matches!(checkpointed, Ok(true)) && closed.is_ok()
}

/// What the writer has.
struct Work {
    connection: Connection,
    /// How the session is restored, on a server.
    home: Option<Home>,
    /// Until then nothing is written.
    writes_from: Option<Instant>,
    writes: mpsc::Receiver<Box<dyn Write>>,
    commits: Arc<Commits>,
    stop: Arc<Notify>,
    watch: Option<CommitWatch>,
    home_lost: watch::Sender<bool>,
}

impl Work {
    /// Runs in a thread of its own if it writes to a file, so that nobody else waits for the disk
    /// with it; and as a task if it writes to a server.
    fn spawn(self, path: &Path) -> io::Result<oneshot::Receiver<Option<Connection>>> {
        let (ended, end) = oneshot::channel();
        let runtime = tokio::runtime::Handle::current();
        let is_postgres = self.connection.is_postgres();
        let run = async move {
            // Nobody may wait for the end.
            let _ = ended.send(self.run().await);
        };
        if is_postgres {
            runtime.spawn(run);
        } else {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            std::thread::Builder::new()
                .name(format!("write {name}"))
                .spawn(move || runtime.block_on(run))?;
        }
        Ok(end)
    }

    /// Ends with the connection when all that was handed in is done, and without one when it was
    /// lost for good.
    async fn run(mut self) -> Option<Connection> {
        let mut group = Vec::with_capacity(GROUP_MAX);
        let mut upkeep_at = None;
        loop {
            tokio::select! {
                // Before the writes what has its time: their queue may never be empty.
                biased;
                // Close the queue and go on: what was handed in is still finished.
                () = self.stop.notified() => { self.writes.close(); continue }
                () = until(self.connection.heartbeat_at()) => heartbeat(&mut self.connection).await,
                () = until(upkeep_at) => upkeep_at = upkeep(&self.connection),
                () = until(self.writes_from), if self.writes_from.is_some() => self.writes_from = None,
                received = self.writes.recv_many(&mut group, GROUP_MAX), if self.writes_from.is_none() => {
                    if received == 0 { return Some(self.connection) }
                    let watch = self.watch.as_ref();
                    commit_group(&mut self.connection, &mut group, &self.commits, watch).await;
                    self.commits.notify();
                    upkeep_at = self.next_upkeep(upkeep_at);
                }
            }
            if self.connection.is_lost() {
                self = restore(self, &mut group).await?;
            }
        }
    }

    /// After a commit: the log of a file is cut some time later.
    fn next_upkeep(&self, planned: Option<Instant>) -> Option<Instant> {
        let has_log = !self.connection.is_postgres();
        // A planned moment stays: moved by each commit it would never come while there are writes.
        has_log.then(|| planned.unwrap_or_else(|| Instant::now() + TRUNCATE_INTERVAL))
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
        // The group stays as it is until that is known.
        Err(_) if connection.undecided().is_some() => {}
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
    // Before the first hook: who is woken or answered below finds the version counted.
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
    connection.open_with(Opening::Group);
    for write in group {
        run_in_savepoint(connection, write.as_mut()).await?;
    }
    // This releases the last savepoint too.
    Ok(connection.commit().await?)
}

async fn run_alone(connection: &mut Connection, write: &mut dyn Write) -> Result<(), Failure> {
    connection.open_with(Opening::Transaction);
    if run_work(connection, write).await == CommitDecision::Keep {
        return connection.commit().await.map_err(Failure::of_one);
    }
    if let Err(error) = connection.rollback().await {
        // A full disk has SQLite roll back by itself. The work knows better than this what was
        // wrong.
        tracing::debug!(%error, "rollback after failed work");
    }
    Ok(())
}

/// Runs the work, and refuses what goes on after a failure that the engine does not go on after.
async fn run_work(connection: &mut Connection, write: &mut dyn Write) -> CommitDecision {
    let decision = write.run(connection).await;
    if decision == CommitDecision::Keep && connection.has_failed() {
        let text = "a statement of the work failed, and the work went on";
        return write.refuse(DbError::Refused(text.to_owned()));
    }
    decision
}

/// Runs one of several, and leaves the savepoint open that the next one needs.
async fn run_in_savepoint(
    connection: &mut Connection,
    write: &mut dyn Write,
) -> Result<(), Failure> {
    let decision = run_work(connection, write).await;
    if decision == CommitDecision::Keep {
        // One that sent nothing leaves its opening to the next write. In its place `NextWrite`
        // would release a savepoint that was never set, and the transaction would not begin.
        if !connection.is_opening_pending() {
            connection.open_with(Opening::NextWrite);
        }
        return Ok(());
    }
    let Err(error) = connection.rollback_to_savepoint().await else {
        return Ok(());
    };
    tracing::debug!(%error, "rollback of one write of a group");
    // There is no savepoint any more: a full disk had SQLite undo the work of the whole group. Or
    // there never was one, because the transaction could not begin; then what the database said to
    // the work's first statement says why.
    Err(match decision {
        CommitDecision::UndoFull => Failure::Full,
        _ => write
            .database_failure()
            .map_or_else(|| error.into(), Failure::Other),
    })
}
