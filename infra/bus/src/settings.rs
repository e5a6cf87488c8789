//! The bounds of the bus.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much the bus keeps, holds in memory and waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How long an event is kept in the log after it was published, in seconds, even when everyone
    /// has handled it; at least 60. An event that is published twice within this time is
    /// recognised. Default 604800 (seven days).
    pub retention_s: u64,
    /// How long relays keep what they have published, in seconds, where the log is on other
    /// machines and may lose what it has acknowledged: what is younger is published again then. It
    /// has to be longer than anybody needs to bring the log back, and than the log takes to write
    /// to its disks. The embedded log loses nothing, and its relays keep nothing. Default 900 (15
    /// minutes).
    pub outbox_keep_s: u64,
    /// The pause between two rounds of trimming the log, in seconds. Default 300.
    pub trim_interval_s: u32,
    /// The most events in one read of the log. Default 256.
    pub batch_events_max: u32,
    /// The most events that one subscription holds in memory before they are handled. Default 1024.
    pub window_events_max: u32,
    /// How many events of one subscription may wait for redelivery before it takes no new ones from
    /// the log; those that it holds in memory by then may still join them. Default 10000.
    pub waiting_events_max: u32,
    /// How often a subscription looks at the database without being woken, in milliseconds: it
    /// bounds how long what another process wrote goes unseen. Default 1000.
    pub poll_interval_ms: u32,
    /// How long successes are gathered, at most, before they are acknowledged in one commit, in
    /// milliseconds. What was handled and not yet acknowledged when the process dies is delivered
    /// again. Default 250.
    pub acknowledge_delay_ms: u32,
    /// How long a stopping subscription waits for events that are being handled, in seconds.
    /// Default 10.
    pub drain_s: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            retention_s: 7 * 24 * 60 * 60,
            outbox_keep_s: 15 * 60,
            trim_interval_s: 300,
            batch_events_max: 256,
            window_events_max: 1_024,
            waiting_events_max: 10_000,
            poll_interval_ms: 1_000,
            acknowledge_delay_ms: 250,
            drain_s: 10,
        }
    }
}

/// The least retention, in seconds: what is published again after a crash has to be recognised.
const RETENTION_MIN_S: u64 = 60;

/// The settings as the code uses them: durations, and no zero where zero would stand still.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) retention: Duration,
    pub(crate) trim_interval: Duration,
    pub(crate) batch: usize,
    pub(crate) window: usize,
    pub(crate) waiting: u64,
    pub(crate) poll_interval: Duration,
    pub(crate) acknowledge_delay: Duration,
    pub(crate) drain: Duration,
}

impl From<&Settings> for Bounds {
    fn from(settings: &Settings) -> Self {
        let at_least_one = |number: u32| number.max(1) as usize;
        Self {
            retention: Duration::from_secs(settings.retention_s.max(RETENTION_MIN_S)),
            trim_interval: Duration::from_secs(u64::from(settings.trim_interval_s.max(1))),
            batch: at_least_one(settings.batch_events_max),
            window: at_least_one(settings.window_events_max),
            waiting: u64::from(settings.waiting_events_max.max(1)),
            poll_interval: Duration::from_millis(u64::from(settings.poll_interval_ms.max(1))),
            acknowledge_delay: Duration::from_millis(u64::from(settings.acknowledge_delay_ms)),
            drain: Duration::from_secs(u64::from(settings.drain_s)),
        }
    }
}
