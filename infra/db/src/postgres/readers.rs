//! The sessions that read.
//!
//! A pool of our own: a session that comes back is not asked again whether it lives, none is
//! waited for beyond a bound, and one whose reply nobody waited for is closed. When one is found
//! lost, all that lie idle are taken for lost too, so that a restart of the server fails few
//! reads.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use infra_resilience::HomeLease;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio::time::{Duration, Instant};

use super::{Address, Role, Session, session_settings};
use crate::{BoxFuture, DbError, READER_IDLE_MAX, READER_WAIT_MAX, READERS_MAX};

/// A session that lay idle for longer is asked whether it still lives.
const UNASKED_MAX: Duration = Duration::from_secs(1);

/// Sessions that read: at most four. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Readers {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    address: Arc<Address>,
    settings: String,
    lease: HomeLease,
    places: Arc<Semaphore>,
    idle: Mutex<Vec<IdleSession>>,
}

struct IdleSession {
    session: Session,
    since: Instant,
}

impl std::fmt::Debug for IdleSession {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("IdleSession")
            .finish_non_exhaustive()
    }
}

impl Readers {
    pub(crate) fn new(address: Arc<Address>, schema: &str, lease: HomeLease) -> Self {
        let shared = Shared {
            address,
            settings: session_settings(schema, Role::Reader),
            lease,
            places: Arc::new(Semaphore::new(READERS_MAX as usize)),
            idle: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// A session, within a bounded time.
    ///
    /// Not while the lease does not hold: the server may then show what only it has, or lack what
    /// its successor has, and caches would remember it.
    ///
    /// Behind a pointer, so that connecting is not compiled into every reader of every domain.
    pub(crate) fn acquire(&self) -> BoxFuture<'_, Result<BorrowedSession, DbError>> {
        Box::pin(self.take())
    }

    async fn take(&self) -> Result<BorrowedSession, DbError> {
        self.shared.lease.require(Instant::now().into_std()).await?;
        let place = Arc::clone(&self.shared.places).acquire_owned();
        let place = tokio::time::timeout(READER_WAIT_MAX, place).await;
        let place = place
            .map_err(|_| sqlx::Error::PoolTimedOut)?
            .map_err(|_| sqlx::Error::PoolClosed)?;
        self.lend(place).await
    }

    /// The same without waiting for others to return theirs: none when all are lent.
    pub(crate) fn acquire_free(&self) -> BoxFuture<'_, Result<Option<BorrowedSession>, DbError>> {
        Box::pin(async move {
            self.shared.lease.require(Instant::now().into_std()).await?;
            match Arc::clone(&self.shared.places).try_acquire_owned() {
                Ok(place) => self.lend(place).await.map(Some),
                Err(TryAcquireError::NoPermits) => Ok(None),
                Err(TryAcquireError::Closed) => Err(sqlx::Error::PoolClosed.into()),
            }
        })
    }

    async fn lend(&self, place: OwnedSemaphorePermit) -> Result<BorrowedSession, DbError> {
        let session = match self.live_idle().await {
            Some(session) => session,
            None => self.shared.address.connect(&self.shared.settings).await?,
        };
        Ok(BorrowedSession {
            session: Some(session),
            is_snapshot: false,
            shared: Arc::clone(&self.shared),
            place: Some(place),
        })
    }

    /// A session in which everything is read as of one moment: that of its first statement.
    pub(crate) fn snapshot(&self) -> BoxFuture<'_, Result<BorrowedSession, DbError>> {
        Box::pin(async move {
            let mut borrowed = self.take().await?;
            let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
            borrowed.session()?.run(begin).await?;
            borrowed.is_snapshot = true;
            Ok(borrowed)
        })
    }

    async fn live_idle(&self) -> Option<Session> {
        loop {
            // The lock is not held while a session is asked.
            let IdleSession { mut session, since } = self.shared.idle().pop()?;
            if since.elapsed() < UNASKED_MAX || session.ping().await.is_ok() {
                return Some(session);
            }
            // What has ended one session (a restart, a cut) has ended those that lay beside it.
            self.shared.idle().clear();
        }
    }

    /// How many sessions are lent.
    pub(crate) fn lent(&self) -> u32 {
        let free = u32::try_from(self.shared.places.available_permits());
        READERS_MAX.saturating_sub(free.unwrap_or(READERS_MAX))
    }

    /// Waits until all are back, and closes them. Later nobody gets one.
    pub(crate) async fn close(&self) {
        if let Ok(places) = self.shared.places.acquire_many(READERS_MAX).await {
            // Dropped, they would be places again before the close below.
            places.forget();
        }
        self.shared.places.close();
        let idle = std::mem::take(&mut *self.shared.idle());
        for IdleSession { session, .. } in idle {
            if let Err(error) = session.close().await {
                tracing::debug!(%error, "a reading session did not close cleanly");
            }
        }
    }
}

impl Shared {
    fn idle(&self) -> MutexGuard<'_, Vec<IdleSession>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_back(&self, session: Session) {
        let mut idle = self.idle();
        if session.is_lost() {
            idle.clear();
            return;
        }
        // The last that came is the first that goes, so those that are not needed grow old.
        idle.retain(|idle| idle.since.elapsed() < READER_IDLE_MAX);
        let since = Instant::now();
        idle.push(IdleSession { session, since });
    }
}

/// A session that goes back when it is dropped.
pub(crate) struct BorrowedSession {
    /// None only while it is dropped.
    session: Option<Session>,
    is_snapshot: bool,
    shared: Arc<Shared>,
    place: Option<OwnedSemaphorePermit>,
}

impl BorrowedSession {
    pub(crate) fn session(&mut self) -> Result<&mut Session, DbError> {
        self.session.as_mut().ok_or(DbError::Closed)
    }
}

impl Drop for BorrowedSession {
    fn drop(&mut self) {
        let (Some(mut session), place) = (self.session.take(), self.place.take()) else {
            return;
        };
        if session.is_lost() || !self.is_snapshot {
            // Nothing is open in it, so the server has undone what failed by itself.
            session.forgive();
            self.shared.put_back(session);
            return;
        }
        // A snapshot holds what vacuum would remove, until it ends.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let shared = Arc::clone(&self.shared);
        // With the place, so that nobody opens one more session meanwhile.
        runtime.spawn(async move {
            if session.run("ROLLBACK").await.is_ok() {
                session.forgive();
                shared.put_back(session);
            }
            drop(place);
        });
    }
}
