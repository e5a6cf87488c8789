//! Keeping what was published, for a log that can lose what it has acknowledged.
//!
//! The relay knows where the log has put the furthest event that it has published: its anchor. A
//! log loses its end or everything, so while the anchor is in its place nothing before it is lost.
//! When it is not, the relay says so in the log and publishes all that it keeps again, in order.
//!
//! Known gap: when the log loses its end without a connection of this process being cut, and others
//! fill the same positions before the relay looks (10 seconds), events that were published between
//! two looks go unnoticed. A single server that restarts cuts all connections; of a cluster with
//! three replicas two would have to lose what they have synced.

use std::time::Duration;

use infra_kernel::{Clock as _, SystemClock};
use tokio::time::Instant;

use super::{Progress, Relay, RelayError};
use crate::outbox::{self, Batch, Kept};
use crate::{Anchor, BusError, LossyLog};

/// How often the relay looks whether its anchor is still there, and trims what it keeps.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);
/// The most batches that are trimmed in one go.
const TRIM_BATCHES_MAX: u32 = 20;

/// What a relay knows of what it keeps.
#[derive(Default)]
pub(super) struct Keeping {
    /// The furthest event that was published.
    anchor: Option<Anchor>,
    /// Rows up to here are marked.
    marked: i64,
    /// The connection to the log that the anchor was last seen on.
    connection: Option<u64>,
    /// When to look again.
    check_at: Option<Instant>,
}

impl Keeping {
    /// What an earlier run has left.
    pub(super) fn resumed(kept: Kept) -> Self {
        Self {
            anchor: kept.anchor,
            marked: kept.position,
            ..Self::default()
        }
    }

    fn must_check(&self, connection: u64) -> bool {
        self.connection != Some(connection) || self.check_at.is_none_or(|at| at <= Instant::now())
    }
}

impl Progress {
    /// Everything that is kept has to be published again.
    fn start_again(&mut self) {
        self.published = 0;
        self.release();
        self.keeping.anchor = None;
        self.keeping.marked = 0;
    }
}

impl Relay {
    /// Looks, if it is time, whether the log still has what was published. Starts again when it has
    /// not; trims what is kept when it has.
    pub(super) async fn check_kept(
        &self,
        log: &dyn LossyLog,
        progress: &mut Progress,
    ) -> Result<(), RelayError> {
        let connection = log.connections();
        if !progress.keeping.must_check(connection) {
            return Ok(());
        }
        if self.is_lost(log, progress).await? {
            self.start_again(log, progress).await?;
        } else {
            // Only now, when it is known that the log has it: while the log is away everything is
            // kept, however old.
            self.trim(log, progress).await?;
        }
        // The number from before the look: on a connection that was made during it, it looks again.
        progress.keeping.connection = Some(connection);
        progress.keeping.check_at = Some(Instant::now() + CHECK_INTERVAL);
        Ok(())
    }

    /// Publishes a batch and makes its last event the anchor; returns whether there may be more.
    pub(super) async fn publish_kept(
        &self,
        log: &dyn LossyLog,
        batch: &Batch,
        progress: &mut Progress,
    ) -> Result<bool, RelayError> {
        let published = log.publish(&batch.events).await?;
        let keeping = &progress.keeping;
        // The log may have come back shorter while this was under way: then the new anchor would
        // hide that the old one is gone.
        let is_suspect = keeping.connection != Some(log.connections())
            || !lies_beyond(published.as_ref(), keeping.anchor.as_ref());
        if is_suspect && self.is_lost(log, progress).await? {
            self.start_again(log, progress).await?;
            return Ok(true);
        }
        progress.publish(batch.last, batch.events.len());
        progress.keeping.anchor = published;
        Ok(batch.more)
    }

    /// Marks what was published since the last time.
    pub(super) async fn mark(&self, progress: &mut Progress) -> Result<(), RelayError> {
        let Some(anchor) = progress.keeping.anchor.clone() else {
            return Ok(());
        };
        let rows = (progress.keeping.marked, progress.published);
        outbox::mark(&self.database, rows, anchor, SystemClock.now())
            .await
            .map_err(RelayError::Mark)?;
        progress.keeping.marked = progress.published;
        Ok(())
    }

    async fn is_lost(&self, log: &dyn LossyLog, progress: &Progress) -> Result<bool, BusError> {
        let Some(anchor) = &progress.keeping.anchor else {
            return Ok(false);
        };
        Ok(!log.holds(anchor).await?)
    }

    /// A run that ends in the middle of this finds an anchor of before that is lost, and starts
    /// again too.
    async fn start_again(
        &self,
        log: &dyn LossyLog,
        progress: &mut Progress,
    ) -> Result<(), RelayError> {
        if let Some(anchor) = &progress.keeping.anchor {
            log.note_loss(anchor).await?;
        }
        tracing::warn!(
            outbox = %self.database.path().display(),
            "the bus has lost events that it had taken; those that are kept are published again"
        );
        progress.start_again();
        Ok(())
    }

    /// Deletes what was kept long enough, in bounded batches.
    async fn trim(&self, log: &dyn LossyLog, progress: &Progress) -> Result<(), RelayError> {
        let before = SystemClock.now().minus(log.keep());
        for _ in 0..TRIM_BATCHES_MAX {
            let trimmed = outbox::trim(&self.database, progress.keeping.marked, before).await;
            if trimmed.map_err(RelayError::Delete)? < outbox::TRIM_BATCH {
                break;
            }
        }
        Ok(())
    }
}

/// Whether an anchor lies beyond another in the same history, as a log that lost nothing has it.
fn lies_beyond(new: Option<&Anchor>, old: Option<&Anchor>) -> bool {
    let (Some(new), Some(old)) = (new, old) else {
        return true;
    };
    new.history == old.history && new.position > old.position
}
