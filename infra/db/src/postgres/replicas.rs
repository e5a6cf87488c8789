//! Standbys that are read from: how far each has followed, and which of them may be asked.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use infra_resilience::HomeLease;

use super::{Address, BorrowedSession, Readers, one};
use crate::{BoxFuture, DbError};

/// How often each replica is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// How long a replica may take to say how far it has followed: it bounds what one that is dead
/// costs a read, until it is left out.
const FIND_MAX: Duration = Duration::from_millis(250);

/// The replicas of a domain's schema. Cheap to clone; they are looked at until the last clone is
/// dropped.
#[derive(Debug, Clone)]
pub(crate) struct Replicas {
    replicas: Arc<[Arc<Replica>]>,
    /// Who is asked first, counted through.
    next: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Replica {
    address: Arc<Address>,
    readers: Readers,
    /// Whether it had what the home had committed at the look before the last one.
    is_near: AtomicBool,
}

impl Replicas {
    /// Begins to look at the servers of this URL.
    ///
    /// # Errors
    /// When the URL is not understood.
    pub(crate) fn start(
        url: &str,
        schema: &str,
        lease: &HomeLease,
        position: &Arc<AtomicI64>,
    ) -> Result<Self, DbError> {
        let replicas = Address::parse_replicas(url)?.into_iter().map(|address| {
            let address = Arc::new(address);
            let replica = Arc::new(Replica {
                readers: Readers::new(Arc::clone(&address), schema, lease.clone()),
                address,
                is_near: AtomicBool::new(false),
            });
            tokio::spawn(look(Arc::downgrade(&replica), Arc::clone(position)));
            replica
        });
        Ok(Self {
            replicas: replicas.collect(),
            next: Arc::default(),
        })
    }

    /// A session with one that has the commit with this mark, and so all before it. None when
    /// there is none soon.
    pub(crate) fn acquire(&self, mark: i64) -> BoxFuture<'_, Option<BorrowedSession>> {
        Box::pin(self.find(mark))
    }

    async fn find(&self, mark: i64) -> Option<BorrowedSession> {
        // In turn, so that the reads are spread over those that are near.
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let count = self.replicas.len();
        let in_turn = (0..count).map(|index| &self.replicas[first.wrapping_add(index) % count]);
        for replica in in_turn.filter(|replica| replica.is_near.load(Ordering::Relaxed)) {
            let asked = tokio::time::timeout(FIND_MAX, replica.session()).await;
            match asked.unwrap_or_else(|_| Err(too_slow())) {
                Ok(Some((session, last))) if last >= mark => return Some(session),
                // It will have it in a moment, or has as many readers as it may: the next one is
                // asked, or the primary, rather than that anybody waits.
                Ok(_) => {}
                // It is this process that may not answer.
                Err(DbError::LeaseExpired(_)) => return None,
                Err(error) => replica.leave_out(&error),
            }
        }
        None
    }
}

impl Replica {
    /// A session, and the last mark that it shows. Asked in the session itself, which so is known
    /// to live. None when all are lent, which says nothing of the server.
    async fn session(&self) -> Result<Option<(BorrowedSession, i64)>, DbError> {
        const LAST: &str = "SELECT COALESCE(MAX(id), 0) FROM _heliograph_commits";
        let Some(mut session) = self.readers.acquire_free().await? else {
            return Ok(None);
        };
        let (last,): (i64,) = one(session.session()?, LAST, None).await?;
        Ok(Some((session, last)))
    }

    fn leave_out(&self, error: &DbError) {
        if self.is_near.swap(false, Ordering::Relaxed) {
            tracing::warn!(replica = %self.address.label(), %error, "the replica is not read from");
        }
    }
}

fn too_slow() -> DbError {
    DbError::Disconnected(io::Error::from(io::ErrorKind::TimedOut).into())
}

/// Looks at a replica again and again, and notes whether it follows.
async fn look(replica: Weak<Replica>, position: Arc<AtomicI64>) {
    // No replica is near at the first look: there is nothing yet to hold it against.
    let mut before = i64::MAX;
    while let Some(replica) = replica.upgrade() {
        // Before it is asked, so that it has a whole interval to follow.
        let committed = position.load(Ordering::Acquire);
        match replica.session().await {
            Ok(Some((_, last))) => {
                let is_near = last >= before;
                if replica.is_near.swap(is_near, Ordering::Relaxed) != is_near {
                    tracing::info!(replica = %replica.address.label(), is_near, "a replica is read from while it is near");
                }
            }
            // Those who read by it see by themselves how far it is, and that it lives. And of a
            // lease that has expired no replica is at fault.
            Ok(None) | Err(DbError::LeaseExpired(_)) => {}
            Err(error) => replica.leave_out(&error),
        }
        before = committed;
        // Not held over the pause: the last clone's end is also that of this task.
        drop(replica);
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}
