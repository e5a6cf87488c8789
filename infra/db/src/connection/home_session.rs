//! The session that writes to a server: each of its commits leaves a mark, and renews the lease.

use std::time::Instant;

use sqlx::AssertSqlSafe;

use crate::DbError;
use crate::postgres::{HEARTBEAT_INTERVAL, Marks, Session, prove_home, says_not_committed};

/// The session that writes to a server.
pub(super) struct HomeSession {
    pub(super) session: Session,
    pub(super) marks: Marks,
    /// The mark of a group whose commit was sent, and its result not seen.
    pub(super) undecided: Option<i64>,
    /// When the last commit that left a mark was sent, or the last heartbeat.
    beat_at: Instant,
}

impl HomeSession {
    pub(super) fn new(session: Session, marks: Marks) -> Self {
        Self {
            session,
            marks,
            undecided: None,
            beat_at: Instant::now(),
        }
    }

    /// When the lease has to be renewed.
    pub(super) fn heartbeat_at(&self) -> Instant {
        self.beat_at + HEARTBEAT_INTERVAL
    }

    /// Commits what is open.
    pub(super) async fn commit(&mut self) -> Result<(), DbError> {
        let ending = self.marks.next_ending();
        // Before the trip: a reply may be late, and the lease has to end before another home
        // writes.
        let sent_at = Instant::now();
        match self.session.run(AssertSqlSafe(ending.text)).await {
            // What only read has left no mark, waited for no standby, and proves nothing.
            Ok(0) => Ok(()),
            Ok(_) => {
                self.marks.committed(ending.mark);
                self.marks.renew_lease(sent_at);
                self.beat_at = sent_at;
                Ok(())
            }
            Err(error) => {
                if !says_not_committed(&error) {
                    self.undecided = Some(ending.mark);
                }
                Err(error)
            }
        }
    }

    /// Renews the lease without a write. To be called when nothing is open.
    pub(super) async fn heartbeat(&mut self) -> Result<(), DbError> {
        let sent_at = Instant::now();
        // Also if it fails: the next one is due an interval later, and not at once, again and
        // again.
        self.beat_at = sent_at;
        let proven = prove_home(&mut self.session).await;
        // What failed was rolled back by the server itself: nothing was open.
        self.session.forgive();
        proven?;
        self.marks.renew_lease(sent_at);
        Ok(())
    }

    /// Takes leave of the server, so that the next home needs not wait for the lease's end.
    pub(super) async fn close(mut self) -> Result<(), sqlx::Error> {
        // Before the marks are deleted: from then on the next home may write at once.
        self.marks.end_lease();
        let released = self.session.run("DELETE FROM _heliograph_commits").await;
        if let Err(error) = released {
            tracing::debug!(%error, "the next home has to wait for the lease's end");
        }
        self.session.close().await
    }
}
