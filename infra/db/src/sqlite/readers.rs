//! The connections that read, at most four to a file.
//!
//! A statement runs where it is asked for, for a bounded time: most are look-ups that end sooner
//! than a thread could be woken. One that takes longer, or has to wait for a lock, is begun again
//! on a thread that may wait, so that it holds up nobody else. It only reads, so nothing is done
//! twice.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::{Collect, ReadOptions, run, run_text};
use crate::{
    DbError, LOCK_WAIT_MAX, READER_IDLE_MAX, READER_WAIT_MAX, READERS_MAX, SqlText, Value,
};

/// How long a statement may take where it is asked for.
const INLINE_MAX: Duration = Duration::from_millis(2);
/// How many of SQLite's instructions there are between two looks at the clock: some 10 µs.
const INSTRUCTIONS_PER_LOOK: i32 = 1_000;

/// The connections of one database that read. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Readers {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: ReadOptions,
    places: Arc<Semaphore>,
    idle: Mutex<Vec<IdleConnection>>,
    is_reaped: AtomicBool,
}

/// A connection, and since when nobody needs it.
type IdleConnection = (Box<ReadConnection>, Instant);

impl Readers {
    pub(crate) fn new(options: ReadOptions) -> Self {
        let shared = Shared {
            options,
            places: Arc::new(Semaphore::new(READERS_MAX as usize)),
            idle: Mutex::default(),
            is_reaped: AtomicBool::new(false),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// A connection, within a bounded time.
    pub(crate) async fn acquire(&self) -> Result<BorrowedReader, DbError> {
        let places = || Arc::clone(&self.shared.places);
        // First without a timer: nearly always a place is free.
        let place = match places().try_acquire_owned() {
            Ok(place) => place,
            Err(_) => tokio::time::timeout(READER_WAIT_MAX, places().acquire_owned())
                .await
                .map_err(|_| DbError::NoReader)?
                .map_err(|_| DbError::Closed)?,
        };
        // Only with a place, so that there are never more connections than places.
        let idle = self.shared.idle().pop();
        let connection = match idle {
            Some((connection, _)) => connection,
            None => Box::new(ReadConnection::open(self.shared.options.clone()).await?),
        };
        Ok(BorrowedReader {
            lent: Some((connection, place)),
            is_snapshot: false,
            shared: Arc::clone(&self.shared),
        })
    }

    /// A connection on which everything is read as of one moment: that of its first statement.
    pub(crate) async fn snapshot(&self) -> Result<BorrowedReader, DbError> {
        let mut borrowed = self.acquire().await?;
        let (connection, _) = borrowed.lent.as_ref().ok_or(DbError::Closed)?;
        run_text(&connection.connection, "BEGIN")?;
        borrowed.is_snapshot = true;
        Ok(borrowed)
    }

    /// How many are lent.
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
        drop(idle);
    }
}

impl Shared {
    fn idle(&self) -> MutexGuard<'_, Vec<IdleConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last that came is the first that goes, so those that are not needed grow old.
    fn put_back(self: &Arc<Self>, connection: Box<ReadConnection>) {
        self.idle().push((connection, Instant::now()));
        if self.is_reaped.swap(true, Ordering::AcqRel) {
            return;
        }
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(reap(Arc::downgrade(self)))),
            Err(_) => self.is_reaped.store(false, Ordering::Release),
        }
    }
}

/// Closes what nobody uses, until nothing is left to close.
async fn reap(shared: Weak<Shared>) {
    loop {
        tokio::time::sleep(READER_IDLE_MAX).await;
        // Held only between two waits: else the connections of a database that is gone stayed open.
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let mut idle = shared.idle();
        let is_old = |(_, since): &mut IdleConnection| since.elapsed() > READER_IDLE_MAX;
        let old: Vec<_> = idle.extract_if(.., is_old).collect();
        if idle.is_empty() {
            // Under the lock: a connection that comes back meanwhile is either seen above, or
            // begins a reaper of its own.
            shared.is_reaped.store(false, Ordering::Release);
            return;
        }
        // Closing files takes longer than anyone should wait for the lock.
        drop(idle);
        drop(old);
    }
}

/// A connection that goes back when it is dropped.
pub(crate) struct BorrowedReader {
    /// None while a thread that may wait has it, and for good when nobody waited for that.
    lent: Option<(Box<ReadConnection>, OwnedSemaphorePermit)>,
    is_snapshot: bool,
    shared: Arc<Shared>,
}

