//! Makes ack batches durable, one after the other, each in one commit, while the next one fills.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use infra_db::{Database, DbError};
use infra_kernel::Timestamp;
use tokio::time::Instant;

use super::ack_batch::AckBatch;
use crate::settings::Bounds;
use crate::{Consumer, Handler};

pub(crate) struct AckWriter {
    database: Database,
    subscription: &'static str,
    handler: Arc<dyn Handler>,
    delay: Duration,
    /// Bare acknowledgements are written at whole delays from here, all subscriptions' in one
    /// commit.
    epoch: Instant,
    /// What the next ack batch will hold.
    pending: AckBatch,
    /// When the pending ack batch got its first entry.
    since: Option<Instant>,
    /// What is being written, or could not be and will be written again.
    writing: Option<Arc<AckBatch>>,
    commit: Option<BoxFuture<'static, Result<(), DbError>>>,
    /// Not before this moment is a failed commit made again.
    pause_until: Option<Instant>,
}

impl AckWriter {
    pub(crate) fn new(
        database: Database,
        consumer: &Consumer,
        bounds: Bounds,
        epoch: Instant,
    ) -> Self {
        Self {
            database,
            subscription: consumer.subscription.name,
            handler: Arc::clone(&consumer.handler),
            delay: bounds.acknowledge_delay,
            epoch,
            pending: AckBatch::default(),
            since: None,
            writing: None,
            commit: None,
            pause_until: None,
        }
    }

    /// The ack batch that fills, to be added to.
    pub(crate) fn pending(&mut self) -> &mut AckBatch {
        // Who asks adds something, or wants the cursor written: the batch has begun.
        self.since.get_or_insert_with(Instant::now);
        &mut self.pending
    }

    /// The number of the ack batch that fills.
    pub(crate) fn generation(&self) -> u64 {
        self.pending.generation
    }

    /// Whether everything is durable.
    pub(crate) fn is_clean(&self) -> bool {
        self.since.is_none() && self.writing.is_none()
    }

    /// How many events are held in memory until they are durable elsewhere. While commits fail it
    /// is without bound: nothing more may be read.
    pub(crate) fn backlog(&self) -> usize {
        // Set from the first failure until a commit succeeds.
        if self.pause_until.is_some() {
            return usize::MAX;
        }
        let held = |ack_batch: &AckBatch| ack_batch.postponed.len() + ack_batch.dead.len();
        held(&self.pending) + self.writing.as_deref().map_or(0, held)
    }

    /// When the next commit should begin; none while one is under way or nothing is to be written.
    pub(crate) fn due_at(&self) -> Option<Instant> {
        if self.commit.is_some() {
            return None;
        }
        if self.writing.is_some() {
            return self.pause_until;
        }
        let since = self.since?;
        // Only bare acknowledgements are worth gathering: what touches the tables has others
        // waiting for it.
        if self.pending.touches_tables() || self.delay.is_zero() {
            return Some(since);
        }
        let passed = since.saturating_duration_since(self.epoch).as_nanos();
        let into = passed % self.delay.as_nanos();
        Some(since + self.delay - Duration::from_nanos(u64::try_from(into).unwrap_or_default()))
    }

    /// Begins a commit, of what failed before or else of what is pending with this cursor. To be
    /// called only when one is due.
    pub(crate) fn begin(&mut self, cursor: i64, now: Timestamp) {
        if self.commit.is_some() {
            return;
        }
        let pending = &mut self.pending;
        let since = &mut self.since;
        // What failed is made again first, and as it was: batches become durable in their order.
        let ack_batch = self.writing.get_or_insert_with(|| {
            // What comes from here on belongs to the next batch.
            *since = None;
            let next = AckBatch {
                generation: pending.generation + 1,
                ..AckBatch::default()
            };
            let mut ack_batch = std::mem::replace(pending, next);
            ack_batch.cursor = cursor;
            Arc::new(ack_batch)
        });
        let ack_batch = Arc::clone(ack_batch);
        let database = self.database.clone();
        let subscription = self.subscription;
        let handler = Arc::clone(&self.handler);
        self.commit = Some(Box::pin(async move {
            // Before the cursor moves: an acknowledgement must not outlive its effect (ADR 0032).
            handler.sync().await?;
            database
                .write(move |connection| {
                    Box::pin(async move { ack_batch.apply(connection, subscription, now).await })
                })
                .await
        }));
    }

    /// Waits for the commit that is under way, for ever if there is none, and returns what is
    /// durable now. May be dropped and called again.
    pub(crate) async fn committed(&mut self) -> Result<Arc<AckBatch>, DbError> {
        let Some(commit) = &mut self.commit else {
            return std::future::pending().await;
        };
        // Not taken out before: a call that is dropped while it waits must leave the commit here.
        let result = commit.await;
        self.commit = None;
        match (result, self.writing.take()) {
            (Ok(()), Some(ack_batch)) => {
                self.pause_until = None;
                Ok(ack_batch)
            }
            // Cannot be: `begin` sets both.
            (Ok(()), None) => Ok(Arc::default()),
            (Err(error), ack_batch) => {
                self.writing = ack_batch;
                Err(error)
            }
        }
    }

    /// Holds the next try of a failed commit back.
    pub(crate) fn pause(&mut self, until: Instant) {
        self.pause_until = Some(until);
    }
}
