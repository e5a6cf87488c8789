//! What an operator may change.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of the engagement domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How many posts' counts of likes are kept in memory, about 100 bytes each. Default 100,000.
    pub counts_cached_max: u32,
    /// How many pairs of viewer and post are kept in memory, with whether it is liked and
    /// bookmarked, about 100 bytes each. Default 200,000.
    pub marks_cached_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            counts_cached_max: 100_000,
            marks_cached_max: 200_000,
        }
    }
}
