//! The places that work is done in: so many at a time, whatever becomes of their threads.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::MediaError;

/// The workers' places, and the one for work on alternates.
pub(crate) struct Places {
    workers: usize,
    slots: Arc<Semaphore>,
    stuck: Arc<Semaphore>,
    alternating: Arc<Semaphore>,
}

impl Places {
    /// `workers` items are worked on at a time; as many threads more may hang before they count as
    /// workers.
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            workers,
            slots: Arc::new(Semaphore::new(workers)),
            stuck: Arc::new(Semaphore::new(workers)),
            alternating: Arc::new(Semaphore::new(1)),
        }
    }

    /// How many items are worked on at a time.
    pub(crate) const fn workers(&self) -> usize {
        self.workers
    }

    /// Waits for a free worker.
    pub(crate) async fn slot(&self) -> Result<Slot, MediaError> {
        let worker = Arc::clone(&self.slots).acquire_owned().await;
        Ok(Slot {
            // The semaphore is never closed.
            worker: worker.map_err(|_| MediaError::BlobBusy)?,
            stuck: Arc::clone(&self.stuck),
        })
    }

    /// The one place of work on alternates, if nobody has it.
    pub(crate) fn alternates_slot(&self) -> Option<Slot> {
        let worker = Arc::clone(&self.alternating).try_acquire_owned().ok()?;
        Some(Slot {
            worker,
            stuck: Arc::clone(&self.stuck),
        })
    }
}

/// A worker's place, released when it is dropped.
pub(crate) struct Slot {
    worker: OwnedSemaphorePermit,
    stuck: Arc<Semaphore>,
}

impl Slot {
    /// Leaves the place to a thread that does not come back: a few of them may hang beside the
    /// workers, further ones take the workers' places, so that the number of threads has a bound.
    pub(crate) fn leave_to(self, thread: impl Future<Output = ()> + Send + 'static) {
        // With a place beside the workers, the worker's own is free again: it is dropped here.
        let place = self.stuck.try_acquire_owned().unwrap_or(self.worker);
        tokio::spawn(async move {
            thread.await;
            drop(place);
        });
    }
}
