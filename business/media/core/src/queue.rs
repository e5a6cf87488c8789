//! Which item is worked on next, and by how many at a time.
//!
//! The items that wait are the queue. The next is chosen by priority, then from the account that has the fewest items at
//! work, among several by turns: accounts stand in a ring, in the order of their ids, and the one after the account
//! served last comes first. Within an account the oldest goes first. So however many photos one account sends, another's
//! first waits for no more than what is at work just now and one photo of each other account.
//!
//! An item at work is leased to this run of the process. Nobody else may hold this process's data folder, so whatever is
//! leased to another run when this one starts is leased to nobody: it is taken back at once. A lease that runs out while
//! its run lives (a process that was cut off from the database) is taken back, too.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use infra_kernel::MediaId;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::Core;
use crate::error::MediaError;
use crate::store::queue::{self, Claimed};

/// How long an attempt holds an item without saying that it goes on.
pub(crate) const LEASE: Duration = Duration::from_secs(60);
/// How often an attempt says so.
pub(crate) const RENEW_INTERVAL: Duration = Duration::from_secs(20);
/// Items whose pause ends at the same time that are put back in one step.
const PAUSES_MAX: i64 = 500;
/// How often an item is chosen that another takes first, before the choice is left for later.
const CHOICES_MAX: u32 = 8;

/// The queue as this process knows it.
pub(crate) struct Queue {
    /// Names this run of the process in leases.
    pub(crate) run: i64,
    /// The account that was served last.
    served: AtomicI64,
    /// The account whose alternates were made last.
    pub(crate) alternated: AtomicI64,
    changed: Notify,
    slots: Arc<Semaphore>,
    stuck: Arc<Semaphore>,
    alternating: Arc<Semaphore>,
}

impl Queue {
    /// `workers` items are worked on at a time; as many threads more may hang before they count as workers.
    pub(crate) fn new(run: i64, workers: usize) -> Self {
        Self {
            run,
            served: AtomicI64::new(i64::MIN),
            alternated: AtomicI64::new(i64::MIN),
            changed: Notify::new(),
            slots: Arc::new(Semaphore::new(workers)),
            stuck: Arc::new(Semaphore::new(workers)),
            alternating: Arc::new(Semaphore::new(1)),
        }
    }

    /// Says that there may be something to do.
    pub(crate) fn wake(&self) {
        self.changed.notify_one();
    }

    /// Waits until somebody says that there may be something to do.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
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

/// A worker's place, given back when it is dropped.
pub(crate) struct Slot {
    worker: OwnedSemaphorePermit,
    stuck: Arc<Semaphore>,
}

impl Slot {
    /// Leaves the place to a thread that does not come back: a few of them may hang beside the workers, further ones take
    /// the workers' places, so that the number of threads has a bound.
    pub(crate) fn leave_to(self, thread: impl Future<Output = ()> + Send + 'static) {
        let place = self.stuck.try_acquire_owned().unwrap_or(self.worker);
        tokio::spawn(async move {
            thread.await;
            drop(place);
        });
    }
}

impl Core {
    /// Leases the item that is next. Nothing when none waits.
    pub(crate) async fn claim(&self) -> Result<Option<Claimed>, MediaError> {
        self.end_pauses().await?;
        for _ in 0..CHOICES_MAX {
            let Some(id) = self.choose().await? else {
                return Ok(None);
            };
            let (run, until) = (self.queue.run, self.clock.now().plus(LEASE));
            let claimed = self
                .database
                .write(move |connection| {
                    Box::pin(async move { queue::lease(connection, id, run, until).await })
                })
                .await?;
            if let Some(claimed) = claimed {
                self.queue.served.store(claimed.owner_id, Ordering::Relaxed);
                self.caches.forget(&[id], &[]);
                return Ok(Some(claimed));
            }
        }
        Ok(None)
    }

    async fn choose(&self) -> Result<Option<MediaId>, MediaError> {
        let mut connection = self.database.reader().acquire().await?;
        let Some(priority) = queue::first_priority(&mut connection).await? else {
            return Ok(None);
        };
        let running = queue::running(&mut connection).await?;
        // One more than have anything at work: so there is one among them that has nothing, if any waits.
        let wanted = i64::try_from(running.len()).unwrap_or(i64::MAX - 1) + 1;
        let served = self.queue.served.load(Ordering::Relaxed);
        let mut owners = queue::owners_after(&mut connection, priority, served, wanted).await?;
        owners.extend(queue::owners_after(&mut connection, priority, i64::MIN, wanted).await?);
        let at_work = |owner: &i64| {
            let found = running.iter().find(|(running, _)| running == owner);
            found.map_or(0, |(_, count)| *count)
        };
        // The first of those with the fewest.
        let Some(owner) = owners.iter().min_by_key(|owner| at_work(owner)) else {
            return Ok(None);
        };
        queue::oldest(&mut connection, priority, *owner).await
    }

    async fn end_pauses(&self) -> Result<(), MediaError> {
        let mut connection = self.database.reader().acquire().await?;
        let now = self.clock.now();
        let next = queue::next_paused(&mut connection).await?;
        drop(connection);
        if next.is_none_or(|next| next > now) {
            return Ok(());
        }
        self.database
            .write(move |connection| {
                Box::pin(async move { queue::end_pauses(connection, now, PAUSES_MAX).await })
            })
            .await
    }

    /// How long until the next pause ends; nothing when no item pauses.
    pub(crate) async fn next_pause_end(&self) -> Result<Option<Duration>, MediaError> {
        let mut connection = self.database.reader().acquire().await?;
        let next = queue::next_paused(&mut connection).await?;
        let now = self.clock.now().microseconds();
        Ok(next.map(|next| {
            let left = next.microseconds().saturating_sub(now);
            Duration::from_micros(u64::try_from(left).unwrap_or(0))
        }))
    }
}

#[cfg(test)]
mod tests;
