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
    /// How many filters one account may have. Default 100.
    pub filters_max: u32,
    /// How many keywords all filters of one account may have together: they are read and compared
    /// at once. Default 500.
    pub filter_keywords_max: u32,
    /// How many posts all filters of one account may have together. Default 500.
    pub filtered_posts_max: u32,
    /// How many pairs of viewer and author are kept in memory, about 50 bytes each. Default
    /// 1,000,000.
    pub relationships_cached_max: u32,
    /// How many accounts' counts are kept in memory, about 200 bytes each. Default 50,000.
    pub stats_cached_max: u32,
    /// How many bytes of accounts' filters are kept in memory, about 200 for an account that has
    /// none. Default 33,554,432.
    pub filters_cached_bytes_max: u32,
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
            filters_max: 100,
            filter_keywords_max: 500,
            filtered_posts_max: 500,
            relationships_cached_max: 1_000_000,
            stats_cached_max: 50_000,
            filters_cached_bytes_max: 32 * 1024 * 1024,
        }
    }
}
