//! The memory that pictures may take together.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::MediaError;

/// The unit in which memory is handed out: fine enough for small pictures, coarse enough to count in 32 bits.
const UNIT_BYTES: u64 = 64 * 1024;

/// Hands out memory, first come first served, so that a large picture is not passed by for ever by small ones.
#[derive(Clone)]
pub(crate) struct MemoryBudget {
    units: Arc<Semaphore>,
    units_max: u32,
}

impl MemoryBudget {
    pub(crate) fn new(bytes_max: u64) -> Self {
        let units_max = u32::try_from(bytes_max.div_ceil(UNIT_BYTES).max(1)).unwrap_or(u32::MAX);
        let units_max = units_max.min(u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX));
        Self {
            units: Arc::new(Semaphore::new(units_max as usize)),
            units_max,
        }
    }

    /// Waits until this much memory is free; it is given back when the answer is dropped. What asks for more than there
    /// is gets all of it: alone.
    pub(crate) async fn take(&self, bytes: u64) -> Result<OwnedSemaphorePermit, MediaError> {
        Arc::clone(&self.units)
            .acquire_many_owned(self.units_of(bytes))
            .await
            // The semaphore is never closed.
            .map_err(|_| MediaError::BlobBusy)
    }

    /// This much memory, if it is free just now and nobody waits for any.
    pub(crate) fn try_take(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.units)
            .try_acquire_many_owned(self.units_of(bytes))
            .ok()
    }

    fn units_of(&self, bytes: u64) -> u32 {
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX);
        units.min(self.units_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_does_not_fit_waits_and_what_never_fits_runs_alone() {
        let budget = MemoryBudget::new(10 * UNIT_BYTES);
        let first = budget.take(6 * UNIT_BYTES).await.unwrap();
        let second = budget.take(5 * UNIT_BYTES);
        tokio::pin!(second);
        assert!(futures::poll!(second.as_mut()).is_pending());
        assert!(budget.try_take(5 * UNIT_BYTES).is_none());
        drop(first);
        drop(second.await.unwrap());
        let all = budget.take(u64::MAX).await.unwrap();
        assert_eq!(all.num_permits(), 10);
    }
}
