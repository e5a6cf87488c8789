//! The log that a bus stands on: what every kind of it can do. What a subscription makes of it (the
//! order of a key, redelivery, dead letters) is the same on all of them, in `delivery`.
//!
//! A log is asked through a pointer: one call is a statement or a request, beside which the call
//! itself is nothing, and so delivery is compiled once.

use std::sync::Arc;

use async_trait::async_trait;
use infra_kernel::Timestamp;
use tokio::sync::Notify;

use crate::{BusError, Event};

/// Nothing was published after it.
pub(crate) const END_OF_TIME: Timestamp = Timestamp::from_microseconds(i64::MAX);

/// A durable log of events, in the order of publishing.
#[async_trait]
pub(crate) trait Log: Send + Sync + 'static {
    /// Appends events, as [`crate::Bus::publish`] says.
    async fn publish(&self, events: &[Event]) -> Result<(), BusError>;

    /// Makes durable what was appended before.
    async fn sync(&self) -> Result<(), BusError>;

    /// Who reads the events of these topics, in this history of the log.
    fn reader(&self, topics: &[&str], history: Arc<str>) -> Box<dyn LogReader>;

    /// The topics with which a reader reads everything that the log holds now.
    async fn all_topics(&self) -> Result<Vec<String>, LogError>;

    /// What the log holds at this moment.
    async fn extent(&self) -> Result<Extent, LogError>;

    /// A signal for what is published on these topics from now on. One that comes while nobody
    /// waits is kept; a signal may come without need, and may be missing after a failure of the
    /// log.
    fn subscribe(&self, topics: &'static [&'static str]) -> Arc<Notify>;

    /// Deletes events up to a position that were published before a moment, from the log's
    /// beginning, in one bounded step; returns how many, and whether there may be more.
    async fn trim(&self, passed: i64, before: Timestamp) -> Result<Trimmed, LogError>;

    /// Deletes every event. None of its positions is given again.
    async fn clear(&self) -> Result<(), LogError>;

    /// The same, and what was published before can be published again.
    async fn begin_again(&self) -> Result<(), LogError> {
        self.clear().await
    }
}

/// Reads a log for one subscription.
#[async_trait]
pub(crate) trait LogReader: Send + 'static {
    /// The events of interest after a position, at most `rows_max` and some 4 MiB of them.
    async fn read(&mut self, after: i64, rows_max: usize) -> Result<Read, LogError>;
}

/// What a log holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Names what the positions mean: another one when the log was made again, or has lost events
    /// that it had acknowledged.
    pub(crate) history: Arc<str>,
    /// The position before its first event.
    pub(crate) before_first: i64,
    /// The position of the last event that it ever took.
    pub(crate) last: i64,
}

/// An event at its position.
#[derive(Debug)]
pub(crate) struct Logged {
    pub(crate) position: i64,
    pub(crate) event: Event,
}

/// What one look at the log found.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) rows: Vec<Logged>,
    /// How many entries are no events: nobody can act on them.
    pub(crate) skipped: u64,
    /// Everything of interest up to here is in `rows`.
    pub(crate) read_to: i64,
    /// Whether the log's end was reached.
    pub(crate) at_end: bool,
}

impl Read {
    /// Whether the log itself has said that there is no more. What ends with an event ends where
    /// the log ended for the one that sent it, which may learn of new ones later.
    pub(crate) fn is_last(&self) -> bool {
        self.at_end && self.rows.is_empty() && self.skipped == 0
    }
}

/// What one step of trimming did.
pub(crate) struct Trimmed {
    pub(crate) deleted: u64,
    pub(crate) more: bool,
}

/// Why the log was not read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// It may work later.
    #[error("the log is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The positions mean something else now: a subscription must ask where it stands.
    #[error("the log is not the one that was read before")]
    OtherHistory,
}

impl From<infra_db::DbError> for LogError {
    fn from(error: infra_db::DbError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}
