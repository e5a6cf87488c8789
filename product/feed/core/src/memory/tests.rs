use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const ACCOUNT: AccountId = AccountId::new(7);

fn entry(post: u64) -> Entry {
    Entry {
        post: PostId::new(post),
        author: AccountId::new(1),
    }
}

fn timeline(posts: impl IntoIterator<Item = u64>) -> Timeline {
    Timeline::new(posts.into_iter().map(entry).collect(), PostId::new(0))
}

fn insert(memory: &Memory, version: CacheVersion, timeline: Timeline) -> Arc<Slot> {
    memory.insert(ACCOUNT, version, timeline, Timestamp::from_microseconds(0))
}

fn memory_with(posts: &[u64]) -> Memory {
    let memory = Memory::new(10, 100);
    let version = memory.version(ACCOUNT);
    insert(&memory, version, timeline(posts.iter().copied()));
    memory
}

fn posts(memory: &Memory) -> Option<Vec<u64>> {
    let (part, _) = memory.page(ACCOUNT, &Page::newest(100))?;
    Some(part.entries.iter().map(|entry| entry.post.get()).collect())
}

#[test]
fn writes_are_applied_in_their_order() {
    let memory = memory_with(&[1, 2]);
    memory.apply(ACCOUNT, Change::Insert(entry(4)));
    memory.apply(ACCOUNT, Change::Insert(entry(3)));
    assert_eq!(posts(&memory), Some(vec![4, 3, 2, 1]));
    memory.apply(ACCOUNT, Change::Remove(&[PostId::new(2), PostId::new(9)]));
    memory.apply(ACCOUNT, Change::RaiseFloor(PostId::new(3)));
    assert_eq!(posts(&memory), Some(vec![4, 3]));
    memory.apply(ACCOUNT, Change::Forget);
    assert_eq!(posts(&memory), None);
}

#[test]
fn a_write_during_the_read_keeps_it_from_being_held() {
    let changes = [
        Change::Insert(entry(3)),
        Change::Remove(&[]),
        Change::Forget,
    ];
    for change in changes {
        let memory = Memory::new(10, 100);
        let version = memory.version(ACCOUNT);
        memory.apply(ACCOUNT, change);
        insert(&memory, version, timeline([1]));
        assert_eq!(posts(&memory), None);
    }
}

/// A write as the database makes it.
#[derive(Debug, Clone, Copy)]
enum Write {
    Insert(u64),
    Remove(u64),
    RaiseFloor(u64),
}

fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        4 => (1_u64..20).prop_map(Write::Insert),
        2 => (1_u64..20).prop_map(Write::Remove),
        1 => (1_u64..10).prop_map(Write::RaiseFloor),
    ]
}

/// The table: what it holds, from which post on.
#[derive(Debug, Default, Clone)]
struct Table {
    posts: BTreeSet<u64>,
    floor: u64,
}

impl Table {
    fn write(&mut self, write: Write) {
        match write {
            Write::Insert(post) if post >= self.floor => drop(self.posts.insert(post)),
            Write::Insert(_) => {}
            Write::Remove(post) => drop(self.posts.remove(&post)),
            Write::RaiseFloor(floor) => {
                self.floor = self.floor.max(floor);
                self.posts.retain(|post| *post >= self.floor);
            }
        }
    }
}

fn apply(memory: &Memory, write: Write) {
    match write {
        Write::Insert(post) => memory.apply(ACCOUNT, Change::Insert(entry(post))),
        Write::Remove(post) => memory.apply(ACCOUNT, Change::Remove(&[PostId::new(post)])),
        Write::RaiseFloor(floor) => {
            memory.apply(ACCOUNT, Change::RaiseFloor(PostId::new(floor)));
        }
    }
}

proptest! {
    /// A read sees `seen` writes; of those, the first `applied` were applied before it began, and
    /// the others, and all that come later, are applied after it is held.
    #[test]
    fn writes_that_the_read_has_seen_may_be_applied_again(
        writes in prop::collection::vec(write(), 0..60),
        seen in any::<prop::sample::Index>(),
        applied in any::<prop::sample::Index>(),
    ) {
        let seen = seen.index(writes.len() + 1);
        let applied = applied.index(seen + 1);
        let mut table = Table::default();
        let mut read = table.clone();
        for (number, write) in writes.iter().enumerate() {
            table.write(*write);
            if number + 1 == seen {
                read = table.clone();
            }
        }
        let memory = Memory::new(10, 100);
        let version = memory.version(ACCOUNT);
        let entries = read.posts.iter().map(|post| entry(*post)).collect();
        insert(&memory, version, Timeline::new(entries, PostId::new(read.floor)));
        for write in &writes[applied..] {
            apply(&memory, *write);
        }
        let expected: Vec<_> = table.posts.iter().rev().copied().collect();
        prop_assert_eq!(posts(&memory), Some(expected));
    }
}

#[test]
fn a_visit_is_recorded_once_an_hour() {
    let memory = Memory::new(10, 100);
    let slot = insert(&memory, memory.version(ACCOUNT), timeline([]));
    let now = Timestamp::from_milliseconds(10_000_000_000);
    assert!(slot.visit(now));
    assert!(!slot.visit(now.plus(Duration::from_secs(3_599))));
    assert!(slot.visit(now.plus(Duration::from_secs(3_600))));
    slot.clear_visit();
    assert!(slot.visit(now.plus(Duration::from_secs(3_601))));
}
