//! What an operator can set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many may listen to streams at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StreamingSettings {
    /// The most streams that are open at a time, in all; each keeps its connection, so that never
    /// more than half of `connections_max` are. 0 for no streaming. Further ones get 503. Default:
    /// 5000.
    pub listeners_max: usize,
    /// The most streams that one account has open at a time: with one more its oldest ends.
    /// Default: 16.
    pub listeners_per_account_max: usize,
}

impl Default for StreamingSettings {
    fn default() -> Self {
        Self {
            listeners_max: 5_000,
            listeners_per_account_max: 16,
        }
    }
}
