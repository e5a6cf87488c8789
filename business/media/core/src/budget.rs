//! The memory that pictures may take together, and what uploads may gather.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use infra_telemetry::LogThrottle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::MediaError;

/// The unit in which memory is handed out: fine enough for small pictures, coarse enough to count
/// in 32 bits.
const UNIT_BYTES: u64 = 64 * 1024;
/// The part of the memory of pictures that uploads may gather together before they write: one in so
/// many bytes. It comes on top, and with the default of 512 MiB is 32 MiB.
const GATHERED_SHARE: u64 = 16;
/// The part of the memory of pictures that files take together while only their headers are read:
/// one in so many bytes. It comes on top, and with the default of 512 MiB is 32 MiB.
const HEADERS_SHARE: u64 = 16;
/// How long a request waits for memory. Less than most clients wait for a response.
pub(crate) const REQUEST_WAIT_MAX: Duration = Duration::from_secs(10);

/// What pictures take when so much is handed out, with the shares that come on top, in bytes.
pub(crate) const fn with_shares(bytes_max: u64) -> u64 {
    bytes_max
        .saturating_add(bytes_max / GATHERED_SHARE)
        .saturating_add(bytes_max / HEADERS_SHARE)
}

/// How much may be handed out where pictures may take so much with the shares that come on top, in
/// bytes.
pub(crate) const fn without_shares(bytes: u64) -> u64 {
    const PARTS: u64 = GATHERED_SHARE * HEADERS_SHARE;
    // Divided before it is multiplied: nothing overflows, and what is rounded is rounded down.
    bytes / (PARTS + GATHERED_SHARE + HEADERS_SHARE) * PARTS
}

/// Hands out memory, first come first served, so that a large picture is not passed by for ever by
/// small ones.
#[derive(Clone)]
pub(crate) struct MemoryBudget {
    units: Units,
    bytes_max: u64,
    encoders_bytes_max: u64,
    headers: Units,
    gathered: Arc<AtomicU64>,
    given_up: Arc<LogThrottle>,
}

/// Memory and those who wait for it, in a line.
#[derive(Clone)]
struct Units {
    free: Arc<Semaphore>,
    count: u32,
}

impl Units {
    fn of(bytes: u64) -> Self {
        let count = u32::try_from(bytes.div_ceil(UNIT_BYTES).max(1)).unwrap_or(u32::MAX);
        // On a machine of 32 bits a semaphore has fewer permits than these count.
        let count = count.min(u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX));
        Self {
            free: Arc::new(Semaphore::new(count as usize)),
            count,
        }
    }

    /// At most as many as there are.
    fn needed_for(&self, bytes: u64) -> u32 {
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX);
        // More permits than there are would never come.
        units.min(self.count)
    }

    async fn take(
        &self,
        bytes: u64,
        wait_max: Duration,
    ) -> Result<OwnedSemaphorePermit, MediaError> {
        let taken = Arc::clone(&self.free).acquire_many_owned(self.needed_for(bytes));
        match timeout(wait_max, taken).await {
            // The semaphore is never closed.
            Ok(taken) => taken.map_err(|_| MediaError::BlobBusy),
            Err(_) => Err(MediaError::MemoryBusy { wait: wait_max }),
        }
    }
}

impl MemoryBudget {
    /// So much in all, where files have at most `upload_bytes_max` bytes.
    pub(crate) fn new(bytes_max: u64, upload_bytes_max: u64) -> Self {
        Self {
            units: Units::of(bytes_max),
            bytes_max,
            encoders_bytes_max: bytes_max - kept_from_encoders(bytes_max, upload_bytes_max),
            headers: Units::of(bytes_max / HEADERS_SHARE),
            gathered: Arc::default(),
            given_up: Arc::default(),
        }
    }

    /// Waits until this much memory is free, but no longer than `wait_max`; it is released when the
    /// returned permit is dropped.
    ///
    /// # Errors
    /// [`MediaError::NeedsMemory`] when it is more than there ever is; [`MediaError::MemoryBusy`]
    /// when the wait timed out.
    pub(crate) async fn take(
        &self,
        bytes: u64,
        wait_max: Duration,
    ) -> Result<OwnedSemaphorePermit, MediaError> {
        if !self.ever_has(bytes) {
            let bytes_max = self.bytes_max;
            return Err(MediaError::NeedsMemory { bytes, bytes_max });
        }
        self.log_given_up(self.units.take(bytes, wait_max).await)
    }

