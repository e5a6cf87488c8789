//! What every bus can do, wherever it runs.

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::{Consumer, Event};

/// A durable log of events with durable subscriptions.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Adds events to the log, in this order. They outlive the process when this returns, and a
    /// loss of power when [`Bus::sync`] has returned since.
    ///
    /// An event that the log already keeps, by its id, is skipped: a caller does not know whether
    /// an earlier call succeeded makes it again with the same events.
    ///
    /// # Errors
    /// When the bus could not take all of them; it may have taken the first ones.
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
}
