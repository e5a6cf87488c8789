//! Writes take turns: each has a part of a file in memory.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::client::Patience;
use crate::{BlobError, Result};

/// The most files that are sent at a time for people who wait, and the most beside them of this
/// server's own.
const WRITES_AT_ONCE_MAX: usize = 8;
/// How long somebody waits for a turn: a few large files on a slow line have been sent by then.
const TURN_WAIT_MAX: Duration = Duration::from_secs(30);

/// The turns of those who write. Cheap to clone.
#[derive(Clone)]
pub(super) struct Writes {
    asked: Arc<Semaphore>,
    work: Arc<Semaphore>,
    /// When it was last found that the server is away.
    away_at: Arc<Mutex<Option<Instant>>>,
}

impl Default for Writes {
    fn default() -> Self {
        Self {
            asked: Arc::new(Semaphore::new(WRITES_AT_ONCE_MAX)),
            work: Arc::new(Semaphore::new(WRITES_AT_ONCE_MAX)),
            away_at: Arc::default(),
        }
    }
}

impl Writes {
    /// Waits for a turn. Who waits while another finds that the server is away is refused with
    /// them: else those who wait would find it out one after another.
    pub(super) async fn turn(
        &self,
        patience: Patience,
        operation: &'static str,
    ) -> Result<OwnedSemaphorePermit> {
        let begun = Instant::now();
        // Nobody closes them.
        let turn = match patience {
            Patience::Work => Arc::clone(&self.work).acquire_owned().await.ok(),
            Patience::Asked => {
                let turn = Arc::clone(&self.asked).acquire_owned();
                let turn = tokio::time::timeout(TURN_WAIT_MAX, turn).await;
                turn.ok().and_then(Result::ok)
            }
        };
        // After the wait, also one that timed out: that the server is away says more than "busy".
        if patience == Patience::Asked && self.away_at().is_some_and(|at| at > begun) {
            return Err(BlobError::Away {
                operation,
                sent: false,
                source: io::Error::new(
                    ErrorKind::NotConnected,
                    "the bucket was found to be away meanwhile",
                ),
            });
        }
        turn.ok_or(BlobError::Busy)
    }

    /// Notes that nobody could be reached, if that is what failed, before the turn is another's. A
    /// server that replies with a failure may yet take the next file.
    pub(super) fn note(&self, error: &BlobError) {
        if matches!(error, BlobError::Away { source, .. } if source.kind() != ErrorKind::Other) {
            *self.lock() = Some(Instant::now());
        }
    }

    fn away_at(&self) -> Option<Instant> {
        *self.lock()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.away_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATION: &str = "keep a file";

    #[tokio::test]
    async fn who_waits_while_the_server_is_found_to_be_away_is_refused_with_the_others() {
        let writes = Writes::default();
        let mut held = Vec::new();
        for _ in 0..WRITES_AT_ONCE_MAX {
            held.push(writes.turn(Patience::Asked, OPERATION).await.unwrap());
        }
        let mut waiting = Box::pin(writes.turn(Patience::Asked, OPERATION));
        assert!(futures::poll!(&mut waiting).is_pending());
        // This server's own work has turns of its own, and its own patience.
        let work = writes.turn(Patience::Work, OPERATION).await.unwrap();
        let away = |kind: ErrorKind| BlobError::Away {
            operation: OPERATION,
            sent: true,
            source: kind.into(),
        };
        // It replies with a failure: others may have more luck.
        writes.note(&away(ErrorKind::Other));
        held.pop();
        let turn = waiting.await.unwrap();
        let mut waiting = Box::pin(writes.turn(Patience::Asked, OPERATION));
        assert!(futures::poll!(&mut waiting).is_pending());
        writes.note(&away(ErrorKind::TimedOut));
        drop((held, work, turn));
        let refused = waiting.await;
        assert!(
            matches!(refused, Err(BlobError::Away { sent: false, .. })),
            "{refused:?}"
        );
        // Who comes later tries.
        let later = writes.turn(Patience::Asked, OPERATION).await;
        assert!(later.is_ok(), "{later:?}");
    }
}
