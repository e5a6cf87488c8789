//! How viewers stand to authors, in memory.
//!
//! Every read of a feed asks for one viewer and up to some hundreds of authors. So pairs are kept by viewer: one lock and
//! one look-up find the viewer's own small map, and each author is one look-up in it.
//!
//! Two generations bound it: pairs are put into the young one, what is used is moved there from the old one, and when the
//! young one is full it becomes the old one and the old one is dropped. That is nearly "least recently used", without a list.
//!
//! The same race as in any cache is closed the same way as in [`infra_cache::ExactCache`]: a shard counts its writes, and
//! what was read before a write is not kept after it.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Shards by viewer, so that viewers seldom wait for each other.
const SHARDS: usize = 64;

/// How one account stands to another, both ways.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) following: bool,
    pub(crate) followed_by: bool,
    pub(crate) show_reblogs: bool,
    pub(crate) notify: bool,
}

/// The state of a viewer's shard when it was looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    version: u64,
}

pub(crate) struct RelationshipCache {
    shards: Vec<Mutex<Shard>>,
    /// The most pairs in one generation of one shard.
    generation_max: usize,
}

type Targets = HashMap<u64, Standing, BuildHasherDefault<IdHasher>>;
type Viewers = HashMap<u64, Targets, BuildHasherDefault<IdHasher>>;

#[derive(Default)]
struct Shard {
    version: u64,
    young: Viewers,
    young_pairs: usize,
    old: Viewers,
}

impl RelationshipCache {
    pub(crate) fn bounded(pairs_max: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            generation_max: (pairs_max / SHARDS / 2).max(1),
        }
    }

    /// What is known of a viewer and these targets, in their order.
    pub(crate) fn get(&self, viewer: u64, targets: &[u64]) -> (Vec<Option<Standing>>, Seen) {
        let mut shard = self.shard(viewer);
        shard.refresh(viewer, self.generation_max);
        let version = shard.version;
        let known = match shard.young.get(&viewer) {
            Some(known) => targets.iter().map(|id| known.get(id).copied()).collect(),
            None => vec![None; targets.len()],
        };
        (known, Seen { version })
    }

    /// Keeps what was read, unless something was written since.
    pub(crate) fn put(&self, seen: Seen, viewer: u64, read: &HashMap<u64, Standing>) {
        let mut shard = self.shard(viewer);
        if shard.version != seen.version {
            return;
        }
        for (target, standing) in read {
            shard.turn_when_full(self.generation_max);
            let known = shard.young.entry(viewer).or_default();
            let added = known.insert(*target, *standing).is_none();
            shard.young_pairs += usize::from(added);
        }
    }

    /// Forgets how a viewer stands to a target.
    pub(crate) fn changed(&self, viewer: u64, target: u64) {
        let mut shard = self.shard(viewer);
        shard.version += 1;
        if let Some(known) = shard.old.get_mut(&viewer) {
            known.remove(&target);
        }
        let removed = shard
            .young
            .get_mut(&viewer)
            .and_then(|it| it.remove(&target));
        shard.young_pairs -= usize::from(removed.is_some());
    }

    #[allow(clippy::cast_possible_truncation)]
    fn shard(&self, viewer: u64) -> MutexGuard<'_, Shard> {
        // The upper half: the maps within use the lower bits of the same product.
        let index = (spread(viewer) >> 32) as usize % SHARDS;
        self.shards[index]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shard {
    /// Moves what the old generation knows of a viewer to the young one.
    fn refresh(&mut self, viewer: u64, generation_max: usize) {
        let Some(known) = self.old.remove(&viewer) else {
            return;
        };
        if self.young_pairs + known.len() > generation_max {
            if self.young.contains_key(&viewer) {
                // What was used last stays; the rest of a viewer with this many authors is read again.
                return;
            }
            self.turn();
        }
        let young = self.young.entry(viewer).or_default();
        let before = young.len();
        if young.is_empty() {
            *young = known;
        } else {
            for (target, standing) in known {
                young.entry(target).or_insert(standing);
            }
        }
        self.young_pairs += young.len() - before;
    }

    fn turn_when_full(&mut self, generation_max: usize) {
        if self.young_pairs >= generation_max {
            self.turn();
        }
    }

    fn turn(&mut self) {
        self.old = std::mem::take(&mut self.young);
        self.young_pairs = 0;
    }
}

/// One multiplication spreads an id over 64 bits (Fibonacci hashing). Ids are made by this server, not chosen by anyone, so
/// nobody can aim at collisions.
#[derive(Default)]
pub(crate) struct IdHasher(u64);

const fn spread(id: u64) -> u64 {
    (id ^ (id >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        // The map takes its bucket from the low bits and its tag from the high ones; the product is best in the high ones.
        self.0.rotate_left(26)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, id: u64) {
        self.0 = spread(self.0 ^ id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLLOWING: Standing = Standing {
        following: true,
        followed_by: false,
        show_reblogs: true,
        notify: false,
    };

    fn put(cache: &RelationshipCache, viewer: u64, targets: impl IntoIterator<Item = u64>) {
        let (_, seen) = cache.get(viewer, &[]);
        let read = targets.into_iter().map(|id| (id, FOLLOWING)).collect();
        cache.put(seen, viewer, &read);
    }

    fn pairs(cache: &RelationshipCache) -> usize {
        let count = |viewers: &Viewers| viewers.values().map(HashMap::len).sum::<usize>();
        cache
            .shards
            .iter()
            .map(|shard| {
                let shard = shard.lock().unwrap();
                assert_eq!(count(&shard.young), shard.young_pairs);
                count(&shard.young) + count(&shard.old)
            })
            .sum()
    }

    #[test]
    fn what_was_read_before_a_write_is_not_kept() {
        let cache = RelationshipCache::bounded(10_000);
        let (_, seen) = cache.get(1, &[2]);
        cache.changed(1, 2);
        cache.put(seen, 1, &HashMap::from([(2, FOLLOWING)]));
        assert_eq!(cache.get(1, &[2]).0, [None]);
        put(&cache, 1, [2, 3]);
        cache.changed(1, 2);
        assert_eq!(cache.get(1, &[2, 3]).0, [None, Some(FOLLOWING)]);
    }

    #[test]
    fn it_stays_within_its_bound_and_keeps_what_is_used() {
        let bound = 64 * 200;
        let cache = RelationshipCache::bounded(bound);
        put(&cache, 7, 0..50);
        for viewer in 1_000..9_000 {
            put(&cache, viewer, viewer..viewer + 20);
            assert!(cache.get(7, &[3]).0[0].is_some(), "forgot what is used");
        }
        assert!(pairs(&cache) <= bound, "{}", pairs(&cache));
    }

    #[test]
    fn one_viewer_cannot_outgrow_a_generation() {
        let cache = RelationshipCache::bounded(64 * 2 * 100);
        put(&cache, 1, 0..5_000);
        assert!(pairs(&cache) <= 200, "{}", pairs(&cache));
        for start in 0..1_000 {
            put(&cache, 1, start..start + 90);
            assert!(pairs(&cache) <= 200, "{}", pairs(&cache));
        }
    }

    #[test]
    fn ids_of_one_millisecond_do_not_collide() {
        let mut buckets = std::collections::HashSet::new();
        for sequence in 0..1_024_u64 {
            let mut hasher = IdHasher::default();
            hasher.write_u64((5_000_000 << 23) | (7 << 10) | sequence);
            buckets.insert(hasher.finish() & 0xffff);
        }
        assert!(
            buckets.len() > 900,
            "{} buckets for 1,024 ids",
            buckets.len()
        );
    }
}
