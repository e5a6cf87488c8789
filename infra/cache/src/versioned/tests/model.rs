//! Every interleaving of readers and writers that proptest can think of, held against the store.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

const KEYS: usize = 4;
const READERS: usize = 3;

/// One thing that happens.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A reader continues: it takes a version, then reads the store, then inserts.
    Read { reader: usize },
    /// A write of a key is committed.
    Commit { key: usize, hook: Hook },
    /// The oldest commit whose hook has not run is told to the cache, and its caller is answered.
    RunHook,
}

#[derive(Debug, Clone, Copy)]
enum Hook {
    Invalidate,
    InvalidateAll,
    WriteThrough,
    UpdateTo,
    UpdateAway,
}

#[derive(Debug, Clone, Copy, Default)]
enum Reader {
    #[default]
    Idle,
    HasVersion(CacheVersion),
    HasRead(CacheVersion, u64),
}

#[derive(Default)]
struct World {
    /// The newest value of each key.
    store: [u64; KEYS],
    /// The newest value of each key whose writer was answered.
    answered: [u64; KEYS],
    /// What was committed and not told yet, in the order of the commits.
    hooks: VecDeque<(usize, u64, Hook)>,
    readers: [Reader; READERS],
}

impl World {
    fn step(&mut self, cache: &VersionedCache<usize, u64>, step: Step) {
        match step {
            Step::Commit { key, hook } => {
                self.store[key] += 1;
                self.hooks.push_back((key, self.store[key], hook));
            }
            Step::Read { reader } => self.read(cache, reader),
            Step::RunHook => {
                if let Some((key, value, hook)) = self.hooks.pop_front() {
                    run_hook(cache, key, value, hook);
                    self.answered[key] = value;
                }
            }
        }
    }

    /// A reader has a key of its own: the others' steps are what it must stand.
    fn read(&mut self, cache: &VersionedCache<usize, u64>, reader: usize) {
        let key = reader % KEYS;
        self.readers[reader] = match self.readers[reader] {
            Reader::Idle => Reader::HasVersion(cache.version(&key)),
            Reader::HasVersion(version) => Reader::HasRead(version, self.store[key]),
            Reader::HasRead(version, value) => {
                cache.insert(key, version, value);
                Reader::Idle
            }
        };
    }
}

fn run_hook(cache: &VersionedCache<usize, u64>, key: usize, value: u64, hook: Hook) {
    match hook {
        Hook::Invalidate => cache.invalidate(&key),
        Hook::InvalidateAll => cache.invalidate_all(),
        Hook::WriteThrough => cache.write_through(key, value),
        Hook::UpdateTo => cache.update(&key, |_| Update::Replace(value)),
        Hook::UpdateAway => cache.update(&key, |_| Update::Invalidate),
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let hook = prop::sample::select(vec![
        Hook::Invalidate,
        Hook::InvalidateAll,
        Hook::WriteThrough,
        Hook::UpdateTo,
        Hook::UpdateAway,
    ]);
    let step = prop_oneof![
        4 => (0..READERS).prop_map(|reader| Step::Read { reader }),
        2 => (0..KEYS, hook).prop_map(|(key, hook)| Step::Commit { key, hook }),
        2 => Just(Step::RunHook),
    ];
    prop::collection::vec(step, 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_reader_ever_gets_what_was_there_before_a_write_that_was_answered(
        steps in steps(),
        entries_max in prop::sample::select(vec![1_u64, 2, 100]),
    ) {
        let cache = VersionedCache::bounded(entries_max);
        let mut world = World::default();
        for step in steps {
            world.step(&cache, step);
            for key in 0..KEYS {
                if let Some(value) = cache.get(&key) {
                    prop_assert!(value >= world.answered[key], "{value} of {key} after {step:?}");
                    prop_assert!(value <= world.store[key]);
                }
            }
        }
        // When all is told, what is cached is what is stored.
        while !world.hooks.is_empty() {
            world.step(&cache, Step::RunHook);
        }
        for key in 0..KEYS {
            prop_assert!(cache.get(&key).is_none_or(|value| value == world.store[key]));
        }
    }
}
