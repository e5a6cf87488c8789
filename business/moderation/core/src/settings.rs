//! What an operator may change.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of the moderation domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How many reports one account may send in 24 hours. Default 100.
    pub reports_per_day_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            reports_per_day_max: 100,
        }
    }
}
