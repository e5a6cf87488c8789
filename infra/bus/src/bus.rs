//! What every bus can do, wherever it runs.

use std::time::Duration;

use async_trait::async_trait;
use infra_kernel::EventId;
use tokio_util::sync::CancellationToken;

use crate::{Consumer, Event, Status};

/// A durable log of events with durable subscriptions.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Adds events to the log, in this order. They outlive the process when this returns, and a
    /// loss of power when [`Bus::sync`] has returned since.
    ///
    /// An event that the log already keeps, by its id, is skipped: a caller that does not know
    /// whether an earlier call succeeded makes it again with the same events. A log may know ids
    /// for a time only ([`Bus::lossy`]), so an event may be delivered more than once.
    ///
    /// # Errors
    /// When the bus could not take all of them; it may have taken the first ones, of each key.
    async fn publish(&self, events: &[Event]) -> Result<(), BusError>;

    /// Makes durable what was published before.
    ///
    /// # Errors
    /// When the bus could not; the same call may succeed later.
    async fn sync(&self) -> Result<(), BusError>;

    /// Runs a durable subscription until it is stopped, then finishes what is in flight within a
    /// bound and returns. Failures of the bus itself are logged and waited out; they do not end it.
    ///
    /// A subscription that is new to the bus starts at the beginning of what the log still keeps,
    /// so that a consumer added by an upgrade sees what happened while the upgrade was under way.
    async fn run(&self, consumer: Consumer, stop: CancellationToken);

    /// The live end of the log: what is published on these topics after this returned, at most once
    /// and as long as the reader keeps up. It costs a look at the log each time that something is
    /// published, and leaves nothing behind; any process of the installation may have some.
    ///
    /// # Errors
    /// When the log could not be asked where it ends.
    async fn tail(&self, topics: &'static [&'static str]) -> Result<Box<dyn Tail>, BusError>;

    /// Trims the log until it is stopped: deletes what every subscription has passed and what is
    /// older than the retention, in bounded batches.
    async fn run_jobs(&self, stop: CancellationToken);

    /// The last event in the log, or in the one that it was moved from, if that is later; none
    /// while nothing was published. With what waits in the outboxes it is what ids go on from after
    /// a restart ([`crate::last_event()`]).
    ///
    /// # Errors
    /// When the log could not be asked.
    async fn last_event(&self) -> Result<Option<EventId>, BusError>;

    /// Every subscription that the bus knows, by name, and how far it is.
    ///
    /// # Errors
    /// When the log or the bus's database could not be asked.
    async fn statuses(&self) -> Result<Vec<Status>, BusError>;

    /// Notes that relays publish to this log from now on. Returns whether they last published to
    /// another one elsewhere: what that one holds and nobody has handled is not read here. A server
    /// that has lost its disk has another one, too.
    ///
    /// # Errors
    /// When the log or the bus's database could not be asked.
    async fn note_use(&self) -> Result<bool, BusError> {
        // A log in the bus's own database is known by its events.
        Ok(false)
    }

    /// What there is besides when the log can lose what it has acknowledged and synced: another
    /// machine's disks. None where its durability is that of the outboxes, whose rows are deleted
    /// then as soon as they are published. Where there is something, relays keep the rows for a
    /// time and publish them again after a loss.
    fn lossy(&self) -> Option<&dyn LossyLog> {
        None
    }
}

/// The live end of a log, as its reader sees it: what was published since [`Bus::tail`].
#[async_trait]
pub trait Tail: Send {
    /// Waits for what is published next, and returns it: at least one event, in the order of
    /// publishing. Each is returned once at most; some are left out when there are more than are
    /// taken, or when the log has become another one.
    ///
    /// To be cancelled at will: what it was about to return comes with the next call.
    ///
    /// # Errors
    /// When the log could not be read. The next call may succeed, and goes on where this one was.
    async fn next(&mut self) -> Result<Vec<Event>, BusError>;
}

/// A log that can lose what it has acknowledged, as its publishers see it.
#[async_trait]
pub trait LossyLog: Send + Sync {
    /// How long relays keep what they have published.
    fn keep(&self) -> Duration;

    /// Publishes as [`Bus::publish`] does, and returns where the furthest of the events lies; none
    /// when there are no events.
    ///
    /// # Errors
    /// As [`Bus::publish`] has them.
    async fn publish(&self, events: &[Event]) -> Result<Option<Anchor>, BusError>;

    /// Counts the connections to the log that this process has had. While it stays, the log was
    /// not restarted.
    fn connections(&self) -> u64;

    /// Whether an event is still where it was. True as well when the log has trimmed what was
    /// there.
    ///
    /// # Errors
    /// When the log could not be asked.
    async fn holds(&self, anchor: &Anchor) -> Result<bool, BusError>;

    /// Notes in the log that it has lost an event, before that is published again: subscriptions
    /// that had read further than what is left go back to the beginning. Nothing is noted when
    /// they know already that the history in which the event was published has ended.
    ///
    /// # Errors
    /// When it could not be noted.
    async fn note_loss(&self, of: &Anchor) -> Result<(), BusError>;
}

/// An event, and where a log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The id of the event, by which a log that was set back and filled again is recognised.
    pub event: EventId,
    /// The history of the log: another one when it was made again, or has lost events.
    pub history: String,
    /// The position in that history.
    pub position: i64,
}

/// Why the bus did not take events.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// They could not be made durable; the same call may succeed later.
    #[error("the bus could not store the events")]
    Publish(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What was published could not be made durable; the same call may succeed later.
    #[error("the bus could not make its events durable")]
    Sync(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The log could not be asked what it holds; the same call may succeed later.
    #[error("the bus could not say what it holds")]
    Look(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl BusError {
    pub(crate) fn look(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Look(Box::new(cause))
    }
}
