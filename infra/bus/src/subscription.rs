//! Who acts on events, and what happens when acting fails.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use infra_db::DbError;
use infra_kernel::Context;

use crate::Event;

/// A durable subscription: where it stands in the log outlives the process.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Its name for good: "feed.fan-out". Also names its dead letters.
    pub name: &'static str,
    /// The topics it takes.
    pub topics: &'static [&'static str],
    /// How many events it handles concurrently; events with the same key never are.
    pub concurrency: usize,
    /// What happens after a failure.
    pub retry: RetryPolicy,
}

/// When a failed event is retried, and when it is given up.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// How often an event is tried before it becomes a dead letter, unless what it needs is
    /// [away](HandlerError::Unavailable).
    pub attempts_max: u32,
    /// The pause after the first failure; it doubles with each further one, with jitter.
    pub pause_min: Duration,
    /// The longest pause, which the doubling ends at.
    pub pause_max: Duration,
    /// How long one attempt may take.
    pub attempt_timeout: Duration,
}

impl Default for RetryPolicy {
    /// Eight tries over about four minutes: long enough for a restart of what is needed, short
    /// enough to be noticed.
    fn default() -> Self {
        Self {
            attempts_max: 8,
            pause_min: Duration::from_secs(1),
            pause_max: Duration::from_secs(120),
            attempt_timeout: Duration::from_secs(60),
        }
    }
}

/// Why an event was not handled. What a handler needs may be away for longer than any number of
/// tries; what is wrong with the event or the handler does not pass. So the two are distinguished.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// What is needed to handle it cannot be had just now: a full disk, a domain that does not
    /// respond. Tried until it can, and never given up.
    #[error("what is needed is not there")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It may work later. Given up after [`RetryPolicy::attempts_max`].
    #[error("not handled this time")]
    Retry(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It never will: straight to the dead letters.
    #[error("cannot be handled")]
    Reject(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<infra_kernel::Error> for HandlerError {
    fn from(error: infra_kernel::Error) -> Self {
        if error.code().is_retryable() {
            Self::Unavailable(Box::new(error))
        } else if error.code().is_server_fault() {
            Self::Retry(Box::new(error))
        } else {
            // What is asked for is at fault: it is refused as often as it is asked.
            Self::Reject(Box::new(error))
        }
    }
}

impl From<infra_db::DbError> for HandlerError {
    fn from(error: infra_db::DbError) -> Self {
        if error.is_transient() {
            Self::Unavailable(Box::new(error))
        } else {
            Self::Retry(Box::new(error))
        }
    }
}

impl From<crate::PayloadError> for HandlerError {
    fn from(error: crate::PayloadError) -> Self {
        Self::Reject(Box::new(error))
    }
}

/// Acts on events. It may see each of them more than once.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Acts on one event; the context carries the event's correlation id and the attempt's
    /// deadline.
    async fn handle(&self, context: &Context, event: &Event) -> Result<(), HandlerError>;

    /// Makes durable what handling has changed: called before handled events are acknowledged. To
    /// be written where a database does not sync each commit ([`infra_db::Durability::OnSync`]).
    ///
    /// # Errors
    /// When that failed: nothing is acknowledged then, and it is called again.
    async fn sync(&self) -> Result<(), DbError> {
        Ok(())
    }
}

/// A subscription and who acts on it: what a domain hands to the composition, which runs it.
#[derive(Clone)]
pub struct Consumer {
    /// The events that the handler takes, and how.
    pub subscription: Subscription,
    /// The handler of the events.
    pub handler: Arc<dyn Handler>,
}
