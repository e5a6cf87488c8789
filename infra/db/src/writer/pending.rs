//! One write, from its work to its caller's answer.

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures::FutureExt as _;
use tokio::sync::oneshot;

use crate::commit::CommitVersion;
use crate::error::{database_cause, is_because_full};
use crate::{BoxFuture, Connection, DbError};

/// What a write wants to become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CommitDecision {
    Keep,
    Undo,
    /// To be undone because the disk is full. SQLite may have undone the whole transaction by
    /// itself then.
    UndoFull,
}

/// A [`PendingWrite`] of any type.
pub(super) trait Write: Send {
    /// Runs the work within the transaction. A panic in it is a failure of this write alone.
    fn run<'a>(&'a mut self, connection: &'a mut Connection) -> BoxFuture<'a, CommitDecision>;

    /// Whether the work wants its changes committed.
    fn is_kept(&self) -> bool;

    /// Has it fail after all, by what was to run at the end of the work.
    fn refuse(&mut self, error: DbError) -> CommitDecision;

    /// What the database said when the work failed, if it was the database that refused it.
    fn database_failure(&self) -> Option<String>;

    /// Runs the hook if there was something to commit, and then answers the caller. To be called
    /// when the group is committed.
    fn finish(self: Box<Self>, version: CommitVersion);

    /// Returns the caller that the group was not committed.
    fn fail(self: Box<Self>, error: DbError);

    /// Returns the caller that it is not known whether the group is committed. The hook is kept for
    /// when it is.
    fn leave_undecided(&mut self);
}

pub(super) struct PendingWrite<T, E, F, H> {
    /// None once it has run.
    work: Option<F>,
    /// None before the work has run, and when it panicked.
    result: Option<Result<T, E>>,
    after_commit: H,
    /// None once the caller was answered, or is not waited for.
    response: Option<oneshot::Sender<Result<T, E>>>,
}

impl<T, E, F, H> PendingWrite<T, E, F, H> {
    pub(super) fn new(work: F, after_commit: H) -> (Self, oneshot::Receiver<Result<T, E>>) {
        let (response, answered) = oneshot::channel();
        let write = Self {
            work: Some(work),
            result: None,
            after_commit,
            response: Some(response),
        };
        (write, answered)
    }
}

impl<T, E: std::error::Error + 'static, F, H> PendingWrite<T, E, F, H> {
    fn decision(&self) -> CommitDecision {
        match &self.result {
            Some(Ok(_)) => CommitDecision::Keep,
            Some(Err(error)) if is_because_full(error) => CommitDecision::UndoFull,
            Some(Err(_)) | None => CommitDecision::Undo,
        }
    }
}

impl<T, E, F, H> Write for PendingWrite<T, E, F, H>
where
    T: Send + 'static,
    E: From<DbError> + std::error::Error + Send + 'static,
    F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    H: FnOnce(&T, CommitVersion) + Send + 'static,
{
    fn run<'a>(&'a mut self, connection: &'a mut Connection) -> BoxFuture<'a, CommitDecision> {
        Box::pin(async move {
            let Some(work) = self.work.take() else {
                return CommitDecision::Undo;
            };
            // Within a future of its own, so that a panic before the work's first await is caught
            // too.
            let work = async move { work(connection).await };
            self.result = AssertUnwindSafe(work).catch_unwind().await.ok();
            if self.result.is_none() {
                tracing::error!("a write panicked and was undone");
            }
            self.decision()
        })
    }

    fn is_kept(&self) -> bool {
        matches!(self.result, Some(Ok(_)))
    }

    fn refuse(&mut self, error: DbError) -> CommitDecision {
        self.result = Some(Err(error.into()));
        self.decision()
    }

    fn database_failure(&self) -> Option<String> {
        let error = self.result.as_ref()?.as_ref().err()?;
        database_cause(error)
    }

    fn finish(self: Box<Self>, version: CommitVersion) {
        let Self {
            result,
            after_commit,
            response,
            ..
        } = *self;
        let panicked = || DbError::Refused("the work panicked".to_owned());
        let result = result.unwrap_or_else(|| Err(panicked().into()));
        if let Ok(value) = &result {
            // The write stands, whatever its hook does: the writer continues and the caller is
            // answered.
            let hook = AssertUnwindSafe(|| after_commit(value, version));
            if catch_unwind(hook).is_err() {
                tracing::error!("the hook of a committed write panicked");
            }
        } else {
            // Before the response: what the hook holds (a lock, say) is free when the caller
            // continues.
            drop(after_commit);
        }
        // The caller may be gone; the write stands all the same.
        answer(response, result);
    }

    fn fail(self: Box<Self>, error: DbError) {
        let Self {
            after_commit,
            response,
            ..
        } = *self;
        drop(after_commit);
        // Also when the work itself failed: what refused it may have been other work of the group,
        // which was not committed.
        answer(response, Err(error.into()));
    }

    fn leave_undecided(&mut self) {
        answer(self.response.take(), Err(DbError::Undecided.into()));
    }
}

fn answer<T>(caller: Option<oneshot::Sender<T>>, result: T) {
    if let Some(caller) = caller {
        // A caller that has gone away is no failure: the write is what it is.
        let _ = caller.send(result);
    }
}
