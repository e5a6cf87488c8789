//! Stops what runs at a known place.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Notify, RwLock, RwLockWriteGuard};

/// A place where a test can stop a call after it has read and before it returns.
#[derive(Default)]
pub(crate) struct Gate {
    open: RwLock<()>,
    arrived: Notify,
    /// How many more calls are stopped.
    stopped_max: AtomicUsize,
}

impl Gate {
    /// Stops calls until the response is dropped.
    pub(crate) async fn close(&self) -> RwLockWriteGuard<'_, ()> {
        self.stopped_max.store(usize::MAX, Ordering::SeqCst);
        self.open.write().await
    }

    /// Stops the next call until the response is dropped, and none that follows.
    pub(crate) async fn close_for_one(&self) -> RwLockWriteGuard<'_, ()> {
        self.stopped_max.store(1, Ordering::SeqCst);
        self.open.write().await
    }

    /// Waits until a call stands at the closed gate.
    pub(crate) async fn arrival(&self) {
        self.arrived.notified().await;
    }

    /// Continues when the gate is open.
    pub(crate) async fn pass(&self) {
        if self.open.try_read().is_ok() {
            return;
        }
        let one_less = |left: usize| left.checked_sub(1);
        let left = &self.stopped_max;
        if left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less)
            .is_ok()
        {
            self.arrived.notify_one();
            drop(self.open.read().await);
        }
    }
}
