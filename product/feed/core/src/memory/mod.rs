//! Timelines held in memory, kept exact by the writes of this process.
//!
//! A timeline is read from the database and inserted unless something of it was written meanwhile;
//! every committed write is then applied to it, in the order of the commits ([`crate::store`]). A
//! write that was in what was read may be applied once more: the last writes of each post, applied
//! again in their order, leave it as they did before.

mod timeline;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use business_posts_gateway::PostId;
use infra_cache::{CacheVersion, Update, VersionedCache};
use infra_kernel::{AccountId, Page, Timestamp};

pub(crate) use timeline::Timeline;

use crate::audience::Entry;
use crate::slice::PageSlice;

/// How far behind the noted time of a visit may be.
const VISIT_LAG_MAX: Duration = Duration::from_secs(60 * 60);

/// What a write did to one account's timeline.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change<'a> {
    /// A post came in.
    Insert(Entry),
    /// Posts were deleted, or are of somebody who is not followed any more.
    Remove(&'a [PostId]),
    /// Everything below this post was dropped.
    RaiseFloor(PostId),
    /// The timeline is to be read again.
    Forget,
}

/// The timelines held in memory.
// Single writer (ADR 0026): every write of the tables is applied here.
pub(crate) struct Memory {
    slots: VersionedCache<AccountId, Arc<Slot>>,
    entries_max: usize,
}

/// One account's timeline, and when a visit to it was last recorded.
pub(crate) struct Slot {
    timeline: Mutex<Timeline>,
    /// When the account's last visit was recorded, in microseconds since the Unix epoch.
    visited_at: AtomicI64,
}

impl Memory {
    pub(crate) fn new(timelines_max: u32, entries_max: usize) -> Self {
        Self {
            slots: VersionedCache::bounded(u64::from(timelines_max)),
            entries_max,
        }
    }

    /// A page of this account's timeline, if it is held; and its slot, to note the visit on.
    pub(crate) fn page(&self, account: AccountId, page: &Page) -> Option<(PageSlice, Arc<Slot>)> {
        let slot = self.slots.get(&account)?;
        let part = slot.timeline().page(page);
        Some((part, slot))
    }

    /// The version of this account's timeline, to be taken before it is read from the database.
    pub(crate) fn version(&self, account: AccountId) -> CacheVersion {
        self.slots.version(&account)
    }

    /// Holds what was read, unless something of it was written since the version was taken. Returns
    /// the slot either way, to note the visit on.
    pub(crate) fn insert(
        &self,
        account: AccountId,
        version: CacheVersion,
        timeline: Timeline,
        visited_at: Timestamp,
    ) -> Arc<Slot> {
        let slot = Arc::new(Slot {
            timeline: Mutex::new(timeline),
            visited_at: AtomicI64::new(visited_at.microseconds()),
        });
        self.slots.insert(account, version, Arc::clone(&slot));
        slot
    }

    /// Applies what a write did to an account's timeline. To be called in the order of the commits.
    pub(crate) fn apply(&self, account: AccountId, change: Change<'_>) {
        self.slots
            .update(&account, |slot| slot.apply(change, self.entries_max));
    }
}

impl Slot {
    fn timeline(&self) -> MutexGuard<'_, Timeline> {
        self.timeline.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn apply(&self, change: Change<'_>, entries_max: usize) -> Update<Arc<Self>> {
        let mut timeline = self.timeline();
        match change {
            Change::Insert(entry) => timeline.insert(entry, entries_max),
            Change::Remove(posts) => posts.iter().for_each(|post| timeline.remove(*post)),
            Change::RaiseFloor(floor) => timeline.raise_floor(floor),
            Change::Forget => return Update::Invalidate,
        }
        Update::Keep
    }

    /// Whether a visit now is to be recorded: at most once in [`VISIT_LAG_MAX`]. Returns yes to one
    /// caller only.
    pub(crate) fn visit(&self, now: Timestamp) -> bool {
        // Relaxed is enough: the number is all there is to it.
        let noted = self.visited_at.load(Ordering::Relaxed);
        let due = Timestamp::from_microseconds(noted).plus(VISIT_LAG_MAX) <= now;
        let now = now.microseconds();
        due && self
            .visited_at
            .compare_exchange(noted, now, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    /// Takes back a visit that could not be recorded, so that the next one is.
    pub(crate) fn clear_visit(&self) {
        // Long ago, so that the next visit is due.
        self.visited_at.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
