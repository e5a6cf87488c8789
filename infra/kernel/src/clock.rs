//! Time, asked for through a trait so that a test can hold it still.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment in microseconds since the Unix epoch. It is stored as a number, never as text: numbers sort the same in
/// every database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment this many microseconds after the Unix epoch.
    #[must_use]
    pub const fn from_microseconds(microseconds: i64) -> Self {
        Self(microseconds)
    }

    /// The moment this many milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_milliseconds(milliseconds: i64) -> Self {
        Self(milliseconds * 1_000)
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn microseconds(self) -> i64 {
        self.0
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn milliseconds(self) -> i64 {
        self.0 / 1_000
    }

    /// The moment this long after this one.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// The moment this long before this one.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)),
        )
    }
}

/// Where the time comes from.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock: the one place that asks it for the time of day.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // A machine whose clock stands before 1970 gets 1970: wrong, as its clock is, but no panic.
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_microseconds(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands where a test puts it.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at this moment.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.microseconds()))
    }

    /// Puts the clock to this moment.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.microseconds(), Ordering::Relaxed);
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        self.set(self.now().plus(by));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microseconds(self.0.load(Ordering::Relaxed))
    }
}
