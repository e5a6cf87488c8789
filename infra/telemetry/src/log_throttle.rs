//! A line in the log for many events of a kind, instead of one for each.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// The least time between two lines about the same kind of event.
const INTERVAL: Duration = Duration::from_secs(10);

/// Counts events of one kind, and says when it is time for a line about them.
#[derive(Debug, Default)]
pub struct LogThrottle(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    events: u64,
    logged_at: Option<Instant>,
}

impl LogThrottle {
    /// A throttle that has counted nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts an event. Returns how many there were since the last line, when it is time for one:
    /// at once for the first, and then every ten seconds at most.
    pub fn note(&self) -> Option<u64> {
        self.note_at(Instant::now())
    }

    fn note_at(&self, now: Instant) -> Option<u64> {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counted.events += 1;
        let is_time = counted
            .logged_at
            .is_none_or(|logged_at| now.saturating_duration_since(logged_at) >= INTERVAL);
        if !is_time {
            return None;
        }
        // The first is logged at once: an operator should not wait to hear of it.
        counted.logged_at = Some(now);
        Some(std::mem::take(&mut counted.events))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_events_make_few_lines_and_all_are_counted() {
        let events = LogThrottle::new();
        let began = Instant::now();
        assert_eq!(events.note_at(began), Some(1));
        for _ in 0..100 {
            assert_eq!(events.note_at(began + INTERVAL / 2), None);
        }
        assert_eq!(events.note_at(began + INTERVAL), Some(101));
        assert_eq!(events.note_at(began + INTERVAL), None);
    }
}
