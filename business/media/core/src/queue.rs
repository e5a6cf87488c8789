//! Which item is worked on next, and by how many at a time.
//!
//! The items that wait are the queue. The next is chosen by priority, then by lane
//! (`queue/lane.rs`): quick stills first, and slower items never take every worker where there are
//! two. Within a lane the account goes first whose photos took the least processor time in the last
//! hour (`queue/ledger.rs`), in steps; among several the one with the fewest items at work; among
//! those by turns: accounts stand in a ring, in the order of their ids, and the one after the
//! account served last comes first. Accounts that are over their hour wait behind all others.
//! Within an account and lane the oldest goes first. Whatever is skipped for too long has its turn
//! (`queue/choice.rs`), so nothing waits for ever.
//!
//! An item at work is leased to this run of the process. Nobody else may hold this process's data
//! folder, so whatever is leased to another run when this one starts is leased to nobody: it is
//! taken back at once. A lease that runs out while its run lives (a process that was cut off from
//! the database) is taken back, too.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use business_media_gateway::MediaId;
use infra_db::Connection;
use infra_kernel::AccountId;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::Core;
use crate::error::MediaError;
use crate::queue::choice::{AtWork, Candidate, PassedOverSince};
use crate::queue::lane::Lane;
use crate::queue::ledger::Ledger;
use crate::store::queue::{self, Claimed};
use crate::store::usage;

mod choice;
pub(crate) mod lane;
mod ledger;

/// How long an attempt holds an item without saying that it continues.
pub(crate) const LEASE: Duration = Duration::from_secs(60);
/// How often an attempt says so.
pub(crate) const RENEW_INTERVAL: Duration = Duration::from_secs(20);
/// Items whose pause ends together that are put back in one step.
const PAUSES_MAX: i64 = 500;
/// How often an item is chosen that another takes first, before the choice is left for later.
const CHOICES_MAX: u32 = 8;
/// Accounts with something waiting that are looked at for one choice, in each lane; where more
/// wait, those after the account served last. Each is a step in an index.
const OWNERS_MAX: usize = 512;

/// The queue as this process knows it.
// Single writer (ADR 0026): what is leased to another run is leased to nobody.
pub(crate) struct Queue {
    /// Names this run of the process in leases.
    pub(crate) run: i64,
    /// The account that was served last.
    served: AtomicI64,
    /// The account whose alternates were made last.
    pub(crate) alternated: AtomicI64,
    /// What accounts took of the processor.
    ledger: Ledger,
    passed_over: Mutex<PassedOverSince>,
    changed: Notify,
    workers: usize,
    slots: Arc<Semaphore>,
    stuck: Arc<Semaphore>,
    alternating: Arc<Semaphore>,
}

impl Queue {
    /// `workers` items are worked on at a time; as many threads more may hang before they count as
    /// workers.
    pub(crate) fn new(run: i64, workers: usize) -> Self {
        Self {
            run,
            served: AtomicI64::new(i64::MIN),
            alternated: AtomicI64::new(i64::MIN),
            ledger: Ledger::default(),
            passed_over: Mutex::default(),
            changed: Notify::new(),
            workers,
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

/// A worker's place, released when it is dropped.
pub(crate) struct Slot {
    worker: OwnedSemaphorePermit,
    stuck: Arc<Semaphore>,
}

impl Slot {
    /// Leaves the place to a thread that does not come back: a few of them may hang beside the
    /// workers, further ones take the workers' places, so that the number of threads has a bound.
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
    pub(crate) async fn claim(self: &Arc<Self>) -> Result<Option<Claimed>, MediaError> {
        self.end_pauses().await?;
        for _ in 0..CHOICES_MAX {
            let Some(id) = self.choose().await? else {
                return Ok(None);
            };
            let (run, until) = (self.queue.run, self.clock.now().plus(LEASE));
            let leased = self.write_then(
                move |connection| {
                    Box::pin(async move { queue::lease(connection, id, run, until).await })
                },
                move |core, _: &Option<Claimed>| core.caches.invalidate(&[id], &[]),
            );
            if let Some(claimed) = leased.await? {
                self.queue.served.store(claimed.owner_id, Ordering::Relaxed);
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
        let at_work = queue::running(&mut connection).await?;
        let mut candidates = Vec::new();
        for lane in Lane::ALL {
            let owners = self.ring(&mut connection, (priority, lane)).await?;
            candidates.extend(owners.into_iter().map(|owner| Candidate { owner, lane }));
        }
        let Some(Candidate { owner, lane }) = self.choose_among(&candidates, &at_work) else {
            return Ok(None);
        };
        queue::oldest(&mut connection, (priority, lane), owner).await
    }

    fn choose_among(&self, candidates: &[Candidate], at_work: &AtWork) -> Option<Candidate> {
        let now = self.clock.now();
        let spent = self.queue.ledger.read(usage::minute_of(now));
        let passed_over = self.queue.passed_over.lock();
        // Nothing panics while it is held.
        let mut passed_over = passed_over.unwrap_or_else(PoisonError::into_inner);
        choice::choose(
            candidates,
            at_work,
            self.queue.workers,
            (&spent, self.settings.processor_time_max()),
            (&mut passed_over, now),
        )
    }

    /// Accounts with an item waiting in a lane, from the one after the account served last on.
    async fn ring(
        &self,
        connection: &mut Connection,
        lane: (i64, Lane),
    ) -> Result<Vec<i64>, MediaError> {
        let served = self.queue.served.load(Ordering::Relaxed);
        let mut owners = queue::owners_after(connection, lane, served, OWNERS_MAX).await?;
        let room = OWNERS_MAX - owners.len();
        if room > 0 {
            let others = queue::owners_after(connection, lane, i64::MIN, room).await?;
            owners.extend(others.into_iter().filter(|owner| *owner <= served));
        }
        Ok(owners)
    }

    /// Whether anything waits for a worker, though it may not be its turn.
    pub(crate) async fn anything_waits(&self) -> Result<bool, MediaError> {
        let mut connection = self.database.reader().acquire().await?;
        Ok(queue::first_priority(&mut connection).await?.is_some())
    }

    /// Begins with what accounts took before this process was started.
    pub(crate) async fn load_ledger(&self) -> Result<(), MediaError> {
        let rows = usage::processor_minutes(&self.database, self.clock.now()).await?;
        self.queue.ledger.load(&rows);
        Ok(())
    }

    /// Bills an account for the processor time of an attempt. A failure is logged: it says nothing
    /// of the attempt.
    pub(crate) async fn charge(&self, owner: i64, spent: Duration) {
        let now = self.clock.now();
        let sum = self.queue.ledger.add(owner, usage::minute_of(now), spent);
        if let Some(most) = self.settings.processor_time_max()
            && sum >= most
            && sum.saturating_sub(spent) < most
        {
            let (account, spent_s, max_s) =
                (AccountId::from_sql(owner), sum.as_secs(), most.as_secs());
            tracing::warn!(%account, spent_s, max_s, "an account used up its processor time: its photos wait for others'");
        }
        let pending = self.database.write(move |connection| {
            Box::pin(
                async move { usage::record_processor_time(connection, owner, now, spent).await },
            )
        });
        if let Err(error) = pending.await {
            let cause = infra_kernel::Error::from(error).causes();
            tracing::warn!(cause, "processor time was not recorded");
        }
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