    /// The same for a file of which only the header is read. That takes a moment, and does not wait
    /// behind pictures that are decoded, unless the file is larger than all that headers have.
    ///
    /// # Errors
    /// As [`Self::take`] has them.
    pub(crate) async fn take_for_header(
        &self,
        bytes: u64,
        wait_max: Duration,
    ) -> Result<OwnedSemaphorePermit, MediaError> {
        if bytes > self.bytes_max / HEADERS_SHARE {
            return self.take(bytes, wait_max).await;
        }
        self.log_given_up(self.headers.take(bytes, wait_max).await)
    }

    /// Leaves a line in the log when a wait was given up: anyone who waited only reads that they
    /// should come again.
    fn log_given_up<T>(&self, taken: Result<T, MediaError>) -> Result<T, MediaError> {
        if let Err(MediaError::MemoryBusy { .. }) = taken
            && let Some(given_up) = self.given_up.note()
        {
            tracing::warn!(
                given_up,
                memory_bytes_max = self.bytes_max,
                "waits for memory were given up, because other pictures had it (media.memory_bytes_max)"
            );
        }
        taken
    }

    /// The most that encoders may ask for. They take it for as long as a job may last, and uploads
    /// go on beside them.
    pub(crate) const fn encoders_bytes_max(&self) -> u64 {
        self.encoders_bytes_max
    }

    /// This much memory for encoders, if it is free just now and nobody waits for any. Never more
    /// than [`Self::encoders_bytes_max`].
    pub(crate) fn try_take(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        if bytes > self.encoders_bytes_max {
            return None;
        }
        let units = self.units.needed_for(bytes);
        // Permits that come free are assigned to the first in line, even when they are too few yet:
        // so this finds some only while nobody waits.
        Arc::clone(&self.units.free)
            .try_acquire_many_owned(units)
            .ok()
    }

    /// All that there is.
    pub(crate) const fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// Whether this much memory is free at any time.
    pub(crate) const fn ever_has(&self, bytes: u64) -> bool {
        bytes <= self.bytes_max
    }

    /// A place for an upload to gather what arrives before it is written.
    pub(crate) fn upload_buffer(&self) -> UploadBuffer {
        UploadBuffer {
            budget: self.clone(),
            bytes: 0,
        }
    }
}

/// What encoders leave for the header of the largest file, in bytes: nothing where the share of
/// headers is enough for that, and never more than half, or a bound on files that is set very high
/// would leave nothing to encoders.
fn kept_from_encoders(bytes_max: u64, upload_bytes_max: u64) -> u64 {
    if upload_bytes_max <= bytes_max / HEADERS_SHARE {
        return 0;
    }
    upload_bytes_max.min(bytes_max / 2)
}

/// What one upload has gathered and not written yet. However many uploads there are, none is
/// refused for it: when all together have gathered their share, each writes what it has with every
/// piece that arrives.
pub(crate) struct UploadBuffer {
    budget: MemoryBudget,
    bytes: u64,
}

impl UploadBuffer {
    /// Records that so many bytes are gathered now. Returns whether all uploads together have
    /// gathered more than their share.
    pub(crate) fn holds(&mut self, bytes: usize) -> bool {
        let bytes = bytes as u64;
        let all = &self.budget.gathered;
        // Relaxed: the sum guards nothing else, and a moment late is early enough to write.
        let together = if bytes >= self.bytes {
            all.fetch_add(bytes - self.bytes, Ordering::Relaxed) + (bytes - self.bytes)
        } else {
            all.fetch_sub(self.bytes - bytes, Ordering::Relaxed) - (self.bytes - bytes)
        };
        self.bytes = bytes;
        together > self.budget.bytes_max / GATHERED_SHARE
    }
}

