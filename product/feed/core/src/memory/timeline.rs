//! One timeline as it is held in memory: its newest posts, 16 bytes each.

use business_posts_gateway::PostId;
use infra_kernel::{Direction, Page};

use crate::audience::Entry;
use crate::slice::PageSlice;

/// A timeline grows this many times its bound's eighth beyond it before it is cut, so that not
/// every insertion moves all.
const SLACK_SHARE: usize = 8;

/// The newest posts of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Timeline {
    /// Oldest first: a new post goes to the end.
    entries: Vec<Entry>,
    floor: PostId,
}

impl Timeline {
    /// A timeline of these posts, oldest first, which are all from `floor` on.
    pub(crate) const fn new(entries: Vec<Entry>, floor: PostId) -> Self {
        Self { entries, floor }
    }

    /// The part of a page that it holds, newest first.
    pub(crate) fn page(&self, page: &Page) -> PageSlice {
        let limit = page.limit as usize;
        let from = self
            .entries
            .partition_point(|entry| entry.post.get() <= page.after);
        let to = self
            .entries
            .partition_point(|entry| entry.post.get() < page.before);
        let range = self.entries.get(from..to).unwrap_or_default();
        let part = match page.direction {
            Direction::Older => &range[range.len().saturating_sub(limit)..],
            Direction::Newer => &range[..range.len().min(limit)],
        };
        PageSlice {
            entries: part.iter().rev().copied().collect(),
            floor: self.floor,
        }
    }

    pub(crate) fn insert(&mut self, entry: Entry, entries_max: usize) {
        // Below its floor a timeline claims nothing: there the posts are read.
        if entry.post < self.floor {
            return;
        }
        let at = self
            .entries
            .partition_point(|other| other.post < entry.post);
        // It is held already: what was read may have had it, and events come twice.
        if self
            .entries
            .get(at)
            .is_some_and(|other| other.post == entry.post)
        {
            return;
        }
        self.entries.insert(at, entry);
        if self.entries.len() > entries_max + entries_max.div_ceil(SLACK_SHARE) {
            let excess = self.entries.len() - entries_max;
            self.floor = self.entries[excess].post;
            self.entries.drain(..excess);
        }
    }

    pub(crate) fn remove(&mut self, post: PostId) {
        if let Ok(at) = self.entries.binary_search_by_key(&post, |entry| entry.post) {
            self.entries.remove(at);
        }
    }

    pub(crate) fn raise_floor(&mut self, floor: PostId) {
        if floor > self.floor {
            self.floor = floor;
            self.entries.retain(|entry| entry.post >= floor);
        }
    }
}

#[cfg(test)]
mod tests {
    use infra_kernel::AccountId;
    use proptest::prelude::*;

    use super::*;

    fn entry(post: u64) -> Entry {
        Entry {
            post: PostId::new(post),
            author: AccountId::new(post % 3),
        }
    }

    proptest! {
        #[test]
        fn a_page_is_what_a_plain_filter_gives(
            posts in proptest::collection::btree_set(1_u64..200, 0..60),
            before in 0_u64..210, after in 0_u64..210, limit in 1_u32..20, newer: bool,
        ) {
            let timeline = Timeline::new(posts.iter().map(|post| entry(*post)).collect(), PostId::new(0));
            let direction = if newer { Direction::Newer } else { Direction::Older };
            let page = Page { before, after, direction, limit };
            let within: Vec<_> = posts.iter().copied().filter(|post| *post > after && *post < before).collect();
            let mut expected: Vec<_> = if newer {
                within.iter().copied().take(limit as usize).collect()
            } else {
                within.iter().rev().copied().take(limit as usize).collect()
            };
            expected.sort_unstable_by(|one, other| other.cmp(one));
            let found: Vec<_> = timeline.page(&page).entries.iter().map(|entry| entry.post.get()).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn however_posts_come_in_it_holds_the_newest_and_is_bounded(
            posts in proptest::collection::vec(1_u64..500, 0..200),
        ) {
            const BOUND: usize = 16;
            let mut timeline = Timeline::new(vec![], PostId::new(0));
            for post in &posts {
                timeline.insert(entry(*post), BOUND);
                prop_assert!(timeline.entries.len() <= BOUND + 2);
            }
            let expected: std::collections::BTreeSet<_> =
                posts.iter().copied().filter(|post| *post >= timeline.floor.get()).collect();
            let held: Vec<_> = timeline.entries.iter().map(|entry| entry.post.get()).collect();
            prop_assert_eq!(held, expected.into_iter().collect::<Vec<_>>());
        }
    }
}
