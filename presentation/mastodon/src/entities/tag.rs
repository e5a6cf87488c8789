//! A hashtag, and how it is used.

use business_posts_gateway::{TagDay, TagUse};
use presentation_kit::Site;
use schemars::JsonSchema;
use serde::Serialize;

/// Microseconds of a second.
const SECOND_US: i64 = 1_000_000;

/// A hashtag.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Hashtag {
    /// Its name once more: a hashtag has no other id here.
    id: String,
    /// In lower case, as hashtags are compared.
    name: String,
    url: String,
    /// Its last seven days, today first, of the last 2,000 public posts that have it.
    history: Vec<HashtagDay>,
    /// Whether the viewer follows it; left out for a visitor.
    #[serde(skip_serializing_if = "Option::is_none")]
    following: Option<bool>,
}

/// How a hashtag was used on a day.
#[derive(Debug, Serialize, JsonSchema)]
struct HashtagDay {
    /// Midnight UTC at which it begins, in seconds since 1970.
    day: String,
    /// How many public posts had it.
    uses: String,
    /// How many accounts these are by.
    accounts: String,
}

impl Hashtag {
    /// A hashtag, and whether its viewer follows it.
    pub(crate) fn of(site: &Site, tag: &TagUse, following: Option<bool>) -> Self {
        Self {
            id: tag.name.clone(),
            name: tag.name.clone(),
            url: site.tag_url(&tag.name),
            history: tag.days.iter().map(HashtagDay::of).collect(),
            following,
        }
    }
}

impl HashtagDay {
    fn of(day: &TagDay) -> Self {
        Self {
            day: (day.begins_at_us / SECOND_US).to_string(),
            uses: day.posts.to_string(),
            accounts: day.authors.to_string(),
        }
    }
}
