//! What an operator may change.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of the graph domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How many accounts one account may follow. Default 7,500.
    pub following_max: u32,
    /// How many accounts one account may block. Default 10,000.
    pub blocking_max: u32,
    /// How many accounts one account may mute. Default 10,000.
    pub muting_max: u32,
    /// How many lists one account may have. Default 50.
    pub lists_max: u32,
    /// How many accounts may be on one list: the posts of all of them are merged for every page of
    /// its timeline. Default 500.
    pub list_members_max: u32,
    /// About how many accounts one account may keep a note. Default 10,000.
    pub notes_max: u32,
    /// How many pairs of viewer and author are kept in memory, about 50 bytes each. Default
    /// 1,000,000.
    pub relationships_cached_max: u32,
    /// How many accounts' counts are kept in memory, about 200 bytes each. Default 50,000.
    pub stats_cached_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            following_max: 7_500,
            blocking_max: 10_000,
            muting_max: 10_000,
            lists_max: 50,
            list_members_max: 500,
            notes_max: 10_000,
            relationships_cached_max: 1_000_000,
            stats_cached_max: 50_000,
        }
    }
}
