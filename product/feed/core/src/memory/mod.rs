//! Timelines held in memory, kept exact by the writes of this process.
//!
//! Every write of the feed has a ticket, and tickets grow in the order of the commits ([`crate::store`]). A write is told
//! to memory after its commit, and two writes may be told in the wrong order. Insertions do not mind among themselves; an
//! insertion and a removal do. So each timeline knows the newest of both kinds that it took in, and one that comes
//! too late is not guessed at: the timeline is forgotten, and read again from the database when it is next asked for.
//!
//! A timeline being read from the database has a place here before the read begins. A write that is told meanwhile may
//! or may not be in what was read, so it, too, makes the timeline be forgotten.

mod timeline;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use infra_cache::Cache;
use infra_kernel::{AccountId, Page, PostId, Timestamp};

pub(crate) use timeline::Timeline;

use crate::audience::Entry;
use crate::store::Ticket;

/// How far behind the noted time of a visit may be.
const VISIT_LAG_MAX: Duration = Duration::from_secs(60 * 60);

/// What a write did to one account's timeline.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change<'a> {
    /// A post came in.
    Insert(Entry),
    /// Posts went out.
    Remove(&'a [PostId]),
    /// Everything below this post was dropped.
    RaiseFloor(PostId),
    /// The timeline is to be read again.
    Forget,
}

/// A page of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) entries: Vec<Entry>,
    /// The timeline holds every post from this one on.
    pub(crate) floor: PostId,
}

/// The timelines held in memory.
pub(crate) struct Memory {
    slots: Cache<AccountId, Arc<Slot>>,
    entries_max: usize,
}

/// One account's place.
#[derive(Default)]
pub(crate) struct Slot {
    state: Mutex<State>,
    /// When the account's last visit was noted, in microseconds since the Unix epoch.
    visited_at: AtomicI64,
}

#[derive(Default)]
enum State {
    #[default]
    Loading,
    Held {
        timeline: Timeline,
        inserted: Ticket,
        removed: Ticket,
    },
    /// No longer exact; whoever still holds the slot must not use it.
    Forgotten,
}

impl Memory {
    pub(crate) fn new(timelines_max: u32, entries_max: usize) -> Self {
        Self {
            slots: Cache::bounded("feed.timelines", u64::from(timelines_max)),
            entries_max,
        }
    }

    /// A page of this account's timeline, if it is held; and its slot, to note the visit on.
    pub(crate) fn page(&self, account: AccountId, page: &Page) -> Option<(Part, Arc<Slot>)> {
        let slot = self.slots.get(&account)?;
        let part = match &*slot.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Held { timeline, .. } => timeline.page(page),
            State::Loading | State::Forgotten => return None,
        };
        Some((part, slot))
    }

    /// Makes a place for a timeline that is about to be read from the database.
    pub(crate) fn begin(&self, account: AccountId) -> Arc<Slot> {
        let slot = Arc::new(Slot::default());
        self.slots.put(account, Arc::clone(&slot));
        slot
    }

    /// Holds what was read, unless something changed meanwhile. `read_by` is the newest ticket that the read may have seen.
    pub(crate) fn hold(slot: &Slot, timeline: Timeline, read_by: Ticket, visited_at: Timestamp) {
        let mut state = slot.state.lock().unwrap_or_else(PoisonError::into_inner);
        slot.visited_at
            .store(visited_at.microseconds(), Ordering::Relaxed);
        if matches!(*state, State::Loading) {
            *state = State::Held {
                timeline,
                inserted: read_by,
                removed: read_by,
            };
        }
    }

    /// Tells what the write with this ticket did to an account's timeline.
    pub(crate) fn apply(&self, account: AccountId, ticket: Ticket, change: Change<'_>) {
        let Some(slot) = self.slots.get(&account) else {
            return;
        };
        let mut state = slot.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.take_in(ticket, change, self.entries_max) {
            *state = State::Forgotten;
            drop(state);
            // A place made meanwhile for a newer read may go with it: that read is then not held, and nothing is wrong.
            self.slots.forget(&account);
        }
    }
}

