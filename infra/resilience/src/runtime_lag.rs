//! How long a socket that has something to read waits until that is read.
//!
//! When thousands of them have something at once, most wait until the kernel's list of them is read
//! and then for a turn of their task, and a request has waited there before anybody knows of it. A
//! probe takes the same way: a byte through a pair of sockets. How long it takes says how old what
//! comes after it is. It is sent only while somebody asks, and again for as long as it finds a
//! queue.

use std::io::{self, Write as _};
use std::os::unix::net::UnixStream as Sender;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream as Receiver;
use tokio::runtime::Handle;

/// A shorter wait is none: the next probe is sent when somebody asks again.
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
    /// Where probes are sent into. None when there are no sockets for them.
    sender: OnceLock<Option<Sender>>,
}

impl RuntimeLag {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            base: Instant::now(),
            sent_at: AtomicU64::new(0),
            next_at: AtomicU64::new(0),
            found: AtomicU64::new(0),
            sender: OnceLock::new(),
        })
    }

    /// How long what is read now has waited, as far as it is known.
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
        // The clock first, which costs less to ask than the runtime.
        if now < self.next_at.load(Ordering::Relaxed) || Handle::try_current().is_err() {
            return;
        }
        let sent = self
            .sent_at
            .compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
        if sent.is_ok() {
            self.send();
        }
    }

    fn send(self: &Arc<Self>) {
        let sender = self.sender.get_or_init(|| self.open().ok());
        let sent = sender.as_ref().map(|mut sender| sender.write(&[0]));
        if !matches!(sent, Some(Ok(1))) {
            self.forget();
        }
    }

    /// Nothing is known then, and nobody is refused for it.
    fn forget(&self) {
        self.found.store(0, Ordering::Relaxed);
        self.sent_at.store(0, Ordering::Relaxed);
    }

    fn open(self: &Arc<Self>) -> io::Result<Sender> {
        let (sender, receiver) = Sender::pair()?;
        sender.set_nonblocking(true)?;
        receiver.set_nonblocking(true)?;
        tokio::spawn(receive(Receiver::from_std(receiver)?, Arc::downgrade(self)));
        Ok(sender)
    }

    fn arrived(self: &Arc<Self>) {
        let now = self.now();
        let waited = now.saturating_sub(self.sent_at.load(Ordering::Relaxed));
        if u128::from(waited) < LAG_MIN.as_micros() {
            self.next_at.store(now + micros(PAUSE), Ordering::Relaxed);
            self.forget();
            return;
        }
        self.found.store(waited, Ordering::Relaxed);
        self.sent_at.store(now, Ordering::Relaxed);
        self.send();
    }

    /// Microseconds from the base, and never zero.
    fn now(&self) -> u64 {
        micros(self.base.elapsed()).max(1)
    }
}

/// Ends when nobody sends any more.
async fn receive(mut receiver: Receiver, lag: Weak<RuntimeLag>) {
    while let Ok(1) = receiver.read(&mut [0]).await
        && let Some(lag) = lag.upgrade()
    {
        lag.arrived();
    }
    if let Some(lag) = lag.upgrade() {
        lag.forget();
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
