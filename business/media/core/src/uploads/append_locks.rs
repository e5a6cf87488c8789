//! Which uploads in parts are being added to just now, in this process: one append for each, and a
//! way to end it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// How long somebody waits for an append to end that was asked to.
const END_WAIT_MAX: Duration = Duration::from_secs(10);

/// The appends under way. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct AppendLocks {
    running: Arc<Mutex<HashMap<i64, Running>>>,
}

#[derive(Clone, Default)]
struct Running {
    stop: CancellationToken,
    ended: CancellationToken,
}

/// An append under way; when this is dropped, it is not any more.
pub(crate) struct Append {
    append_locks: AppendLocks,
    upload: i64,
    running: Running,
}

impl AppendLocks {
    /// Begins one, unless there is one already.
    pub(crate) fn begin(&self, upload: i64) -> Option<Append> {
        let mut all = self.lock();
        if all.contains_key(&upload) {
            return None;
        }
        let running = Running::default();
        all.insert(upload, running.clone());
        Some(Append {
            append_locks: self.clone(),
            upload,
            running,
        })
    }

    /// Asks the append that is under way to keep what it has and end, and waits until it did. A
    /// client that asks how far an upload is has lost the connection that it was sent over, though
    /// this end of it may not have heard. Returns whether none is under way any more.
    pub(crate) async fn end(&self, upload: i64) -> bool {
        // Cloned, so that the lock is not held while this waits.
        let Some(running) = self.lock().get(&upload).cloned() else {
            return true;
        };
        running.stop.cancel();
        let ended = tokio::time::timeout(END_WAIT_MAX, running.ended.cancelled()).await;
        ended.is_ok()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<i64, Running>> {
        // Nothing panics while it is held.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Append {
    /// Returns when somebody wants this append to end.
    pub(crate) async fn is_asked_to_end(&self) {
        self.running.stop.cancelled().await;
    }
}

impl Drop for Append {
    fn drop(&mut self) {
        // In this order: who waits for the end may begin at once.
        self.append_locks.lock().remove(&self.upload);
        self.running.ended.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_at_a_time_and_it_ends_when_it_is_asked_to() {
        let append_locks = AppendLocks::default();
        let append = append_locks.begin(1).unwrap();
        assert!(append_locks.begin(1).is_none());
        assert!(append_locks.begin(2).is_some());
        let holder = async move {
            append.is_asked_to_end().await;
            drop(append);
        };
        let (ended, ()) = tokio::join!(append_locks.end(1), holder);
        assert!(ended);
        assert!(append_locks.begin(1).is_some());
        assert!(append_locks.end(3).await);
    }
}
