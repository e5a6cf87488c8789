//! An author's newest posts and reshares, and a hashtag's newest public posts, in memory: enough of
//! each to choose from, so that the first pages of a profile and the merge of many authors or
//! hashtags cost no statement.

use business_posts_gateway::Visibility;
use infra_kernel::{Direction, Page};

/// How many posts of an author, or of a hashtag, are kept.
pub(crate) const RECENT_MAX: usize = 200;

/// What a list leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) only_media: bool,
    pub(crate) exclude_replies: bool,
    pub(crate) exclude_reshares: bool,
    /// Bit 1 for public, and so on.
    pub(crate) visibilities: i64,
}

impl Filter {
    /// A filter that lets every post through.
    pub(crate) const NONE: Self = Self {
        only_media: false,
        exclude_replies: false,
        exclude_reshares: false,
        visibilities: -1,
    };

    /// These visibilities as bits; all when there are none.
    pub(crate) fn mask(visibilities: impl Iterator<Item = Visibility>) -> i64 {
        let mask = visibilities.fold(0, |mask, visibility| mask | 1 << visibility as i64);
        if mask == 0 { -1 } else { mask }
    }

    pub(crate) const fn leaves_out_visibilities(&self) -> bool {
        self.visibilities != -1
    }

    /// The same for the visibilities that this one leaves out.
    pub(crate) const fn of_other_visibilities(&self) -> Self {
        Self {
            visibilities: !self.visibilities,
            ..*self
        }
    }

    /// Whether reshares may be among what it lets through: they have no photos of their own.
    pub(crate) const fn takes_reshares(&self) -> bool {
        !self.exclude_reshares && !self.only_media
    }

    fn takes(&self, entry: &Entry) -> bool {
        (!self.only_media || entry.has_media)
            && (!self.exclude_replies || !entry.is_reply)
            && (!entry.is_reshare || self.takes_reshares())
            && self.visibilities & (1 << entry.visibility) != 0
    }
}

/// One of an author's posts and reshares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: u64,
    pub(crate) visibility: u8,
    pub(crate) has_media: bool,
    pub(crate) is_reply: bool,
    pub(crate) is_reshare: bool,
}

/// The newest posts and reshares of an author, or the newest public posts with a hashtag.
#[derive(Debug)]
pub(crate) struct Recent {
    /// Newest first.
    entries: Vec<Entry>,
    /// Whether these are all.
    complete: bool,
}

impl Recent {
    /// Of an author's posts and reshares, newest first, of which at most [`RECENT_MAX`] were read.
    pub(crate) fn new(entries: Vec<Entry>) -> Self {
        debug_assert!(entries.windows(2).all(|pair| pair[0].id > pair[1].id));
        let complete = entries.len() < RECENT_MAX;
        Self { entries, complete }
    }

    /// The ids of a page, newest first; none when older posts than these may belong to it.
    pub(crate) fn page(&self, page: &Page, filter: &Filter) -> Option<Vec<u64>> {
        let limit = page.limit as usize;
        let start = self
            .entries
            .partition_point(|entry| entry.id >= page.before);
        let end = self.entries.partition_point(|entry| entry.id > page.after);
        let within = self.entries.get(start..end).unwrap_or_default();
        // Whether what is kept goes as far back as the page's lower bound.
        let reaches_after = self.complete || end < self.entries.len();
        let ids = |entry: &Entry| filter.takes(entry).then_some(entry.id);
        match page.direction {
            Direction::Older => {
                let taken: Vec<_> = within.iter().filter_map(ids).take(limit).collect();
                (reaches_after || taken.len() == limit).then_some(taken)
            }
            Direction::Newer => reaches_after.then(|| {
                let mut taken: Vec<_> = within.iter().rev().filter_map(ids).take(limit).collect();
                taken.reverse();
                taken
            }),
        }
    }
}

/// The page of several lists as one, newest first, each id once. Each list is its own such page.
pub(crate) fn merge(lists: Vec<Vec<u64>>, page: &Page) -> Vec<u64> {
    let mut ids: Vec<u64> = lists.into_iter().flatten().collect();
    // The sort finds the runs that the lists are, and merges them.
    ids.sort_by(|one, other| other.cmp(one));
    // A post may have several hashtags.
    ids.dedup();
    let limit = page.limit as usize;
    match page.direction {
        Direction::Older => ids.truncate(limit),
        Direction::Newer => drop(ids.drain(..ids.len().saturating_sub(limit))),
    }
    ids
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn oracle(entries: &[Entry], page: &Page, filter: &Filter) -> Vec<u64> {
        let mut ids: Vec<_> = entries
            .iter()
            .filter(|entry| filter.takes(entry) && entry.id < page.before && entry.id > page.after)
            .map(|entry| entry.id)
            .collect();
        if page.direction == Direction::Newer {
            ids.reverse();
        }
        ids.truncate(page.limit as usize);
        ids.sort_by(|one, other| other.cmp(one));
        ids
    }

    fn entries() -> impl Strategy<Value = Vec<Entry>> {
        let entry = (1_u8..=4, any::<bool>(), any::<bool>(), any::<bool>());
        proptest::collection::vec(entry, 0..300).prop_map(|posts| {
            let last = posts.len() as u64;
            let entry = |(index, (visibility, has_media, is_reply, is_reshare))| Entry {
                id: (last - index as u64) * 2,
                visibility,
                has_media,
                is_reply,
                is_reshare,
            };
            posts.into_iter().enumerate().map(entry).collect()
        })
    }

    fn pages() -> impl Strategy<Value = Page> {
        (0_u64..700, 0_u64..700, any::<bool>(), 1_u32..60).prop_map(
            |(before, after, newer, limit)| Page {
                before: if before > 620 { u64::MAX } else { before },
                after: after.saturating_sub(80),
                direction: if newer {
                    Direction::Newer
                } else {
                    Direction::Older
                },
                limit,
            },
        )
    }

    proptest! {
        #[test]
        fn a_page_from_memory_is_the_page_of_all_posts(
            entries in entries(),
            page in pages(),
            only_media in any::<bool>(),
            exclude_replies in any::<bool>(),
            exclude_reshares in any::<bool>(),
            visibilities in prop::sample::select(vec![-1, 2, 6, 14, 16]),
        ) {
            let filter = Filter { only_media, exclude_replies, exclude_reshares, visibilities };
            let newest = entries.iter().copied().take(RECENT_MAX).collect();
            let recent = Recent::new(newest);
            let result = recent.page(&page, &filter);
            if entries.len() < RECENT_MAX {
                prop_assert!(result.is_some());
            }
            if let Some(ids) = result {
                prop_assert_eq!(ids, oracle(&entries, &page, &filter));
            }
        }
    }
}
