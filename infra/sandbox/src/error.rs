//! Why a worker did not respond.

use std::time::Duration;

/// A request that got no response. The worker that it was sent to is gone; the next request gets
/// another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SandboxError {
    /// No worker can be started.
    #[error("no worker can be started: {cause}")]
    Absent {
        /// What stands in the way.
        cause: String,
    },
    /// Every worker was busy until the deadline.
    #[error("all {workers} workers were busy until the deadline")]
    Busy {
        /// How many there may be.
        workers: usize,
    },
    /// The worker was killed because its time was up.
    #[error("the worker was killed at its deadline")]
    Deadline,
    /// The worker used up the processor time that one request may take.
    #[error("the worker used up its {} s of processor time", .limit.as_secs())]
    ProcessorTime {
        /// How much that was.
        limit: Duration,
    },
    /// The worker died before its response was whole, or was killed for what it did.
    #[error("the worker died: {how}")]
    Died {
        /// Its exit status or signal, and the last it wrote to standard error.
        how: String,
    },
    /// The worker said something that is no response, and was killed.
    #[error("the worker sent rubbish: {cause}")]
    Rubbish {
        /// What was wrong with it.
        cause: String,
    },
}

impl SandboxError {
    /// A response that breaks the rules of what was asked.
    pub fn malformed(cause: impl Into<String>) -> Self {
        Self::Rubbish {
            cause: cause.into(),
        }
    }

    #[allow(clippy::needless_pass_by_value)] // so that it can be handed to `map_err`
    pub(crate) fn absent(cause: impl ToString) -> Self {
        Self::Absent {
            cause: cause.to_string(),
        }
    }
}
