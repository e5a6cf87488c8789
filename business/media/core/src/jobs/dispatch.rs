//! Hands what waits to the workers.

use std::sync::Arc;
use std::time::Duration;

use infra_kernel::CorrelationId;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};

use crate::Core;
use crate::error::MediaError;
use crate::jobs::verdict;
use crate::queue::Slot;
use crate::store::alternates;
use crate::store::queue;

/// How often the queue is looked at without being notified of anything: an event may be late, or of
/// another process.
const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// The shortest wait between two looks, when a pause ends just now by a clock that stands still.
const POLL_INTERVAL_MIN: Duration = Duration::from_millis(20);
/// The wait after the database could not be asked.
const INFRA_FAILURE_PAUSE: Duration = Duration::from_secs(1);
/// Lost leases taken back in one step.
const LOST_MAX: i64 = 500;

/// What the work on an upload is logged in: under the name of the request that brought it.
fn work_span(correlation_id: &CorrelationId) -> Span {
    tracing::info_span!("work", %correlation_id)
}

/// Works until it is stopped, then waits for the attempts that are under way to end or be released.
pub(crate) async fn run(core: &Arc<Core>, stop: &CancellationToken) {
    let mut attempts = JoinSet::new();
    let mut started = false;
    while !stop.is_cancelled() {
        while attempts.try_join_next().is_some() {}
        let step = async {
            if !started {
                core.load_ledger().await?;
                core.take_back(true).await?;
                started = true;
            }
            let slot = core.queue.slot().await?;
            core.start_next(slot, &mut attempts, stop).await
        };
        let pause = tokio::select! {
            () = stop.cancelled() => break,
            pause = step => pause,
        };
        let pause = pause.unwrap_or_else(|error| {
            let causes = infra_kernel::Error::from(error).causes();
            tracing::error!(causes, "the queue of photos could not be read");
            Some(INFRA_FAILURE_PAUSE)
        });
        if let Some(pause) = pause {
            tokio::select! {
                () = stop.cancelled() => {}
                () = core.queue.changed() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
    while attempts.join_next().await.is_some() {}
}

impl Core {
    /// Starts what is next. Returns how long to wait when there was nothing.
    async fn start_next(
        self: &Arc<Self>,
        slot: Slot,
        attempts: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) -> Result<Option<Duration>, MediaError> {
        if let Some(claimed) = self.claim().await? {
            let core = Arc::clone(self);
            let span = work_span(&claimed.correlation_id());
            attempts.spawn(core.work_on(claimed, slot, stop.clone()).instrument(span));
            return Ok(None);
        }
        drop(slot);
        self.take_back(false).await?;
        // Nothing else waits: what can wait has its turn, in a place of its own, so that it delays
        // nobody who comes.
        if !self.anything_waits().await?
            && let Some((job, slot)) = self.claim_alternates().await?
        {
            let core = Arc::clone(self);
            let span = work_span(&job.correlation_id());
            let work = core.work_on_alternates(job, slot, stop.clone());
            attempts.spawn(work.instrument(span));
        }
        let pause = self.next_pause_end().await?.unwrap_or(POLL_INTERVAL);
        Ok(Some(pause.clamp(POLL_INTERVAL_MIN, POLL_INTERVAL)))
    }

    /// Takes back what is leased to nobody any more: leases that ran out, and at the start those of
    /// every other run.
    pub(crate) async fn take_back(self: &Arc<Self>, at_start: bool) -> Result<(), MediaError> {
        let others = at_start.then_some(self.queue.run);
        self.take_back_items(others).await?;
        self.take_back_alternates(others).await
    }

    async fn take_back_items(self: &Arc<Self>, others: Option<i64>) -> Result<(), MediaError> {
        let now = self.clock.now();
        loop {
            let lost = queue::lost(&self.database, now, others, LOST_MAX).await?;
            let count = lost.len();
            for claimed in lost {
                let verdict = if claimed.lease().run == self.queue.run {
                    verdict::on_expired_lease(claimed.tries(), rand::random())
                } else {
                    verdict::on_lost_lease(claimed.tries().own)
                };
                let span = work_span(&claimed.correlation_id());
                self.follow(&claimed, verdict).instrument(span).await?;
            }
            if count < usize::try_from(LOST_MAX).unwrap_or(usize::MAX) {
                return Ok(());
            }
        }
    }

    /// There is one place for this work in a process, so what is left here is found by the next
    /// round.
    async fn take_back_alternates(&self, others: Option<i64>) -> Result<(), MediaError> {
        let now = self.clock.now();
        for job in alternates::lost(&self.database, now, others, LOST_MAX).await? {
            let verdict = verdict::on_lost_lease(job.attempts);
            let follow = self.follow_for_alternates(&job, verdict);
            follow.instrument(work_span(&job.correlation_id())).await?;
        }
        Ok(())
    }

    /// Processes everything that is due, one after another. Returns how many attempts there were.
    pub(crate) async fn drain_queue(self: &Arc<Self>) -> Result<u64, MediaError> {
        let never = CancellationToken::new();
        self.load_ledger().await?;
        self.take_back(true).await?;
        let mut attempts = 0;
        loop {
            let slot = self.queue.slot().await?;
            if let Some(claimed) = self.claim().await? {
                let span = work_span(&claimed.correlation_id());
                let work = Arc::clone(self).work_on(claimed, slot, never.clone());
                work.instrument(span).await;
            } else if let Some((job, slot)) = self.claim_alternates().await? {
                let core = Arc::clone(self);
                let span = work_span(&job.correlation_id());
                let work = core.work_on_alternates(job, slot, never.clone());
                work.instrument(span).await;
            } else {
                return Ok(attempts);
            }
            attempts += 1;
        }
    }
}
