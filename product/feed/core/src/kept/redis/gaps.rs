//! Whether what is kept lacks what an event says.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the events that found no connection: what is kept lacks what they say, and they may come
/// again long after the connection is back. Until somebody has closed the gaps they are there,
/// whether those who tried were interrupted or something else failed.
#[derive(Default)]
pub(super) struct Gaps {
    found: AtomicU64,
    closed: AtomicU64,
}

impl Gaps {
    /// Records one more event that found no connection.
    pub(super) fn note(&self) {
        self.found.fetch_add(1, Ordering::SeqCst);
    }

    /// How many were found, if not all of them are closed.
    pub(super) fn open(&self) -> Option<u64> {
        let found = self.found.load(Ordering::SeqCst);
        (self.closed.load(Ordering::SeqCst) < found).then_some(found)
    }

    /// So many are closed; those found since are not.
    pub(super) fn close(&self, found: u64) {
        self.closed.fetch_max(found, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_open_until_they_are_closed_and_those_found_meanwhile_stay_so() {
        let gaps = Gaps::default();
        assert_eq!(gaps.open(), None);
        gaps.note();
        let found = gaps.open().unwrap();
        assert_eq!(gaps.open(), Some(found), "to look is not to close");
        gaps.note();
        gaps.close(found);
        let both = gaps.open().unwrap();
        gaps.close(both);
        gaps.close(found);
        assert_eq!(gaps.open(), None);
    }
}
