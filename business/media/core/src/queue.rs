//! Which item is worked on next, and by how many at a time.
//!
//! The items that wait are the queue. The next is chosen by priority, then by lane
//! (`rules/lane.rs`): quick stills first, and slower items never take every worker where there are
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
use infra_db::{Connection, Database};
use infra_kernel::{AccountId, Clock, Timestamp};
use tokio::sync::Notify;

use crate::dependencies::Dependencies;
use crate::error::MediaError;
use crate::library::Library;
use crate::queue::choice::{AtWork, Candidate, PassedOverSince};
use crate::queue::ledger::Ledger;
use crate::queue::places::Places;
use crate::rules::lane::Lane;
use crate::store::alternates::{self, ClaimedJob};
use crate::store::queue::{self, Claimed, Lease};
use crate::store::usage;

mod choice;
mod ledger;
pub(crate) mod places;

/// How long an attempt holds an item without saying that it continues.
const LEASE: Duration = Duration::from_secs(60);
/// How often an attempt says so.
// Twice within a lease, so that one renewal that fails loses nothing.
pub(crate) const RENEW_INTERVAL: Duration = Duration::from_secs(20);
/// How often it is tried to let an item go whose attempt's end could not be recorded.
const RELEASE_INTERVAL: Duration = Duration::from_secs(2);
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
    database: Database,
    clock: Arc<dyn Clock>,
    /// An item whose lease begins or ends has another row.
    library: Arc<Library>,
    /// Names this run of the process in leases.
    run: i64,
    /// The account that was served last.
    served: AtomicI64,
    /// The account whose alternates were made last.
    alternated: AtomicI64,
    /// Beyond so much processor time within an hour an account waits behind all others.
    processor_time_max: Option<Duration>,
    /// What accounts took of the processor.
    ledger: Ledger,
    passed_over: Mutex<PassedOverSince>,
    changed: Notify,
    /// Where what was claimed is worked on.
    places: Places,
}

impl Queue {
    /// As many items are worked on at a time as the settings have workers; as many threads more may
    /// hang before they count as workers.
    pub(crate) fn new(dependencies: &Dependencies, library: Arc<Library>) -> Self {
        let workers = dependencies.settings.worker_count();
        Self {
            database: dependencies.database.clone(),
            clock: Arc::clone(&dependencies.clock),
            library,
            run: dependencies.ids.next_raw().cast_signed(),
            // Before every account, so that the ring begins with its first.
            served: AtomicI64::new(i64::MIN),
            alternated: AtomicI64::new(i64::MIN),
            processor_time_max: dependencies.settings.processor_time_max(),
            ledger: Ledger::default(),
            passed_over: Mutex::default(),
            changed: Notify::new(),
            places: Places::new(workers),
        }
    }

    /// Where what was claimed is worked on.
    pub(crate) const fn places(&self) -> &Places {
        &self.places
    }

    /// Says that there may be something to do.
    pub(crate) fn wake(&self) {
        // It is kept when nobody waits: what comes between a look at the queue and the wait for
        // this is not missed.
        self.changed.notify_one();
    }

    /// Waits until somebody says that there may be something to do.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Leases the item that is next. Nothing when none waits.
    pub(crate) async fn claim(&self) -> Result<Option<Claimed>, MediaError> {
        self.end_pauses().await?;
        for _ in 0..CHOICES_MAX {
            let Some(id) = self.choose().await? else {
                return Ok(None);
            };
            let (run, until) = (self.run, self.clock.now().plus(LEASE));
            let leased = self.library.write_then(
                move |connection| {
                    Box::pin(async move { queue::lease(connection, id, run, until).await })
                },
                move |library, _: &Option<Claimed>| library.invalidate(&[id], &[]),
            );
            if let Some(claimed) = leased.await? {
                self.served.store(claimed.owner_id, Ordering::Relaxed);
                return Ok(Some(claimed));
            }
        }
        Ok(None)
    }

    async fn choose(&self) -> Result<Option<MediaId>, MediaError> {
        // Read outside a transaction: the lease itself checks that the item still waits.
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
        let spent = self.ledger.read(usage::minute_of(now));
        let passed_over = self.passed_over.lock();
        // Nothing panics while it is held.
        let mut passed_over = passed_over.unwrap_or_else(PoisonError::into_inner);
        choice::choose(
            candidates,
            at_work,
            self.places.workers(),
            (&spent, self.processor_time_max),
            (&mut passed_over, now),
        )
    }

