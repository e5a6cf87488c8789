//! When to tell an operator of what keeps failing: not at once, which a short loss would be noise
//! for, and not at each try.

use std::time::{Duration, Instant};

/// How long something fails before an operator is told of it.
const QUIET_MAX: Duration = Duration::from_secs(5);
/// The pause between two tellings of the same outage.
const REPEAT_INTERVAL: Duration = Duration::from_secs(60);

/// Something that has failed since a moment, and is retried.
#[derive(Debug, Clone)]
pub struct Outage {
    began: Instant,
    told_at: Option<Instant>,
}

impl Outage {
    /// One that began at this moment.
    #[must_use]
    pub const fn begin(now: Instant) -> Self {
        Self {
            began: now,
            told_at: None,
        }
    }

    /// How long it has lasted at this moment.
    #[must_use]
    pub fn lasted(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.began)
    }

    /// To be called at each failure. Returns whether this one is to be told: the first after five
    /// seconds, and then one a minute at most.
    pub fn is_to_be_told(&mut self, now: Instant) -> bool {
        let is_due = match self.told_at {
            None => self.lasted(now) >= QUIET_MAX,
            Some(told_at) => now.saturating_duration_since(told_at) >= REPEAT_INTERVAL,
        };
        if is_due {
            self.told_at = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_outage_is_not_told_and_a_long_one_now_and_then() {
        let began = Instant::now();
        let mut outage = Outage::begin(began);
        let told: Vec<u64> = (0..200)
            .filter(|second| outage.is_to_be_told(began + Duration::from_secs(*second)))
            .collect();
        assert_eq!(told, [5, 65, 125, 185]);
    }
}
