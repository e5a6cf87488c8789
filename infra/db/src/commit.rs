//! Commits as others see them: their order, their moments, and a signal after each.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

use crate::BoxFuture;

/// A write's place in the order of the commits to one database, within one process: it starts again
/// when the process does, and says nothing about another database. A later write has a higher
/// version.
// Single writer (ADR 0026): the order of this process's commits is the order of all commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct CommitVersion(u64);

impl CommitVersion {
    /// The number of writes that were committed up to and with this one.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    pub(crate) const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// The two moments of a commit at which a process may die with different outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitMoment {
    /// Nothing of the group was written yet.
    Before,
    /// The group is on disk; no hook has run and nobody was answered.
    After,
}

/// What is waited for at each moment of each commit. One that never ends is a process that died
/// there: tests of crashes have it.
pub type CommitWatch = Arc<dyn Fn(CommitMoment) -> BoxFuture<'static, ()> + Send + Sync>;

/// The commits of one database in this process.
#[derive(Debug, Default)]
pub(crate) struct Commits {
    last: AtomicU64,
    signal: Arc<Notify>,
}

impl Commits {
    /// The version of the last commit.
    pub(crate) fn last(&self) -> CommitVersion {
        CommitVersion(self.last.load(Ordering::SeqCst))
    }

    /// Counts writes that were committed, and returns the version before them.
    pub(crate) fn advance(&self, writes: usize) -> CommitVersion {
        CommitVersion(self.last.fetch_add(writes as u64, Ordering::SeqCst))
    }

    pub(crate) fn notify(&self) {
        // It stays for who does not wait yet, so no commit is missed between two waits.
        self.signal.notify_one();
    }

    pub(crate) fn signal(&self) -> Arc<Notify> {
        Arc::clone(&self.signal)
    }
}
