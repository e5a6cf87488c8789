//! A part of a timeline, put together from several sources.

use business_posts_gateway::PostId;
use infra_kernel::{Direction, Page};

use crate::audience::{Entry, TimelineEntry};

/// A page of a timeline that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageSlice {
    pub(crate) entries: Vec<Entry>,
    /// The timeline holds every post from this one on.
    pub(crate) floor: PostId,
}

impl PageSlice {
    /// Of a timeline that is not kept: everything lies below it.
    pub(crate) const fn of_nothing() -> Self {
        Self {
            entries: Vec::new(),
            // Above every id: in the databases they are positive numbers of 64 bits.
            floor: PostId::new(u64::MAX >> 1),
        }
    }
}

/// What one or several sources hold of a page: newest first, each post once, at most the page's
/// limit.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Slice {
    pub(crate) timeline_entries: Vec<TimelineEntry>,
    /// Where a source gave up before it had looked through the page's whole range: walking in the
    /// page's direction, nothing is known beyond this post. A page is cut there, so that no cursor
    /// ever skips a post.
    pub(crate) edge: Option<u64>,
}

impl Slice {
    /// A slice of what a timeline, or another whole source, holds of a page.
    pub(crate) fn of(entries: &[Entry]) -> Self {
        let timeline_entry = |entry: &Entry| TimelineEntry {
            entry: *entry,
            // Not known here, and not needed: only ids leave the page.
            replied_to: None,
        };
        Self {
            timeline_entries: entries.iter().map(timeline_entry).collect(),
            edge: None,
        }
    }

    /// Takes in another source's part of the same page.
    pub(crate) fn join(&mut self, other: Self, page: &Page) {
        self.timeline_entries.extend(other.timeline_entries);
        self.edge = match (self.edge, other.edge) {
            (Some(one), Some(other)) => Some(nearer(page.direction, one, other)),
            (one, other) => one.or(other),
        };
        self.arrange(page);
    }

    /// Sorts, keeps each post once, and cuts at the edge and at the limit.
    pub(crate) fn arrange(&mut self, page: &Page) {
        let timeline_entries = &mut self.timeline_entries;
        timeline_entries
            .sort_unstable_by_key(|timeline_entry| std::cmp::Reverse(timeline_entry.entry.post));
        timeline_entries.dedup_by_key(|timeline_entry| timeline_entry.entry.post);
        if let Some(edge) = self.edge {
            timeline_entries.retain(|timeline_entry| {
                let post = timeline_entry.entry.post.get();
                nearer(page.direction, post, edge) == post
            });
        }
        let excess = timeline_entries.len().saturating_sub(page.limit as usize);
        match page.direction {
            Direction::Older => timeline_entries.truncate(page.limit as usize),
            Direction::Newer => drop(timeline_entries.drain(..excess)),
        }
    }

    /// What is left of the page to look through: nothing beyond the edge, and once the page is full
    /// nothing beyond its last post.
    pub(crate) fn remaining(&self, page: &Page) -> Page {
        let full = self.timeline_entries.len() >= page.limit as usize;
        let last = match page.direction {
            Direction::Older => self.timeline_entries.last(),
            Direction::Newer => self.timeline_entries.first(),
        };
        let last = last.filter(|_| full).map(|last| last.entry.post.get());
        let mut remaining = *page;
        match page.direction {
            Direction::Older => {
                let edge = self.edge.map(|edge| edge.saturating_sub(1));
                remaining.after = page.after.max(last.unwrap_or(0)).max(edge.unwrap_or(0));
            }
            Direction::Newer => {
                let edge = self.edge.map(|edge| edge.saturating_add(1));
                let bound = last.unwrap_or(u64::MAX).min(edge.unwrap_or(u64::MAX));
                remaining.before = page.before.min(bound);
            }
        }
        remaining
    }
}

/// Which of two posts a walk in this direction meets first.
fn nearer(direction: Direction, one: u64, other: u64) -> u64 {
    match direction {
        Direction::Older => one.max(other),
        Direction::Newer => one.min(other),
    }
}

#[cfg(test)]
mod tests {
    use business_posts_gateway::PostId;
    use infra_kernel::AccountId;

    use super::*;

    fn slice(posts: &[u64], edge: Option<u64>) -> Slice {
        let entries: Vec<_> = posts
            .iter()
            .map(|post| Entry {
                post: PostId::new(*post),
                author: AccountId::new(1),
            })
            .collect();
        Slice {
            edge,
            ..Slice::of(&entries)
        }
    }

    fn posts(slice: &Slice) -> Vec<u64> {
        slice
            .timeline_entries
            .iter()
            .map(|timeline_entry| timeline_entry.entry.post.get())
            .collect()
    }

    #[test]
    fn sources_join_sorted_and_each_post_once() {
        let page = Page::newest(4);
        let mut joined = slice(&[9, 5, 1], None);
        joined.join(slice(&[8, 5, 3], None), &page);
        assert_eq!(posts(&joined), [9, 8, 5, 3]);
        assert_eq!(joined.remaining(&page).after, 3);
    }

    #[test]
    fn a_newer_page_keeps_what_is_right_above_its_cursor() {
        let page = Page::from_cursors(None, None, Some(2), 2);
        let mut joined = slice(&[9, 5], None);
        joined.join(slice(&[7, 4], None), &page);
        assert_eq!(posts(&joined), [5, 4]);
        assert_eq!(joined.remaining(&page).before, 5);
    }

    #[test]
    fn nothing_beyond_an_edge_is_answered() {
        let page = Page::newest(10);
        let mut joined = slice(&[9, 5, 1], None);
        joined.join(slice(&[8, 6], Some(6)), &page);
        assert_eq!(posts(&joined), [9, 8, 6]);
        assert_eq!(
            joined.remaining(&page).after,
            5,
            "the edge itself has been looked at"
        );
        let page = Page::from_cursors(None, None, Some(1), 10);
        let mut joined = slice(&[9, 5, 2], None);
        joined.join(slice(&[4], Some(4)), &page);
        assert_eq!(posts(&joined), [4, 2]);
        assert_eq!(joined.remaining(&page).before, 5);
    }
}
