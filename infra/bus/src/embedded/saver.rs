//! Makes settlements durable, one after the other, each in one commit, while the next one fills.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use infra_db::{Database, DbError};
use infra_kernel::Timestamp;
use tokio::time::Instant;

use super::settlement::Settlement;

pub(crate) struct Saver {
    database: Database,
    subscription: &'static str,
    delay: Duration,
    /// What the next settlement will hold.
    pending: Settlement,
    /// When the pending settlement got its first entry.
    since: Option<Instant>,
    /// What is being written, or could not be and will be written again.
    writing: Option<Arc<Settlement>>,
    commit: Option<BoxFuture<'static, Result<(), DbError>>>,
    /// Not before this moment is a failed commit made again.
    pause_until: Option<Instant>,
}

impl Saver {
    pub(crate) fn new(database: Database, subscription: &'static str, delay: Duration) -> Self {
        Self {
            database,
            subscription,
            delay,
            pending: Settlement::default(),
            since: None,
            writing: None,
            commit: None,
            pause_until: None,
        }
    }

    /// The settlement that fills, to be added to.
    pub(crate) fn pending(&mut self) -> &mut Settlement {
        self.since.get_or_insert_with(Instant::now);
        &mut self.pending
    }

    /// The number of the settlement that fills.
    pub(crate) fn generation(&self) -> u64 {
        self.pending.generation
    }

    /// Whether everything is durable.
    pub(crate) fn is_clean(&self) -> bool {
        self.since.is_none() && self.writing.is_none()
    }

    /// How many events are held in memory until they are durable elsewhere. While commits fail it is without bound:
    /// nothing more may be read.
    pub(crate) fn backlog(&self) -> usize {
        if self.pause_until.is_some() {
            return usize::MAX;
        }
        let held = |settlement: &Settlement| settlement.postponed.len() + settlement.dead.len();
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
        // Only bare acknowledgements are worth gathering: what touches the tables has others waiting for it.
        let delay = if self.pending.touches_tables() {
            Duration::ZERO
        } else {
            self.delay
        };
        self.since.map(|since| since + delay)
    }

    /// Begins a commit, of what failed before or else of what is pending with this cursor. To be called only when one
    /// is due.
    pub(crate) fn begin(&mut self, cursor: i64, now: Timestamp) {
        if self.commit.is_some() {
            return;
        }
        let pending = &mut self.pending;
        let since = &mut self.since;
        let settlement = self.writing.get_or_insert_with(|| {
            *since = None;
            let next = Settlement {
                generation: pending.generation + 1,
                ..Settlement::default()
            };
            let mut settlement = std::mem::replace(pending, next);
            settlement.cursor = cursor;
            Arc::new(settlement)
        });
        let settlement = Arc::clone(settlement);
        let database = self.database.clone();
        let subscription = self.subscription;
        self.commit = Some(Box::pin(async move {
            database
                .write(move |connection| {
                    Box::pin(async move { settlement.apply(connection, subscription, now).await })
                })
                .await
        }));
    }

    /// Waits for the commit that is under way, for ever if there is none, and answers what is durable now. May be
    /// dropped and called again.
    pub(crate) async fn committed(&mut self) -> Result<Arc<Settlement>, DbError> {
        let Some(commit) = &mut self.commit else {
            return std::future::pending().await;
        };
        let result = commit.await;
        self.commit = None;
        match (result, self.writing.take()) {
            (Ok(()), Some(settlement)) => {
                self.pause_until = None;
                Ok(settlement)
            }
            (Ok(()), None) => Ok(Arc::default()),
            (Err(error), settlement) => {
                self.writing = settlement;
                Err(error)
            }
        }
    }

    /// Holds the next try of a failed commit back.
    pub(crate) fn pause(&mut self, until: Instant) {
        self.pause_until = Some(until);
    }
}
