//! Time, asked for through a trait so that a test can hold it still.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A moment in microseconds since the Unix epoch. It is stored as a number, never as text: numbers
/// sort the same in every database.
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

/// How long this process has known the time, in microseconds: it only grows, and steadily, whatever
/// is done to the time of day. For what is counted within one process and must not be freed or
/// locked by a clock that is set; never stored.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uptime(i64);

impl Uptime {
    /// The moment so many microseconds after the epoch.
    #[must_use]
    pub const fn from_microseconds(microseconds: i64) -> Self {
        Self(microseconds)
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn microseconds(self) -> i64 {
        self.0
    }
}

/// Where the time comes from.
pub trait Clock: Send + Sync + 'static {
    /// The time of day now. It may be set, so it can leap in either direction.
    fn now(&self) -> Timestamp;

    /// The time that has passed, which no one can set.
    fn uptime(&self) -> Uptime;
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

    fn uptime(&self) -> Uptime {
        // The first who asks begins it: only differences mean anything.
        static START: OnceLock<Instant> = OnceLock::new();
        let elapsed = START.get_or_init(Instant::now).elapsed();
        Uptime::from_microseconds(i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands where a test puts it.
#[derive(Debug)]
pub struct ManualClock {
    now_us: AtomicI64,
    uptime_us: AtomicI64,
}

impl ManualClock {
    /// A clock that stands at this moment.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self {
            now_us: AtomicI64::new(now.microseconds()),
            uptime_us: AtomicI64::new(0),
        }
    }

    /// Puts the time of day to this moment, as an operator or a time server does: no time passes by
    /// it.
    pub fn set(&self, now: Timestamp) {
        self.now_us.store(now.microseconds(), Ordering::Relaxed);
    }

    /// Lets this much time pass, on the time of day and on the uptime.
    pub fn advance(&self, by: Duration) {
        // Both clocks, as time that passes moves both.
        self.set(self.now().plus(by));
        let by_us = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.uptime_us.fetch_add(by_us, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microseconds(self.now_us.load(Ordering::Relaxed))
    }

    fn uptime(&self) -> Uptime {
        Uptime::from_microseconds(self.uptime_us.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_the_time_of_day_lets_no_time_pass() {
        let clock = ManualClock::at(Timestamp::from_milliseconds(1_000));
        clock.advance(Duration::from_millis(5));
        clock.set(Timestamp::from_milliseconds(-7));
        assert_eq!(clock.uptime(), Uptime::from_microseconds(5_000));
        assert_eq!(clock.now(), Timestamp::from_milliseconds(-7));
    }

    #[test]
    fn uptime_never_goes_back() {
        let first = SystemClock.uptime();
        assert!(SystemClock.uptime() >= first);
    }
}
