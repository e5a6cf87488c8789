//! What is run as a worker, and what it may take.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// What is run as a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The file that is run.
    pub path: PathBuf,
    /// What it is told; of the environment it sees nothing.
    pub arguments: Vec<OsString>,
}

impl Program {
    /// The running program, told to be a worker. It is the very file that runs, even when an
    /// upgrade has put another in its place since: the two sides always speak the same.
    #[must_use]
    pub fn this(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Self {
            path: PathBuf::from("/proc/self/exe"),
            arguments: arguments.into_iter().map(Into::into).collect(),
        }
    }
}

/// What workers may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// Concurrent workers; further requests wait.
    pub workers_max: usize,
    /// How long a worker is kept that nobody asks anything.
    pub idle_max: Duration,
    /// How long a worker may take to load its libraries and to say that it is there.
    pub start_max: Duration,
    /// Memory of one worker that it can write to, in bytes: what it starts with, its heap, its
    /// stacks.
    pub memory_bytes_max: u64,
    /// Processor time of one request, all threads together; in whole seconds.
    pub processor_max: Duration,
    /// Threads of one worker. Those who count them look ten times a second, so for a moment there
    /// may be more.
    pub threads_max: usize,
}
