//! What an operator can set.

use std::time::Duration;

use business_graph_gateway::PAGE_LIMIT_MAX;

const DAY_S: u64 = 24 * 60 * 60;

/// Settings of the feed.
#[derive(
    Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How long after their last visit an account's home timeline is still kept up, in seconds.
    /// Later it is dropped, and made again when they come back. Less than 86400 (a day) counts as a
    /// day. Default 1209600 (14 days).
    pub active_window_s: u64,
    /// How many posts of a home timeline are kept ready. Older posts are still there, read from the
    /// authors' posts at a higher cost. Default 800.
    pub timeline_entries_max: u32,
    /// How many followers one step of a fan-out reaches, at most 1,000; each step is one write.
    /// Default 1,000.
    pub fan_out_chunk: u32,
    /// Authors with more followers than this are not fanned out but merged when a timeline is read.
    /// Default 10,000.
    pub merge_threshold: u32,
    /// How many timelines are held in memory; each takes up to 16 bytes a post. Default 4,096.
    pub cached_timelines_max: u32,
    /// The pause between two rounds of trimming and dropping timelines, in seconds. Default 600.
    pub tidy_interval_s: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            active_window_s: 14 * DAY_S,
            timeline_entries_max: 800,
            fan_out_chunk: 1_000,
            merge_threshold: 10_000,
            cached_timelines_max: 4_096,
            tidy_interval_s: 600,
        }
    }
}

impl Settings {
    /// How long after the last visit a timeline is kept up. Never less than a day: what is dropped
    /// costs much more to make again than to keep up.
    pub(crate) fn active(&self) -> Duration {
        Duration::from_secs(self.active_window_s.max(DAY_S))
    }

    /// The bound of a timeline; never zero.
    pub(crate) fn entries_max(&self) -> usize {
        self.timeline_entries_max.max(1) as usize
    }

    /// The step of a fan-out; never zero, and never more than the graph lists at once.
    pub(crate) fn chunk(&self) -> u32 {
        self.fan_out_chunk.clamp(1, PAGE_LIMIT_MAX)
    }

    /// The pause between two rounds of the jobs; never zero.
    pub(crate) fn tidy_interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.tidy_interval_s.max(1)))
    }
}