impl Drop for UploadBuffer {
    fn drop(&mut self) {
        self.holds(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(10);

    /// With files so small that encoders may have everything.
    fn budget(bytes_max: u64) -> MemoryBudget {
        MemoryBudget::new(bytes_max, 0)
    }

    #[tokio::test]
    async fn what_does_not_fit_waits_and_what_never_fits_is_refused() {
        let budget = budget(10 * UNIT_BYTES);
        let first = budget.take(6 * UNIT_BYTES, LONG).await.unwrap();
        let second = budget.take(5 * UNIT_BYTES, LONG);
        tokio::pin!(second);
        assert!(futures::poll!(second.as_mut()).is_pending());
        assert!(budget.try_take(5 * UNIT_BYTES).is_none());
        drop(first);
        drop(second.await.unwrap());
        let all = budget.take(10 * UNIT_BYTES, LONG).await.unwrap();
        assert_eq!(all.num_permits(), 10);
        drop(all);
        for bytes in [10 * UNIT_BYTES + 1, u64::MAX] {
            let refused = budget.take(bytes, LONG).await;
            assert!(matches!(refused, Err(MediaError::NeedsMemory { .. })));
            assert!(budget.try_take(bytes).is_none());
        }
    }

    #[tokio::test]
    async fn encoders_leave_what_the_header_of_the_largest_file_takes() {
        let budget = MemoryBudget::new(10 * UNIT_BYTES, 3 * UNIT_BYTES);
        assert!(budget.try_take(7 * UNIT_BYTES + 1).is_none());
        let encoders = budget.try_take(7 * UNIT_BYTES).unwrap();
        let header = budget.take_for_header(3 * UNIT_BYTES, SHORT).await;
        assert_eq!(header.unwrap().num_permits(), 3);
        drop(encoders);
        let mib = 1 << 20;
        let encoders_max = |memory, upload| MemoryBudget::new(memory, upload).encoders_bytes_max();
        assert_eq!(encoders_max(512 * mib, 40 * mib), 472 * mib);
        assert_eq!(encoders_max(512 * mib, 32 * mib), 512 * mib);
        assert_eq!(encoders_max(64 * mib, 1 << 40), 32 * mib);
    }

    #[tokio::test]
    async fn waits_that_are_given_up_are_counted_for_the_log() {
        let budget = budget(10 * UNIT_BYTES);
        let all = budget.take(10 * UNIT_BYTES, LONG).await.unwrap();
        budget.take(1, SHORT).await.unwrap_err();
        budget.take(11 * UNIT_BYTES, SHORT).await.unwrap_err();
        // The line about the first was written, and another is not due.
        assert_eq!(budget.given_up.note(), None);
        drop(all);
    }

    #[test]
    fn shares_come_on_top_and_are_taken_off_again() {
        let usual = 512 << 20;
        assert_eq!(with_shares(usual), 576 << 20);
        assert_eq!(without_shares(with_shares(usual)), usual);
        for bytes in [0, 1, 288, 1_000_003, 1 << 40] {
            let handed_out = without_shares(bytes);
            assert!(with_shares(handed_out) <= bytes, "{bytes}");
            assert!(bytes - with_shares(handed_out) < 288, "{bytes}");
        }
        assert_eq!(with_shares(u64::MAX), u64::MAX);
    }

    #[tokio::test]
    async fn a_wait_ends_and_leaves_the_line() {
        let budget = budget(10 * UNIT_BYTES);
        let first = budget.take(6 * UNIT_BYTES, LONG).await.unwrap();
        let in_vain = budget.take(5 * UNIT_BYTES, SHORT).await;
        assert!(matches!(in_vain, Err(MediaError::MemoryBusy { wait }) if wait == SHORT));
        // Nobody is held up by who went.
        let second = budget.try_take(4 * UNIT_BYTES).unwrap();
        drop((first, second));
        assert!(budget.try_take(10 * UNIT_BYTES).is_some());
    }

    #[tokio::test]
    async fn headers_are_read_beside_pictures_that_take_everything() {
        let share = 4 * UNIT_BYTES;
        let budget = budget(share * HEADERS_SHARE);
        let all = budget.take(share * HEADERS_SHARE, LONG).await.unwrap();
        let small = budget.take_for_header(share, SHORT).await.unwrap();
        let other = budget.take_for_header(1, SHORT).await;
        assert!(matches!(other, Err(MediaError::MemoryBusy { .. })));
        drop(small);
        drop(budget.take_for_header(1, SHORT).await.unwrap());
        // What is larger than all headers may be is counted where it fits.
        let large = budget.take_for_header(share + 1, SHORT).await;
        assert!(matches!(large, Err(MediaError::MemoryBusy { .. })));
        drop(all);
        let large = budget.take_for_header(share + 1, SHORT).await.unwrap();
        assert_eq!(large.num_permits(), 5);
        let never = budget
            .take_for_header(share * HEADERS_SHARE + 1, LONG)
            .await;
        assert!(matches!(never, Err(MediaError::NeedsMemory { .. })));
    }

    #[test]
    fn uploads_gather_their_share_together_and_leave_it_when_they_end() {
        let budget = budget(GATHERED_SHARE * 1_000);
        let (mut one, mut other) = (budget.upload_buffer(), budget.upload_buffer());
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
