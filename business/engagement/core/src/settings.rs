//! What an operator may change.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of the engagement domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The longest entry, in characters. Default 500.
    pub entry_characters_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            entry_characters_max: 500,
        }
    }
}
