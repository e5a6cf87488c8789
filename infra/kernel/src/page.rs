//! Pages by cursor: always by id, never by offset, so that a page costs the same however deep it
//! is.

/// Which way a page walks from its cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Newest first, below the cursor: the usual way down a timeline.
    Older,
    /// The oldest above the cursor first: what comes right after it. The page is still returned
    /// newest first.
    Newer,
}

/// A bounded page of things ordered by id: those with `after < id < before`, at most `limit` of
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Only ids below this one; `u64::MAX` for no bound.
    pub before: u64,
    /// Only ids above this one; 0 for no bound.
    pub after: u64,
    /// Which end of the range is taken when it holds more than `limit`.
    pub direction: Direction,
    /// How many at most; never zero.
    pub limit: u32,
}

impl Page {
    /// The newest `limit` things.
    #[must_use]
    pub const fn newest(limit: u32) -> Self {
        Self {
            before: u64::MAX,
            after: 0,
            direction: Direction::Older,
            limit,
        }
    }

    /// The page that the Mastodon API's three cursors ask for. `min_id` means "right after this
    /// one" and turns the page round; `since_id` is only a floor.
    #[must_use]
    pub fn from_cursors(
        max_id: Option<u64>,
        since_id: Option<u64>,
        min_id: Option<u64>,
        limit: u32,
    ) -> Self {
        Self {
            before: max_id.unwrap_or(u64::MAX),
            after: min_id.or(since_id).unwrap_or(0),
            direction: if min_id.is_some() {
                Direction::Newer
            } else {
                Direction::Older
            },
            // A page of nothing would look like the end of the list.
            limit: limit.max(1),
        }
    }

    /// The one of two that reads this page: down from its newest end, or up from its oldest.
    #[must_use]
    pub fn either<T>(&self, older: T, newer: T) -> T {
        match self.direction {
            Direction::Older => older,
            Direction::Newer => newer,
        }
    }

    /// What was read the page's way, as a page is returned: newest first.
    #[must_use]
    pub fn newest_first<T>(&self, read: impl IntoIterator<Item = T>) -> Vec<T> {
        let mut page: Vec<T> = read.into_iter().collect();
        if self.direction == Direction::Newer {
            page.reverse();
        }
        page
    }

    /// The upper bound as a database column would hold it.
    #[must_use]
    pub fn before_sql(&self) -> i64 {
        i64::try_from(self.before).unwrap_or(i64::MAX)
    }

    /// The lower bound as a database column would hold it.
    #[must_use]
    pub fn after_sql(&self) -> i64 {
        i64::try_from(self.after).unwrap_or(i64::MAX)
    }
}