impl BorrowedReader {
    /// Runs a statement, here or on a thread that may wait.
    ///
    /// # Errors
    /// When the statement fails, or its values or rows are not what it takes or returns.
    pub(crate) async fn run<C: Collect>(
        &mut self,
        text: SqlText,
        values: Vec<Value<'_>>,
        collect: C,
    ) -> Result<(C, u64), DbError> {
        // Who reads without end lets others have their turn.
        tokio::task::consume_budget().await;
        let (connection, _) = self.lent.as_ref().ok_or(DbError::Closed)?;
        // What it takes is thrown away when the statement is begun again.
        let mut collected = collect.again();
        match connection.run_inline(&text, &values, &mut collected) {
            Err(error) if is_put_off(&error) => {}
            done => return done.map(|written| (collected, written)),
        }
        let values: Vec<_> = values.into_iter().map(Value::into_owned).collect();
        // With its place: if nobody waits for it any more, the place is free when the thread is
        // done, and not before.
        let lent = self.lent.take().ok_or(DbError::Closed)?;
        let mut awaited = Awaited(Some(Arc::clone(&lent.0.deadline)));
        let waited = tokio::task::spawn_blocking(move || {
            let mut collected = collect;
            let done = lent.0.run_waiting(&text, &values, &mut collected);
            (lent, done.map(|written| (collected, written)))
        });
        // The runtime ends.
        let (lent, done) = waited.await.map_err(|_| DbError::Closed)?;
        awaited.0 = None;
        self.lent = Some(lent);
        done
    }
}

impl Drop for BorrowedReader {
    fn drop(&mut self) {
        let Some((connection, place)) = self.lent.take() else {
            return;
        };
        // One that cannot leave its moment is closed.
        if !self.is_snapshot || run_text(&connection.connection, "ROLLBACK").is_ok() {
            self.shared.put_back(connection);
        }
        // After the connection: who gets the place finds it, and does not open one more.
        drop(place);
    }
}

/// A statement that is waited for. When nobody does so any more it ends: its place would be taken
/// for as long as it goes on, and its connection is closed after it anyway.
struct Awaited(Option<Arc<Deadline>>);

impl Drop for Awaited {
    fn drop(&mut self) {
        if let Some(deadline) = &self.0 {
            deadline.set(Some(Duration::ZERO));
        }
    }
}

/// A connection, and until when its statement may run.
#[derive(Debug)]
struct ReadConnection {
    connection: Connection,
    deadline: Arc<Deadline>,
}

impl ReadConnection {
    async fn open(options: ReadOptions) -> Result<Self, DbError> {
        // Opening reads the disk, and may wait for a lock.
        let opened = tokio::task::spawn_blocking(move || options.open());
        let connection = opened.await.map_err(|_| DbError::Closed)??;
        // What is run inline may not sleep in a thread of the runtime: a lock that is not free puts
        // the statement off (`is_put_off`).
        connection.busy_timeout(Duration::ZERO)?;
        let deadline = Arc::new(Deadline::new());
        let looked_at = Arc::clone(&deadline);
        connection.progress_handler(INSTRUCTIONS_PER_LOOK, Some(move || looked_at.is_over()))?;
        Ok(Self {
            connection,
            deadline,
        })
    }

    /// Runs it for a bounded time, and without waiting for a lock.
    fn run_inline<C: Collect>(
        &self,
        text: &SqlText,
        values: &[Value<'_>],
        collect: &mut C,
    ) -> Result<u64, DbError> {
        self.deadline.set(Some(INLINE_MAX));
        let done = run(&self.connection, text, values, collect);
        // What begins and ends a snapshot has no such bound.
        self.deadline.set(None);
        done
    }

    /// Runs it however long that takes, while it is [`Awaited`].
    fn run_waiting<C: Collect>(
        &self,
        text: &SqlText,
        values: &[Value<'_>],
        collect: &mut C,
    ) -> Result<u64, DbError> {
        self.connection.busy_timeout(LOCK_WAIT_MAX)?;
        let done = run(&self.connection, text, values, collect);
        self.connection.busy_timeout(Duration::ZERO)?;
        done
    }
}

/// Whether a statement has to be begun again where it may wait.
fn is_put_off(error: &DbError) -> bool {
    let DbError::Sqlite(error) = error else {
        return false;
    };
    let code = error.sqlite_error_code();
    matches!(
        code,
        Some(ErrorCode::OperationInterrupted | ErrorCode::DatabaseBusy)
    )
}

/// A moment, in nanoseconds since another one.
#[derive(Debug)]
struct Deadline {
    since: std::time::Instant,
    nanoseconds: AtomicU64,
}

impl Deadline {
    fn new() -> Self {
        Self {
            since: std::time::Instant::now(),
            nanoseconds: AtomicU64::new(u64::MAX),
        }
    }

    /// So long from now, or never.
    fn set(&self, wait: Option<Duration>) {
        let at = wait.map_or(u64::MAX, |wait| self.now() + nanoseconds(wait));
        // Read by the thread that runs the statement: this one, or one that the connection is sent
        // to.
        self.nanoseconds.store(at, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        let at = self.nanoseconds.load(Ordering::Relaxed);
        at != u64::MAX && self.now() > at
    }

    fn now(&self) -> u64 {
        nanoseconds(self.since.elapsed())
    }
}

fn nanoseconds(time: Duration) -> u64 {
    // Half of what there is: a sum of two cannot overflow.
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX / 2)
}
