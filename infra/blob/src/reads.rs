//! Reads take turns at the disk, so that however many files are asked for, what else waits there goes on beside them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use infra_telemetry::Occasionally;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::directory::blocking;
use crate::{BlobError, Result};

/// The most reads that are with the disk at a time, each on a thread and with a file or a chunk in memory. However many
/// files are asked for, what is written and what else waits on such threads goes on beside them.
pub const READS_AT_ONCE_MAX: usize = 64;
/// How long a read may wait for its turn to begin.
const TURN_WAIT_MAX: Duration = Duration::from_secs(2);

/// The turns of those that read.
#[derive(Clone)]
pub(crate) struct Reads {
    turns: Arc<Semaphore>,
    given_up: Arc<Occasionally>,
}

impl Reads {
    pub(crate) fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(READS_AT_ONCE_MAX)),
            given_up: Arc::default(),
        }
    }

    /// Begins a read when it is its turn, or gives it up.
    pub(crate) async fn begin<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let Ok(turn) = tokio::time::timeout(TURN_WAIT_MAX, self.turn()).await else {
            if let Some(given_up) = self.given_up.note() {
                tracing::warn!(
                    given_up,
                    reads_at_once_max = READS_AT_ONCE_MAX,
                    "reads of files were given up, because more are asked for than the disk gives"
                );
            }
            return Err(BlobError::Busy);
        };
        in_turn(turn?, operation, work).await
    }

    /// Goes on with a read. It waits for its turn as long as that takes: what has begun is not cut off, and those before
    /// it are as few as readers are.
    pub(crate) async fn go_on<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        in_turn(self.turn().await?, operation, work).await
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit> {
        // Nobody closes it.
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        turn.map_err(|_| BlobError::Busy)
    }
}

/// Holds the turn until the work is done, even when nobody waits for it any more.
async fn in_turn<T: Send + 'static>(
    turn: OwnedSemaphorePermit,
    operation: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    blocking(operation, move || {
        let done = work();
        drop(turn);
        done
    })
    .await
}
