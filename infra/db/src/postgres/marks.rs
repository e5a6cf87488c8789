//! Marks of commits: how a commit whose result was lost is told from one that did not happen.
//!
//! Each group that writes leaves a row of its own, with a number that no other has. A
//! transaction's own id would not do: it is in no durable place until something that it wrote is,
//! so after a crash of the server the same id is given out again, and `pg_xact_status` says of
//! the lost transaction what is true of another (ADR 0034).
//!
//! A mark that is committed also shows that its home is still the home: it waited for the standbys
//! that a commit waits for, and none of them has been promoted before that.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use infra_resilience::HomeLease;

/// The numbers of one home's commits.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    next: i64,
    last: Option<i64>,
    /// The rows from here on are not deleted yet.
    kept_from: i64,
    lease: HomeLease,
    /// The last mark, for who is not the writer.
    position: Arc<AtomicI64>,
}

/// How many rows may lie there before those that nobody asks for are deleted.
const KEPT_MAX: i64 = 256;
/// The bits that count the commits of one home; those above are its epoch.
// A thousand commits a second use them up in 34 years.
const COMMIT_BITS: u32 = 40;

/// What marks and commits a transaction.
pub(crate) struct Ending {
    pub(crate) mark: i64,
    pub(crate) text: String,
}

impl Marks {
    /// Of a home that begins, which has left the first mark already.
    pub(crate) fn new(epoch: i64, lease: HomeLease) -> Self {
        let first = Self::first(epoch);
        Self {
            next: first + 1,
            last: Some(first),
            kept_from: first,
            lease,
            position: Arc::new(AtomicI64::new(first)),
        }
    }

    /// The last mark that is known to be committed, whenever it is looked at.
    pub(crate) fn position(&self) -> Arc<AtomicI64> {
        Arc::clone(&self.position)
    }

    /// The first mark of a home.
    pub(crate) const fn first(epoch: i64) -> i64 {
        epoch << COMMIT_BITS
    }

    /// The end of the next group's transaction, in one trip. The first statement also has the
    /// server refuse a transaction in which a statement failed: a bare `COMMIT` would roll it back
    /// and call that a success. What only read needs no mark, and no wait for the disk.
    pub(crate) fn next_ending(&mut self) -> Ending {
        let mark = self.next;
        self.next += 1;
        let mut text = format!(
            "INSERT INTO _heliograph_commits (id) SELECT {mark} \
             WHERE pg_current_xact_id_if_assigned() IS NOT NULL; "
        );
        // By a range, so that what is deleted is not skipped again each time.
        let from = self.kept_from;
        if let Some(last) = self.last.filter(|last| last - from >= KEPT_MAX) {
            text.push_str(&format!(
                "DELETE FROM _heliograph_commits WHERE id >= {from} AND id < {last}; "
            ));
        }
        text.push_str("COMMIT");
        Ending { mark, text }
    }

    /// A group with this mark was committed.
    pub(crate) fn committed(&mut self, mark: i64) {
        if let Some(last) = self.last.filter(|last| last - self.kept_from >= KEPT_MAX) {
            self.kept_from = last;
        }
        self.last = Some(mark);
        self.position.store(mark, Ordering::Release);
    }

    /// A group with this mark was not committed. A server that follows a primary which is none any
    /// more may show it, and is read from no more.
    pub(crate) fn lost(&self, mark: i64) {
        self.position.store(mark + 1, Ordering::Release);
    }

    /// A commit that was sent at this moment was where the server's commits have to be.
    pub(crate) fn renew_lease(&self, sent_at: Instant) {
        self.lease.renew(sent_at);
    }

    /// The home will not be it any more.
    pub(crate) fn end_lease(&self) {
        self.lease.expire();
    }

    /// The last mark that is known to be committed.
    pub(crate) const fn last(&self) -> Option<i64> {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_deleted_in_ranges_and_the_last_one_stays() {
        let mut marks = Marks::new(3, HomeLease::default());
        let mut rows = std::collections::BTreeSet::from([Marks::first(3)]);
        for _ in 0..2_000 {
            let ending = marks.next_ending();
            rows.insert(ending.mark);
            if let Some((_, range)) = ending.text.split_once("WHERE id >= ") {
                let (from, rest) = range.split_once(" AND id < ").unwrap();
                let to: i64 = rest.split_once(';').unwrap().0.parse().unwrap();
                let from: i64 = from.parse().unwrap();
                assert!(rows.first().unwrap() >= &from, "some are left behind");
                rows.retain(|row| *row >= to);
            }
            marks.committed(ending.mark);
            assert!(rows.len() <= 2 + usize::try_from(KEPT_MAX).unwrap());
            assert!(rows.contains(&marks.last().unwrap()));
        }
        assert!(marks.last().unwrap() >> COMMIT_BITS == 3);
    }
}
