//! Every public address, made in one place from keys and names: what is stored are keys, never addresses.

use business_media_gateway::{MediaItem, Rendition};

use crate::surface::Site;

impl Site {
    /// The address of a rendition's bytes, for somebody whom the rules let see what shows it.
    #[must_use]
    pub fn rendition_url(&self, _item: &MediaItem, rendition: &Rendition) -> String {
        format!("{}/media/{}", self.base_url, rendition.key)
    }

    /// The address of an upload's own bytes: for its owner as they arrived, for others, whom a post lets, without metadata.
    #[must_use]
    pub fn original_url(&self, item: &MediaItem, _as_owner: bool) -> String {
        format!("{}/media/original/{}", self.base_url, item.id)
    }

    /// The page of an account.
    #[must_use]
    pub fn profile_url(&self, username: &str) -> String {
        format!("{}/@{username}", self.base_url)
    }

    /// The page of a post.
    #[must_use]
    pub fn post_url(&self, username: &str, post_id: impl std::fmt::Display) -> String {
        format!("{}/@{username}/{post_id}", self.base_url)
    }

    /// The name by which an account's actor will be known to other servers.
    #[must_use]
    pub fn actor_uri(&self, username: &str) -> String {
        format!("{}/users/{username}", self.base_url)
    }

    /// The name by which a post will be known to other servers.
    #[must_use]
    pub fn post_uri(&self, username: &str, post_id: impl std::fmt::Display) -> String {
        format!("{}/users/{username}/statuses/{post_id}", self.base_url)
    }

    /// The picture of those who have none.
    #[must_use]
    pub fn default_avatar_url(&self) -> String {
        format!("{}/assets/avatar.png", self.base_url)
    }

    /// The header of those who have none.
    #[must_use]
    pub fn default_header_url(&self) -> String {
        format!("{}/assets/header.png", self.base_url)
    }
}
