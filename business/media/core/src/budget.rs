//! The memory that pictures may take together, and what uploads may gather.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::MediaError;

/// The unit in which memory is handed out: fine enough for small pictures, coarse enough to count in 32 bits.
const UNIT_BYTES: u64 = 64 * 1024;
/// The part of the memory of pictures that uploads may gather together before they write: one in so many bytes. It comes
/// on top, and with the default of 512 MiB is 32 MiB.
const GATHERED_SHARE: u64 = 16;

/// Hands out memory, first come first served, so that a large picture is not passed by for ever by small ones.
#[derive(Clone)]
pub(crate) struct MemoryBudget {
    units: Arc<Semaphore>,
    units_max: u32,
    bytes_max: u64,
    gathered: Arc<AtomicU64>,
}

impl MemoryBudget {
    pub(crate) fn new(bytes_max: u64) -> Self {
        let units_max = u32::try_from(bytes_max.div_ceil(UNIT_BYTES).max(1)).unwrap_or(u32::MAX);
        let units_max = units_max.min(u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX));
        Self {
            units: Arc::new(Semaphore::new(units_max as usize)),
            units_max,
            bytes_max,
            gathered: Arc::default(),
        }
    }

    /// Waits until this much memory is free; it is given back when the returned permit is dropped.
    ///
    /// # Errors
    /// [`MediaError::NeedsMemory`] when it is more than there ever is.
    pub(crate) async fn take(&self, bytes: u64) -> Result<OwnedSemaphorePermit, MediaError> {
        if !self.ever_has(bytes) {
            let bytes_max = self.bytes_max;
            return Err(MediaError::NeedsMemory { bytes, bytes_max });
        }
        Arc::clone(&self.units)
            .acquire_many_owned(self.units_of(bytes))
            .await
            // The semaphore is never closed.
            .map_err(|_| MediaError::BlobBusy)
    }

    /// This much memory, if it is free just now and nobody waits for any. Encoders that ask for more than there is get all of
    /// it: their process has a limit of its own.
    pub(crate) fn try_take(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.units)
            .try_acquire_many_owned(self.units_of(bytes))
            .ok()
    }

    /// Whether this much memory is free at any time.
    pub(crate) const fn ever_has(&self, bytes: u64) -> bool {
        bytes <= self.bytes_max
    }

    /// A place for an upload to gather what arrives before it is written.
    pub(crate) fn gathering(&self) -> Gathering {
        Gathering {
            budget: self.clone(),
            bytes: 0,
        }
    }

    fn units_of(&self, bytes: u64) -> u32 {
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX);
        units.min(self.units_max)
    }
}

/// What one upload has gathered and not written yet. However many uploads there are, none is refused for it: when all
/// together have gathered their share, each writes what it has with every piece that arrives.
pub(crate) struct Gathering {
    budget: MemoryBudget,
    bytes: u64,
}

impl Gathering {
    /// Notes that so many bytes are gathered now. Returns whether all uploads together have gathered more than their share.
    pub(crate) fn holds(&mut self, bytes: usize) -> bool {
        let bytes = bytes as u64;
        let all = &self.budget.gathered;
        let together = if bytes >= self.bytes {
            all.fetch_add(bytes - self.bytes, Ordering::Relaxed) + (bytes - self.bytes)
        } else {
            all.fetch_sub(self.bytes - bytes, Ordering::Relaxed) - (self.bytes - bytes)
        };
        self.bytes = bytes;
        together > self.budget.bytes_max / GATHERED_SHARE
    }
}

impl Drop for Gathering {
    fn drop(&mut self) {
        self.holds(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_does_not_fit_waits_and_what_never_fits_is_refused() {
        let budget = MemoryBudget::new(10 * UNIT_BYTES);
        let first = budget.take(6 * UNIT_BYTES).await.unwrap();
        let second = budget.take(5 * UNIT_BYTES);
        tokio::pin!(second);
        assert!(futures::poll!(second.as_mut()).is_pending());
        assert!(budget.try_take(5 * UNIT_BYTES).is_none());
        drop(first);
        drop(second.await.unwrap());
        let all = budget.take(10 * UNIT_BYTES).await.unwrap();
        assert_eq!(all.num_permits(), 10);
        drop(all);
        for bytes in [10 * UNIT_BYTES + 1, u64::MAX] {
            let refused = budget.take(bytes).await;
            assert!(matches!(refused, Err(MediaError::NeedsMemory { .. })));
            assert_eq!(budget.try_take(bytes).unwrap().num_permits(), 10);
        }
    }

    #[test]
    fn uploads_gather_their_share_together_and_leave_it_when_they_end() {
        let budget = MemoryBudget::new(GATHERED_SHARE * 1_000);
        let (mut one, mut other) = (budget.gathering(), budget.gathering());
        assert!(!one.holds(600));
        assert!(!other.holds(400));
        assert!(other.holds(401));
        assert!(!other.holds(0));
        assert!(other.holds(500));
        drop(one);
        assert!(!other.holds(1_000));
        drop(other);
        assert_eq!(budget.gathered.load(Ordering::Relaxed), 0);
    }
}
