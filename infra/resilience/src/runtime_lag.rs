//! How long a task that may run waits until it does.
//!
//! When thousands of sockets have something to read at once, their tasks stand in the runtime's
//! queue, and a request has waited there before anybody knows of it. A probe stands in that queue
//! too: how long it takes says how old what comes after it is. It is sent only while somebody asks,
//! and again for as long as it finds a queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

/// A shorter wait in the queue is none: the next probe is sent when somebody asks again.
const LAG_MIN: Duration = Duration::from_millis(10);
/// No more probes than one in this time while there is no queue.
const PAUSE: Duration = Duration::from_millis(5);

/// The queue of one runtime, as the last probe found it.
#[derive(Debug)]
pub(crate) struct RuntimeLag {
    base: Instant,
    /// When the probe that is under way was sent, in microseconds from the base; zero while there
    /// is none.
    sent_at: AtomicU64,
    /// When the next may be sent.
    next_at: AtomicU64,
    /// What the last one found, in microseconds; zero when it was shorter than [`LAG_MIN`].
    found: AtomicU64,
}

impl RuntimeLag {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            base: Instant::now(),
            sent_at: AtomicU64::new(0),
            next_at: AtomicU64::new(0),
            found: AtomicU64::new(0),
        })
    }

    /// How long what runs now has waited, as far as it is known.
    pub(crate) fn last(&self) -> Duration {
        let found = self.found.load(Ordering::Relaxed);
        let waited = match self.sent_at.load(Ordering::Relaxed) {
            0 => 0,
            sent_at => self.now().saturating_sub(sent_at),
        };
        Duration::from_micros(found.max(waited))
    }

    /// Sends a probe if none is under way. To be called while there is more to do than can be done
    /// at once. Outside of a runtime it does nothing.
    pub(crate) fn probe(self: &Arc<Self>) {
        let now = self.now();
        if now < self.next_at.load(Ordering::Relaxed) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let sent = self
            .sent_at
            .compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
        if sent.is_ok() {
            self.send(&runtime);
        }
    }

    /// From a thread that is none of the runtime's: what those spawn themselves stands ahead of the
    /// queue.
    fn send(self: &Arc<Self>, runtime: &Handle) {
        let lag = Arc::clone(self);
        let in_queue = runtime.clone();
        runtime.spawn_blocking(move || {
            let sent_at = lag.now();
            lag.sent_at.store(sent_at, Ordering::Relaxed);
            in_queue.spawn(async move { lag.arrived(sent_at) });
        });
    }

    fn arrived(self: Arc<Self>, sent_at: u64) {
        let now = self.now();
        let waited = now.saturating_sub(sent_at);
        let is_queue = u128::from(waited) >= LAG_MIN.as_micros();
        self.found
            .store(if is_queue { waited } else { 0 }, Ordering::Relaxed);
        if is_queue {
            self.sent_at.store(now, Ordering::Relaxed);
            self.send(&Handle::current());
            return;
        }
        self.next_at.store(now + micros(PAUSE), Ordering::Relaxed);
        self.sent_at.store(0, Ordering::Relaxed);
    }

    /// Microseconds from the base, and never zero.
    fn now(&self) -> u64 {
        micros(self.base.elapsed()).max(1)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
