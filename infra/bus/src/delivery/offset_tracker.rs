//! How far a subscription has come in the log while its events finish out of order.

use std::collections::BTreeMap;

/// The cursor, and what stands between it and the end of what was read.
pub(crate) struct OffsetTracker {
    read_to: i64,
    /// The cursor as it was last made durable.
    saved: i64,
    /// Events that were read: whether they are settled. The first never is, or it would have been
    /// passed.
    open: BTreeMap<i64, bool>,
}

impl OffsetTracker {
    pub(crate) fn at(position: i64) -> Self {
        Self {
            read_to: position,
            saved: position,
            open: BTreeMap::new(),
        }
    }

    pub(crate) fn read_to(&self) -> i64 {
        self.read_to
    }

    /// Records an event that was read and is not settled.
    pub(crate) fn open(&mut self, position: i64) {
        self.open.insert(position, false);
    }

    /// Records that everything up to here was read.
    pub(crate) fn advance(&mut self, read_to: i64) {
        self.read_to = self.read_to.max(read_to);
    }

    pub(crate) fn settle(&mut self, position: i64) {
        if let Some(settled) = self.open.get_mut(&position) {
            *settled = true;
        }
        // Only from the beginning: a settled event behind one that is not waits for it.
        while let Some(first) = self.open.first_entry() {
            if !*first.get() {
                break;
            }
            first.remove();
        }
    }

    /// Every event up to here is settled.
    pub(crate) fn cursor(&self) -> i64 {
        self.open
            .first_key_value()
            .map_or(self.read_to, |(first, _)| first - 1)
    }

    /// How many events lie beyond the cursor.
    pub(crate) fn ahead(&self) -> usize {
        self.open.len()
    }

    pub(crate) fn is_saved(&self) -> bool {
        self.saved == self.cursor()
    }

    pub(crate) fn saved(&mut self, cursor: i64) {
        self.saved = cursor;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The oracle is the definition: the cursor is the highest position such that nothing at or
        /// below it is open.
        #[test]
        fn the_cursor_never_passes_an_event_that_is_not_settled(
            order in Just((1_i64..60).collect::<Vec<_>>()).prop_shuffle(),
            read_to in 60_i64..80,
        ) {
            let mut offset_tracker = OffsetTracker::at(0);
            let mut unsettled: BTreeSet<i64> = order.iter().copied().collect();
            unsettled.iter().for_each(|position| offset_tracker.open(*position));
            offset_tracker.advance(read_to);
            for position in order {
                offset_tracker.settle(position);
                unsettled.remove(&position);
                let expected = unsettled.first().map_or(read_to, |first| first - 1);
                prop_assert_eq!(offset_tracker.cursor(), expected);
            }
            prop_assert_eq!(offset_tracker.ahead(), 0);
        }
    }
}
