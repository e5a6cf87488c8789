//! Who is woken when something is published: the subscriptions that take one of its topics. A look
//! at the log costs a subscription more than the event costs the log.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;

/// The subscriptions of this process that run.
#[derive(Default)]
pub(crate) struct Wakeups {
    subscriptions: Mutex<Vec<Subscribed>>,
}

struct Subscribed {
    topics: &'static [&'static str],
    /// Gone when the subscription has ended.
    signal: Weak<Notify>,
}

impl Wakeups {
    /// A signal for what is published on these topics from now on. One that comes while nobody
    /// waits is kept.
    pub(crate) fn subscribe(&self, topics: &'static [&'static str]) -> Arc<Notify> {
        let signal = Arc::new(Notify::new());
        let mut subscriptions = self.lock();
        // Here, since only here the list grows.
        subscriptions.retain(|subscribed| subscribed.signal.strong_count() > 0);
        subscriptions.push(Subscribed {
            topics,
            signal: Arc::downgrade(&signal),
        });
        signal
    }

    /// Wakes those that take one of these topics.
    pub(crate) fn wake(&self, topics: &[&str]) {
        for subscribed in self.lock().iter() {
            let takes = |topic: &&str| subscribed.topics.contains(topic);
            if topics.iter().any(takes)
                && let Some(signal) = subscribed.signal.upgrade()
            {
                signal.notify_one();
            }
        }
    }

    /// Wakes everyone: it is not known what was published.
    pub(crate) fn wake_all(&self) {
        for subscribed in self.lock().iter() {
            if let Some(signal) = subscribed.signal.upgrade() {
                signal.notify_one();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Subscribed>> {
        // Nothing between two changes of the list can panic.
        self.subscriptions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
