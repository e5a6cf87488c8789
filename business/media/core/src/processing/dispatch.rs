//! Hands what waits to the workers.

use std::sync::Arc;
use std::time::Duration;

use infra_kernel::CorrelationId;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};

use crate::error::MediaError;
use crate::processing::Processing;
use crate::processing::failed_attempt::follow;
use crate::processing::make_alternates::{
    claim_alternates, follow_for_alternates, work_on_alternates,
};
use crate::processing::make_renditions::{STOP_PATIENCE, work_on};
use crate::processing::verdict;
use crate::queue::places::Slot;
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
pub(crate) async fn run(processing: &Arc<Processing>, stop: &CancellationToken) {
    let mut attempts = JoinSet::new();
    let mut started = false;
    let stopped_for_long = async {
        stop.cancelled().await;
        tokio::time::sleep(STOP_PATIENCE).await;
    };
    tokio::pin!(stopped_for_long);
    while !stop.is_cancelled() {
        // What has ended is reaped, or the set would grow for as long as the process runs.
        while attempts.try_join_next().is_some() {}
        // A step that is under way in the moment of a stop goes on: what it leases is worked on or
        // released like every other attempt. Otherwise the next start would take it for what a dead
        // process was at, and hold that against the item.
        let pause = tokio::select! {
            pause = step(processing, &mut started, &mut attempts, stop) => pause,
            () = &mut stopped_for_long => break,
        };
        let pause = pause.unwrap_or_else(|error| {
            let causes = infra_kernel::Error::from(error).causes();
            tracing::error!(causes, "the queue of photos could not be read");
            Some(INFRA_FAILURE_PAUSE)
        });
        if let Some(pause) = pause {
            tokio::select! {
                () = stop.cancelled() => {}
                () = processing.queue.changed() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
    while attempts.join_next().await.is_some() {}
}

/// One round: starts what is next when there is a place for it. Returns how long to wait then.
async fn step(
    processing: &Arc<Processing>,
    started: &mut bool,
    attempts: &mut JoinSet<()>,
    stop: &CancellationToken,
) -> Result<Option<Duration>, MediaError> {
    // Within the step: a database that cannot be read at the start is retried like one that cannot
    // be read later.
    if !*started {
        processing.queue.load_ledger().await?;
        take_back(processing, true).await?;
        *started = true;
    }
    // The place comes first: an item that is leased must not wait for a worker while its lease
    // runs.
    let slot = processing.queue.places().slot();
    match stop.run_until_cancelled(slot).await {
        Some(slot) => start_next(processing, slot?, attempts, stop).await,
        None => Ok(None),
    }
}

/// Starts what is next. Returns how long to wait when there was nothing.
async fn start_next(
    processing: &Arc<Processing>,
    slot: Slot,
    attempts: &mut JoinSet<()>,
    stop: &CancellationToken,
) -> Result<Option<Duration>, MediaError> {
    if let Some(claimed) = processing.queue.claim().await? {
        let processing = Arc::clone(processing);
        let span = work_span(&claimed.correlation_id());
        attempts.spawn(work_on(processing, claimed, slot, stop.clone()).instrument(span));
        return Ok(None);
    }
    // Not for alternates, which have a place of their own.
    drop(slot);
    take_back(processing, false).await?;
    // Nothing else waits: what can wait has its turn, in a place of its own, so that it delays
    // nobody who comes.
    if !processing.queue.anything_waits().await?
        && let Some((job, slot)) = claim_alternates(processing).await?
    {
        let processing = Arc::clone(processing);
        let span = work_span(&job.correlation_id());
        let work = work_on_alternates(processing, job, slot, stop.clone());
        attempts.spawn(work.instrument(span));
    }
    let pause = processing
        .queue
        .next_pause_end()
        .await?
        .unwrap_or(POLL_INTERVAL);
    Ok(Some(pause.clamp(POLL_INTERVAL_MIN, POLL_INTERVAL)))
}

/// Takes back what is leased to nobody any more: leases that ran out, and at the start those of
/// every other run.
pub(crate) async fn take_back(
    processing: &Arc<Processing>,
    at_start: bool,
) -> Result<(), MediaError> {
    let others = at_start.then_some(processing.queue.run());
    take_back_items(processing, others).await?;
    take_back_alternates(processing, others).await
}

async fn take_back_items(
    processing: &Arc<Processing>,
    others: Option<i64>,
) -> Result<(), MediaError> {
    let now = processing.clock.now();
    loop {
        let lost = queue::lost(&processing.database, now, others, LOST_MAX).await?;
        let count = lost.len();
        for claimed in lost {
            // This run lives, so what it held is an end that could not be recorded; another run's
            // holder has died.
            let verdict = if claimed.lease().run == processing.queue.run() {
                verdict::on_expired_lease(claimed.tries(), rand::random())
            } else {
                verdict::on_lost_lease(claimed.tries().own)
            };
            let span = work_span(&claimed.correlation_id());
            follow(processing, &claimed, verdict)
                .instrument(span)
                .await?;
        }
        if count < usize::try_from(LOST_MAX).unwrap_or(usize::MAX) {
            return Ok(());
        }
    }
}

/// There is one place for this work in a process, so what is left here is found by the next
/// round.
async fn take_back_alternates(
    processing: &Processing,
    others: Option<i64>,
) -> Result<(), MediaError> {
    let now = processing.clock.now();
    for job in alternates::lost(&processing.database, now, others, LOST_MAX).await? {
        let verdict = verdict::on_lost_lease(job.attempts);
        let follow = follow_for_alternates(processing, &job, verdict);
        follow.instrument(work_span(&job.correlation_id())).await?;
    }
    Ok(())
}

/// Processes everything that is due, one after another. Returns how many attempts there were.
pub(crate) async fn drain_queue(processing: &Arc<Processing>) -> Result<u64, MediaError> {
    let never = CancellationToken::new();
    processing.queue.load_ledger().await?;
    take_back(processing, true).await?;
    let mut attempts = 0;
    loop {
        let slot = processing.queue.places().slot().await?;
        if let Some(claimed) = processing.queue.claim().await? {
            let span = work_span(&claimed.correlation_id());
            let work = work_on(Arc::clone(processing), claimed, slot, never.clone());
            work.instrument(span).await;
        } else if let Some((job, slot)) = claim_alternates(processing).await? {
            let processing = Arc::clone(processing);
            let span = work_span(&job.correlation_id());
            let work = work_on_alternates(processing, job, slot, never.clone());
            work.instrument(span).await;
        } else {
            return Ok(attempts);
        }
        attempts += 1;
    }
}
