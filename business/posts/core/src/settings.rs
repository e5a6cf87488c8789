//! What an operator may change.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of the posts domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The longest text, in characters; a link counts 23. Default 2,200.
    pub text_characters_max: u32,
    /// The longest warning in front of a post, in characters; it does not count as text.
    /// Default 500.
    pub spoiler_characters_max: u32,
    /// The most photos in one post. Default 20.
    pub media_max: u32,
    /// The most accounts that one post mentions; further names stay plain text. At most 100.
    /// Default 50.
    pub mentions_max: u32,
    /// The most posts of one account within 24 hours; those that are deleted again do not count. 0
    /// for no limit. Default 2,000.
    pub posts_per_day_max: u32,
    /// How many hashtags one account may follow: each is looked at for every page of its home
    /// timeline. Default 100.
    pub followed_hashtags_max: u32,
    /// How many posts are kept in memory, about 1 KB each. Default 50,000.
    pub posts_cached_max: u32,
    /// How many authors' newest posts are kept in memory as ids, up to 3 KB each. Default 10,000.
    pub authors_cached_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            text_characters_max: 2_200,
            spoiler_characters_max: 500,
            media_max: 20,
            mentions_max: 50,
            posts_per_day_max: 2_000,
            followed_hashtags_max: 100,
            posts_cached_max: 50_000,
            authors_cached_max: 10_000,
        }
    }
}