impl Slot {
    /// Whether a visit now is to be noted: at most once in [`VISIT_LAG_MAX`]. Answers yes to one caller only.
    pub(crate) fn visit(&self, now: Timestamp) -> bool {
        let noted = self.visited_at.load(Ordering::Relaxed);
        let due = Timestamp::from_microseconds(noted).plus(VISIT_LAG_MAX) <= now;
        let now = now.microseconds();
        due && self
            .visited_at
            .compare_exchange(noted, now, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    /// Takes back a visit that could not be noted, so that the next one is.
    pub(crate) fn forget_visit(&self) {
        self.visited_at.store(0, Ordering::Relaxed);
    }
}

impl State {
    /// Makes the change, or answers that it cannot be made here.
    fn take_in(&mut self, ticket: Ticket, change: Change<'_>, entries_max: usize) -> bool {
        let Self::Held {
            timeline,
            inserted,
            removed,
        } = self
        else {
            return false;
        };
        let late = match change {
            Change::Insert(_) => ticket <= *removed,
            Change::Remove(_) | Change::RaiseFloor(_) => ticket <= *inserted,
            Change::Forget => true,
        };
        if late {
            return false;
        }
        match change {
            Change::Insert(entry) => {
                timeline.insert(entry, entries_max);
                *inserted = ticket.max(*inserted);
            }
            Change::Remove(posts) => posts.iter().for_each(|post| timeline.remove(*post)),
            Change::RaiseFloor(floor) => timeline.raise_floor(floor),
            Change::Forget => {}
        }
        if !matches!(change, Change::Insert(_)) {
            *removed = ticket.max(*removed);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: AccountId = AccountId::new(7);

    fn entry(post: u64) -> Entry {
        Entry {
            post: PostId::new(post),
            author: AccountId::new(1),
        }
    }

    fn memory_with(posts: &[u64], read_by: Ticket) -> Memory {
        let memory = Memory::new(10, 100);
        let slot = memory.begin(ACCOUNT);
        let entries = posts.iter().map(|post| entry(*post)).collect();
        let timeline = Timeline::new(entries, PostId::new(0));
        Memory::hold(&slot, timeline, read_by, Timestamp::from_microseconds(0));
        memory
    }

    fn posts(memory: &Memory) -> Option<Vec<u64>> {
        let (part, _) = memory.page(ACCOUNT, &Page::newest(100))?;
        Some(part.entries.iter().map(|entry| entry.post.get()).collect())
    }

    #[test]
    fn writes_in_order_are_taken_in() {
        let memory = memory_with(&[1, 2], 10);
        memory.apply(ACCOUNT, 12, Change::Insert(entry(4)));
        memory.apply(ACCOUNT, 11, Change::Insert(entry(3)));
        assert_eq!(
            posts(&memory),
            Some(vec![4, 3, 2, 1]),
            "insertions may come in any order"
        );
        memory.apply(
            ACCOUNT,
            13,
            Change::Remove(&[PostId::new(2), PostId::new(9)]),
        );
        memory.apply(ACCOUNT, 14, Change::RaiseFloor(PostId::new(3)));
        assert_eq!(posts(&memory), Some(vec![4, 3]));
    }

    #[test]
    fn a_write_that_comes_too_late_makes_the_timeline_be_read_again() {
        for change in [Change::Insert(entry(3)), Change::Remove(&[])] {
            let memory = memory_with(&[1, 2], 10);
            memory.apply(ACCOUNT, 10, change);
            assert_eq!(posts(&memory), None, "it may be in what was read already");
        }
        let memory = memory_with(&[1, 2], 10);
        memory.apply(ACCOUNT, 12, Change::Remove(&[PostId::new(3)]));
        memory.apply(ACCOUNT, 11, Change::Insert(entry(3)));
        assert_eq!(posts(&memory), None, "the removal came later and must win");
    }

    #[test]
    fn a_write_during_the_read_keeps_it_from_being_held() {
        let memory = Memory::new(10, 100);
        let slot = memory.begin(ACCOUNT);
        memory.apply(ACCOUNT, 5, Change::Insert(entry(3)));
        let timeline = Timeline::new(vec![entry(1)], PostId::new(0));
        Memory::hold(&slot, timeline, 5, Timestamp::from_microseconds(0));
        assert_eq!(posts(&memory), None);
    }

    #[test]
    fn a_visit_is_noted_once_an_hour() {
        let slot = Slot::default();
        let now = Timestamp::from_milliseconds(10_000_000_000);
        assert!(slot.visit(now));
        assert!(!slot.visit(now.plus(Duration::from_secs(3_599))));
        assert!(slot.visit(now.plus(Duration::from_secs(3_600))));
        slot.forget_visit();
        assert!(slot.visit(now.plus(Duration::from_secs(3_601))));
    }
}