    /// Accounts with an item waiting in a lane, from the one after the account served last on.
    async fn ring(
        &self,
        connection: &mut Connection,
        lane: (i64, Lane),
    ) -> Result<Vec<i64>, MediaError> {
        let served = self.served.load(Ordering::Relaxed);
        let mut owners = queue::owners_after(connection, lane, served, OWNERS_MAX).await?;
        let room = OWNERS_MAX - owners.len();
        // The ring goes round: those up to the account served last come at its end.
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
        self.ledger.load(&rows);
        Ok(())
    }

    /// Bills an account for the processor time of an attempt. A failure is logged: it says nothing
    /// of the attempt.
    pub(crate) async fn charge(&self, owner: i64, spent: Duration) {
        let now = self.clock.now();
        // In memory first: the next choice counts it, whether or not the row can be written.
        let sum = self.ledger.add(owner, usage::minute_of(now), spent);
        // Logged once, by the attempt that crosses the bound.
        if let Some(most) = self.processor_time_max
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

    /// Keeps an item leased whose attempt continues.
    pub(crate) async fn renew(&self, lease: Lease) {
        let until = self.clock.now().plus(LEASE);
        let renewed = self
            .database
            .write(move |connection| {
                Box::pin(async move { queue::renew(connection, lease, until).await })
            })
            .await;
        match renewed {
            Ok(true) => {}
            // What it makes will not be kept; it is left to end by itself.
            Ok(false) => tracing::warn!(media = %lease.id, "an item at work is leased to another"),
            Err(error) => tracing::warn!(media = %lease.id, %error, "a lease was not renewed"),
        }
    }

    /// Lets an item wait again as if it had not been leased.
    pub(crate) async fn release(&self, lease: Lease) -> Result<(), MediaError> {
        let released = self.library.write_then(
            move |connection| {
                Box::pin(async move { queue::release_lease(connection, lease).await })
            },
            move |library, _| library.invalidate(&[lease.id], &[]),
        );
        released.await?;
        Ok(())
    }

    /// Lets an item wait again as soon as the database can write that: its attempt is over, and
    /// what it came to could not be recorded. Once the lease has run out there is nothing to do.
    pub(crate) async fn release_when_possible(&self, lease: Lease) {
        let mut left = LEASE;
        while !left.is_zero() {
            tokio::time::sleep(RELEASE_INTERVAL).await;
            left = left.saturating_sub(RELEASE_INTERVAL);
            if self.release(lease).await.is_ok() {
                return;
            }
        }
    }

    /// Lets an item wait until it is retried.
    pub(crate) async fn pause(
        &self,
        lease: Lease,
        pause: Duration,
        (cause, infra_failure): (String, bool),
    ) -> Result<(), MediaError> {
        tracing::warn!(media = %lease.id, attempts = lease.attempt, cause, "a picture is tried again later");
        // 0 stands for at once: the index of the queue has only rows with it.
        let next = match pause {
            Duration::ZERO => Timestamp::from_microseconds(0),
            pause => self.clock.now().plus(pause),
        };
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    queue::pause(connection, lease, next, (&cause, infra_failure)).await
                })
            })
            .await?;
        // The dispatcher may be asleep for longer than this pause.
        self.wake();
        Ok(())
    }

    /// Whether alternates of any item are to be made now.
    pub(crate) async fn any_alternates_due(&self) -> Result<bool, MediaError> {
        let mut connection = self.database.reader().acquire().await?;
        alternates::is_any_due(&mut connection, self.clock.now()).await
    }

    /// Leases the item whose turn it is to have its alternates made.
    pub(crate) async fn claim_alternates(
        &self,
        lease: Duration,
    ) -> Result<Option<ClaimedJob>, MediaError> {
        let turn = (self.run, self.alternated.load(Ordering::Relaxed));
        let now = self.clock.now();
        let until = now.plus(lease);
        let job = self
            .database
            .write(move |connection| {
                Box::pin(async move { alternates::claim(connection, turn, now, until).await })
            })
            .await?;
        if let Some(job) = &job {
            self.alternated.store(job.owner_id, Ordering::Relaxed);
        }
        Ok(job)
    }

    /// The name of this run of the process in leases.
    pub(crate) const fn run(&self) -> i64 {
        self.run
    }

    /// Forgets what accounts used longer ago than anything is held against them.
    pub(crate) async fn forget_old_minutes(&self, limit: i64) -> Result<(), MediaError> {
        usage::forget_old_minutes(&self.database, self.clock.now(), limit).await
    }

    async fn end_pauses(&self) -> Result<(), MediaError> {
        let mut connection = self.database.reader().acquire().await?;
        let now = self.clock.now();
        // A look costs no commit, and most of the time no pause has ended.
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
