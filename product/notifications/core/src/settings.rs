//! What an operator may change.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of the notifications domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How many notifications are kept for each account, about 200 bytes each; the oldest go, and
    /// before that the oldest of one account's, which has a tenth of it for each kind. As many
    /// that are held as requests are kept beside them. From 1 to 10,000. Default 1,000.
    pub kept_max: u32,
}

/// More would be removed in one transaction when the setting is made smaller.
const KEPT_MAX: u32 = 10_000;

impl Settings {
    /// How many are kept, within its bounds.
    pub(crate) fn kept_max(&self) -> u32 {
        self.kept_max.clamp(1, KEPT_MAX)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self { kept_max: 1_000 }
    }
}
