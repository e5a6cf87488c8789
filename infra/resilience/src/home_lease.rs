//! How long a process may answer from what it remembers of a database that another one may write.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// How long a lease holds after a moment at which the process was the home for certain. The next
/// home writes nothing for as long.
pub const HOME_LEASE: Duration = Duration::from_millis(1_500);
/// How long one who finds the lease expired waits for the next renewal, which comes by itself where
/// only this process was held up.
const RENEWAL_WAIT_MAX: Duration = Duration::from_millis(500);

/// The lease of a database's home (ADR 0026). Cheap to clone; clones are the same lease.
///
/// By default it holds forever: nobody else can become the home of a file whose folder is locked.
#[derive(Debug, Clone, Default)]
pub struct HomeLease {
    shared: Option<Arc<Shared>>,
}

/// Nobody knows whether this process is still the home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the database was not reached for so long that another process may write it now")]
pub struct LeaseExpired;

#[derive(Debug)]
struct Shared {
    origin: Instant,
    /// Until when it holds, in microseconds after the origin.
    until_us: AtomicU64,
    renewed: Notify,
}

impl HomeLease {
    /// One that has to be renewed, and has expired until it is.
    #[must_use]
    pub fn expired() -> Self {
        let shared = Shared {
            origin: Instant::now(),
            until_us: AtomicU64::new(0),
            renewed: Notify::new(),
        };
        Self {
            shared: Some(Arc::new(shared)),
        }
    }

    /// At this moment the process was the home for certain: that in which it sent off what only the
    /// home can do, not that in which it heard of its success.
    pub fn renew(&self, home_at: Instant) {
        if let Some(shared) = &self.shared {
            let until_us = shared.microseconds(home_at + HOME_LEASE);
            // The latest proof counts, in whatever order they are heard of.
            shared.until_us.fetch_max(until_us, Ordering::Release);
            shared.renewed.notify_waiters();
        }
    }

    /// Ends it before its time: the process will not be the home any more.
    pub fn expire(&self) {
        if let Some(shared) = &self.shared {
            shared.until_us.store(0, Ordering::Release);
        }
    }

    /// Whether what is remembered of the database may be answered with at this moment.
    #[must_use]
    pub fn holds(&self, now: Instant) -> bool {
        let Some(shared) = &self.shared else {
            return true;
        };
        shared.microseconds(now) < shared.until_us.load(Ordering::Acquire)
    }

    /// Returns when it holds: at once, or when it is renewed soon.
    ///
    /// # Errors
    /// When it is not renewed within half a second.
    pub async fn require(&self, now: Instant) -> Result<(), LeaseExpired> {
        match &self.shared {
            // On the heap: it is rare, and every call carries this future.
            Some(shared) if !self.holds(now) => Box::pin(self.wait(shared)).await,
            _ => Ok(()),
        }
    }

    async fn wait(&self, shared: &Shared) -> Result<(), LeaseExpired> {
        let renewed = async {
            loop {
                let mut renewed = std::pin::pin!(shared.renewed.notified());
                // Before the look, so that no renewal falls between it and the wait.
                renewed.as_mut().enable();
                if self.holds(Instant::now()) {
                    return;
                }
                renewed.await;
            }
        };
        let waited = tokio::time::timeout(RENEWAL_WAIT_MAX, renewed).await;
        waited.map_err(|_| LeaseExpired)
    }
}

impl Shared {
    fn microseconds(&self, moment: Instant) -> u64 {
        let since = moment.saturating_duration_since(self.origin);
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_for_its_time_after_the_last_proof() {
        let (lease, now) = (HomeLease::expired(), Instant::now());
        assert!(!lease.holds(now));
        lease.renew(now);
        let last = now + HOME_LEASE - Duration::from_millis(1);
        assert!(lease.holds(now) && lease.holds(last));
        assert!(!lease.holds(now + HOME_LEASE));
        // An older proof that is heard of later shortens nothing.
        lease.renew(now + Duration::from_secs(1));
        lease.renew(now);
        assert!(lease.holds(now + HOME_LEASE));
        assert!(
            !lease
                .clone()
                .holds(now + HOME_LEASE + Duration::from_secs(1))
        );
    }

    #[test]
    fn that_of_a_file_holds_forever() {
        let lease = HomeLease::default();
        assert!(lease.holds(Instant::now() + Duration::from_secs(1_000_000)));
    }

    #[tokio::test]
    async fn a_renewal_is_waited_for_and_not_for_long() {
        let lease = HomeLease::expired();
        let begun = Instant::now();
        assert_eq!(lease.require(begun).await, Err(LeaseExpired));
        assert!(begun.elapsed() >= RENEWAL_WAIT_MAX);
        let renewal = async {
            tokio::task::yield_now().await;
            lease.renew(Instant::now());
        };
        let (held, ()) = tokio::join!(lease.require(Instant::now()), renewal);
        held.unwrap();
    }
}
