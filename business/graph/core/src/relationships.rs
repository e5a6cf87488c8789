//! How viewers stand to authors, in memory.
//!
//! Every read of a feed asks for one viewer and up to some hundreds of authors. So what is known of
//! a viewer is one entry of the cache: one lock and one look-up find it, and each author is a
//! binary search in it. It is never changed in place; a further author makes a new one, which costs
//! a copy of some kilobytes beside the statement that read the author.

use std::collections::HashMap;
use std::sync::Arc;

use infra_cache::{CacheVersion, Update, VersionedCache, WeightBound};
use infra_kernel::Timestamp;

/// What a viewer's entry costs beside its pairs, in pairs.
const VIEWER_WEIGHT: u64 = 8;
/// The most pairs kept of one viewer: some pages of a feed, and more than one request can ask for.
const PAIRS_PER_VIEWER_MAX: usize = 4_096;
/// The part of the cache that one viewer may have.
const VIEWER_SHARE: usize = 16;

/// How one account stands to another, both ways.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // Each is a fact of its own, and may go with any other.
pub(crate) struct RelationState {
    pub(crate) following: bool,
    pub(crate) followed_by: bool,
    pub(crate) show_reblogs: bool,
    pub(crate) notify: bool,
    pub(crate) blocking: bool,
    pub(crate) blocked_by: bool,
    pub(crate) requested: bool,
    pub(crate) requested_by: bool,
    pub(crate) kept_out_of_home: bool,
    /// Also a mute that has ended since it was read.
    pub(crate) mute: Option<Mute>,
}

/// What an account does not want to see of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mute {
    pub(crate) notifications: bool,
    /// None for a mute that does not end by itself.
    pub(crate) expires_at: Option<Timestamp>,
}

impl RelationState {
    /// The mute, if there is one at this moment.
    pub(crate) fn mute_at(&self, now: Timestamp) -> Option<Mute> {
        self.mute
            .filter(|mute| mute.expires_at.is_none_or(|end| now < end))
    }
}

/// What is known of one viewer, by target.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Known(Box<[(u64, RelationState)]>);

pub(crate) struct RelationshipCache {
    viewers: VersionedCache<u64, Arc<Known>>,
    pairs_per_viewer_max: usize,
}

impl RelationshipCache {
    pub(crate) fn bounded(pairs_max: usize) -> Self {
        let pairs_per_viewer_max = (pairs_max / VIEWER_SHARE).clamp(1, PAIRS_PER_VIEWER_MAX);
        Self {
            viewers: VersionedCache::weighted(&WeightBound {
                total_max: pairs_max as u64,
                entry_max: pairs_per_viewer_max as u64 + VIEWER_WEIGHT,
                entry_typical: 50,
                weigh: |_, known| {
                    u32::try_from(known.0.len() as u64 + VIEWER_WEIGHT).unwrap_or(u32::MAX)
                },
            }),
            pairs_per_viewer_max,
        }
    }

    /// What is known of a viewer.
    pub(crate) fn get(&self, viewer: u64) -> Arc<Known> {
        self.viewers.get(&viewer).unwrap_or_default()
    }

    /// The viewer's version, to be taken before [`Self::get`] where what is got will be inserted
    /// again with more.
    pub(crate) fn version(&self, viewer: u64) -> CacheVersion {
        self.viewers.version(&viewer)
    }

    /// Adds what was read to what was known, unless something of the viewer was written since the
    /// version was taken.
    pub(crate) fn insert(
        &self,
        viewer: u64,
        version: CacheVersion,
        known: &Known,
        read: &HashMap<u64, RelationState>,
    ) {
        let known = known.with(read, self.pairs_per_viewer_max);
        self.viewers.insert(viewer, version, Arc::new(known));
    }

    /// Forgets how a viewer stands to a target: to be called when a change of it is committed.
    pub(crate) fn invalidate(&self, viewer: u64, target: u64) {
        self.viewers.update(&viewer, |known| known.without(target));
    }
}

impl Known {
    pub(crate) fn get(&self, target: u64) -> Option<RelationState> {
        let index = self.0.binary_search_by_key(&target, |(id, _)| *id).ok()?;
        self.0.get(index).map(|(_, relation)| *relation)
    }

    /// This and what was read; only what was read when both are more than so many.
    fn with(&self, read: &HashMap<u64, RelationState>, pairs_max: usize) -> Self {
        let mut pairs: Vec<_> = read.iter().map(|(id, relation)| (*id, *relation)).collect();
        if self.0.len() + pairs.len() <= pairs_max {
            let unread = self.0.iter().filter(|(id, _)| !read.contains_key(id));
            pairs.extend(unread);
        }
        // Only of a read of more than are kept: which of them are left out does not matter.
        pairs.truncate(pairs_max);
        pairs.sort_unstable_by_key(|(id, _)| *id);
        Self(pairs.into())
    }

    fn without(&self, target: u64) -> Update<Arc<Self>> {
        if self.get(target).is_none() {
            return Update::Keep;
        }
        let others = self.0.iter().filter(|(id, _)| *id != target);
        Update::Replace(Arc::new(Self(others.copied().collect())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLLOWING: RelationState = RelationState {
        following: true,
        followed_by: false,
        show_reblogs: true,
        notify: false,
        blocking: false,
        blocked_by: false,
        requested: false,
        requested_by: false,
        kept_out_of_home: false,
        mute: None,
    };

    fn insert(cache: &RelationshipCache, viewer: u64, targets: impl IntoIterator<Item = u64>) {
        let version = cache.version(viewer);
        let read = targets.into_iter().map(|id| (id, FOLLOWING)).collect();
        cache.insert(viewer, version, &cache.get(viewer), &read);
    }

    fn known(cache: &RelationshipCache, viewer: u64) -> Vec<u64> {
        cache.get(viewer).0.iter().map(|(id, _)| *id).collect()
    }

    #[test]
    fn what_was_read_before_a_write_is_not_kept() {
        let cache = RelationshipCache::bounded(10_000);
        let version = cache.version(1);
        cache.invalidate(1, 2);
        let read = HashMap::from([(2, FOLLOWING)]);
        cache.insert(1, version, &Known::default(), &read);
        assert!(known(&cache, 1).is_empty());
        insert(&cache, 1, [3, 2]);
        cache.invalidate(1, 2);
        assert_eq!(cache.get(1).get(2), None);
        assert_eq!(cache.get(1).get(3), Some(FOLLOWING));
    }

    #[test]
    fn what_is_read_is_added_to_what_is_known() {
        let cache = RelationshipCache::bounded(10_000);
        insert(&cache, 1, [5, 3]);
        insert(&cache, 1, [4, 3]);
        assert_eq!(known(&cache, 1), [3, 4, 5]);
    }

    #[test]
    fn it_keeps_the_viewers_who_read() {
        let cache = RelationshipCache::bounded(64 * 200);
        insert(&cache, 7, 0..50);
        for viewer in 1_000..9_000 {
            insert(&cache, viewer, viewer..viewer + 20);
            assert!(
                cache.get(7).get(3).is_some(),
                "forgot one who reads all along"
            );
        }
    }

    #[test]
    fn one_viewer_cannot_outgrow_their_share() {
        let cache = RelationshipCache::bounded(16 * 100);
        insert(&cache, 1, 0..5_000);
        assert!(known(&cache, 1).len() <= 100);
        for start in 0..1_000 {
            insert(&cache, 1, start..start + 90);
            assert_eq!(known(&cache, 1).first(), Some(&start), "what was read last");
            assert!(known(&cache, 1).len() <= 100);
        }
    }
}
