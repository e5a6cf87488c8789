//! Stops what runs at a known place.

use tokio::sync::{Notify, RwLock, RwLockWriteGuard};

/// A place where a test can stop a call after it has read and before it returns.
#[derive(Default)]
pub(crate) struct Gate {
    open: RwLock<()>,
    arrived: Notify,
}

impl Gate {
    /// Stops calls until the response is dropped.
    pub(crate) async fn close(&self) -> RwLockWriteGuard<'_, ()> {
        self.open.write().await
    }

    /// Waits until a call stands at the closed gate.
    pub(crate) async fn arrival(&self) {
        self.arrived.notified().await;
    }

    /// Continues when the gate is open.
    pub(crate) async fn pass(&self) {
        if self.open.try_read().is_err() {
            self.arrived.notify_one();
            drop(self.open.read().await);
        }
    }
}
