//! The one writer of a database, which commits in groups.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use sqlx::Connection as _;
use tokio::sync::{Mutex, Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::{BoxFuture, Connection, DbError};

/// The most writes that wait for the writer; a further one waits for a place.
const QUEUE_MAX: usize = 1_024;
/// The most writes in one commit: it bounds how long the first of them waits for the last.
const GROUP_MAX: usize = 64;

/// One write: answers whether it wants to be kept.
type Work = Box<dyn for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, bool> + Send>;

struct Job {
    work: Work,
    committed: oneshot::Sender<Result<(), DbError>>,
}

/// The two moments of a commit at which a process may die with different outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitMoment {
    /// Nothing of the group was written yet.
    Before,
    /// The group is on disk, and nobody was told.
    After,
}

/// What is waited for at each moment of each commit. One that never ends is a process that died there: tests of crashes
/// have it.
pub type CommitWatch = Arc<dyn Fn(CommitMoment) -> BoxFuture<'static, ()> + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Job>,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
    stop: Arc<Notify>,
}

impl Writer {
    pub(crate) fn start(
        connection: Connection,
        commits: Arc<Notify>,
        watch: Option<CommitWatch>,
    ) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE_MAX);
        let stop = Arc::new(Notify::new());
        let task = tokio::spawn(run(connection, jobs, commits, Arc::clone(&stop), watch));
        Self {
            queue,
            task: Arc::new(Mutex::new(Some(task))),
            stop,
        }
    }

    pub(crate) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let (committed, commit) = oneshot::channel();
        let work: Work = Box::new(move |connection| {
            Box::pin(async move {
                let result = work(connection).await;
                let keep = result.is_ok();
                // Whoever asked may have gone; the write stands all the same.
                let _ = answer.send(result);
                keep
            })
        });
        self.queue
            .send(Job { work, committed })
            .await
            .map_err(|_| DbError::Closed)?;
        let commit = commit.await.unwrap_or(Err(DbError::Closed));
        match (answered.await, commit) {
            // First, because what refused this work may have been other work of the group, which was not committed.
            (_, Err(error)) => Err(error.into()),
            (Ok(Err(error)), Ok(())) => Err(error),
            (Ok(Ok(value)), Ok(())) => Ok(value),
            (Err(_), Ok(())) => Err(DbError::NotCommitted("the work panicked".to_owned()).into()),
        }
    }

    pub(crate) async fn close(&self) {
        self.stop.notify_one();
        if let Some(task) = self.task.lock().await.take() {
            let _ = task.await;
        }
    }
}

async fn run(
    mut connection: Connection,
    mut jobs: mpsc::Receiver<Job>,
    commits: Arc<Notify>,
    stop: Arc<Notify>,
    watch: Option<CommitWatch>,
) {
    let mut group = Vec::with_capacity(GROUP_MAX);
    loop {
        tokio::select! {
            received = jobs.recv_many(&mut group, GROUP_MAX) => if received == 0 { break },
            // Close the queue and go on: what was handed in is still finished.
            () = stop.notified() => { jobs.close(); continue }
        }
        commit_group(&mut connection, &mut group, watch.as_ref()).await;
        commits.notify_one();
    }
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "the writing connection did not close cleanly");
    }
}

async fn commit_group(
    connection: &mut Connection,
    group: &mut Vec<Job>,
    watch: Option<&CommitWatch>,
) {
    let mut waiting = Vec::with_capacity(group.len());
    pass(watch, CommitMoment::Before).await;
    let outcome = run_group(connection, group, &mut waiting).await;
    pass(watch, CommitMoment::After).await;
    if outcome.is_err()
        && let Err(error) = execute(connection, "ROLLBACK").await
    {
        // After some failures SQLite has rolled back by itself and refuses to do it again.
        tracing::debug!(%error, "rollback after a failed group");
    }
    // Work that the failure kept from running at all fails with the rest.
    waiting.extend(group.drain(..).map(|job| job.committed));
    for committed in waiting {
        let _ = committed.send(match &outcome {
            Ok(()) => Ok(()),
            Err(error) => Err(DbError::NotCommitted(error.to_string())),
        });
    }
}

async fn pass(watch: Option<&CommitWatch>, moment: CommitMoment) {
    if let Some(watch) = watch {
        watch(moment).await;
    }
}

async fn run_group(
    connection: &mut Connection,
    group: &mut Vec<Job>,
    waiting: &mut Vec<oneshot::Sender<Result<(), DbError>>>,
) -> Result<(), sqlx::Error> {
    let alone = group.len() == 1;
    execute(connection, "BEGIN IMMEDIATE").await?;
    for Job { work, committed } in group.drain(..) {
        waiting.push(committed);
        if alone {
            return if run_work(work, connection).await {
                execute(connection, "COMMIT").await
            } else {
                execute(connection, "ROLLBACK").await
            };
        }
        execute(connection, "SAVEPOINT work").await?;
        if !run_work(work, connection).await {
            execute(connection, "ROLLBACK TO work").await?;
        }
        execute(connection, "RELEASE work").await?;
    }
    execute(connection, "COMMIT").await
}

/// Runs one piece of work; a panic in it is a failure of that piece alone.
async fn run_work(work: Work, connection: &mut Connection) -> bool {
    AssertUnwindSafe(work(connection))
        .catch_unwind()
        .await
        .unwrap_or_else(|_| {
            tracing::error!("a write panicked and was undone");
            false
        })
}

async fn execute(connection: &mut Connection, statement: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(statement).execute(connection).await.map(|_| ())
}
