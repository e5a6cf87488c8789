//! How often each method of a contract was called, with what outcome and for how long. Recording a
//! call costs a few atomic additions.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use infra_kernel::ErrorCode;

/// The upper bounds of the buckets into which durations are counted, in microseconds; longer ones
/// go into one more.
const BUCKETS_US: [u64; 15] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000,
    5_000_000, 30_000_000,
];
/// A call that its caller gave up; after the success, before the error codes.
const CANCELLED: usize = 1;
const OUTCOMES: usize = 2 + ErrorCode::ALL.len();

/// The counts of every method of this process. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct CallMetrics(Arc<Mutex<Vec<Arc<[MethodMetrics]>>>>);

impl CallMetrics {
    /// Begins to count the calls of these methods.
    #[must_use]
    pub fn register(
        &self,
        methods: impl IntoIterator<Item = &'static str>,
    ) -> Arc<[MethodMetrics]> {
        let metrics: Arc<[_]> = methods.into_iter().map(MethodMetrics::new).collect();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(Arc::clone(&metrics));
        metrics
    }

    /// What was counted so far, of the methods that were called.
    #[must_use]
    pub fn summaries(&self) -> Vec<MethodSummary> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let methods = all.iter().flat_map(|methods| methods.iter());
        let summaries = methods.map(MethodMetrics::summary);
        summaries.filter(|summary| summary.calls() > 0).collect()
    }

    /// Logs what was counted so far, a line for each method, for anyone who asks for as much as
    /// each call.
    pub fn log(&self) {
        for summary in self.summaries() {
            tracing::debug!(
                method = summary.method,
                calls = summary.calls(),
                outcomes = ?summary.outcomes,
                duration_us = summary.duration_us,
                "calls"
            );
        }
    }
}

/// The counts of one method.
#[derive(Debug)]
pub struct MethodMetrics {
    name: &'static str,
    outcomes: [AtomicU64; OUTCOMES],
    buckets: [AtomicU64; BUCKETS_US.len() + 1],
    duration_us: AtomicU64,
}

impl MethodMetrics {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            outcomes: Default::default(),
            buckets: Default::default(),
            duration_us: AtomicU64::new(0),
        }
    }

    /// A call begins now.
    #[must_use]
    pub fn begin(&self) -> CallTimer<'_> {
        CallTimer {
            metrics: self,
            began: Instant::now(),
            // Until it is known better: a future that is dropped says nothing more.
            outcome: CANCELLED,
        }
    }

    fn record(&self, outcome: usize, took: Duration) {
        // Each number is exact by itself; a summary that is read in between may have a call in one
        // and not yet in the next, which no reader of sums minds.
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS_US.partition_point(|bound_us| *bound_us < took_us);
        self.outcomes[outcome].fetch_add(1, Ordering::Relaxed);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.duration_us.fetch_add(took_us, Ordering::Relaxed);
    }

    fn summary(&self) -> MethodSummary {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let outcomes = self.outcomes.iter().map(count).enumerate();
        let buckets = self.buckets.iter().map(count).enumerate();
        MethodSummary {
            method: self.name,
            outcomes: outcomes
                .filter(|(_, calls)| *calls > 0)
                .map(|(outcome, calls)| (outcome_name(outcome), calls))
                .collect(),
            buckets: buckets
                .map(|(bucket, calls)| (BUCKETS_US.get(bucket).copied(), calls))
                .collect(),
            duration_us: count(&self.duration_us),
        }
    }
}

/// A call under way. One that is dropped before it is finished counts as cancelled.
#[derive(Debug)]
pub struct CallTimer<'metrics> {
    metrics: &'metrics MethodMetrics,
    began: Instant,
    outcome: usize,
}

impl CallTimer<'_> {
    /// When the call began.
    #[must_use]
    pub const fn began(&self) -> Instant {
        self.began
    }

    /// The call has ended: well, or with an error of this code.
    pub fn finish(mut self, failure: Option<ErrorCode>) {
        self.outcome = failure.map_or(0, |code| CANCELLED + 1 + code as usize);
    }
}

impl Drop for CallTimer<'_> {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        self.metrics.record(self.outcome, took);
        tracing::debug!(
            method = self.metrics.name,
            outcome = outcome_name(self.outcome),
            duration_us = took.as_micros(),
            "call"
        );
    }
}

fn outcome_name(outcome: usize) -> &'static str {
    match outcome {
        0 => "ok",
        CANCELLED => "cancelled",
        code => ErrorCode::ALL[code - CANCELLED - 1].name(),
    }
}

/// What was counted of one method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodSummary {
    /// The method with its domain, "graph.follow".
    pub method: &'static str,
    /// How many calls ended how: "ok", "cancelled" or an error's code. Only those that are there.
    pub outcomes: Vec<(&'static str, u64)>,
    /// How many calls took at most so many microseconds, and more than the bucket before; none for
    /// no bound.
    pub buckets: Vec<(Option<u64>, u64)>,
    /// How long all of them took together, in microseconds.
    pub duration_us: u64,
}

impl MethodSummary {
    /// How many calls there were.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.outcomes.iter().map(|(_, calls)| calls).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_is_counted_under_its_name() {
        for (place, code) in ErrorCode::ALL.into_iter().enumerate() {
            assert_eq!(code as usize, place, "{code:?}");
        }
        let all = CallMetrics::default();
        let metrics = all.register(["graph.follow", "graph.unfollow"]);
        metrics[0].begin().finish(None);
        metrics[0].begin().finish(None);
        metrics[0].begin().finish(Some(ErrorCode::Forbidden));
        drop(metrics[0].begin());
        let summaries = all.summaries();
        assert_eq!(summaries.len(), 1);
        assert_eq!(summaries[0].method, "graph.follow");
        assert_eq!(
            summaries[0].outcomes,
            [("ok", 2), ("cancelled", 1), ("forbidden", 1)]
        );
        assert_eq!(summaries[0].calls(), 4);
    }

    #[test]
    fn each_duration_is_counted_in_one_bucket() {
        let all = CallMetrics::default();
        let metrics = all.register(["graph.follow"]);
        for took_us in [0, 50, 51, 30_000_000, 30_000_001] {
            metrics[0].record(0, Duration::from_micros(took_us));
        }
        let summary = all.summaries().remove(0);
        assert_eq!(summary.duration_us, 60_000_102);
        let filled: Vec<_> = summary
            .buckets
            .into_iter()
            .filter(|(_, calls)| *calls > 0)
            .collect();
        assert_eq!(
            filled,
            [
                (Some(50), 2),
                (Some(100), 1),
                (Some(30_000_000), 1),
                (None, 1)
            ]
        );
    }
}
