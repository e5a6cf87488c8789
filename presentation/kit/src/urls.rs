//! Every public address, made in one place from keys and names: what is stored are keys, never
//! addresses.

use business_media_gateway::{MediaItem, Rendition};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::signature::Purpose;
use crate::surface::Site;

/// What is encoded of a hashtag's name in an address. The underscore is the only sign in ASCII that
/// a name can have.
const TAG_ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_');

impl Site {
    /// The address of a rendition's bytes, for somebody whom the rules let see what shows it. It is
    /// signed, and good for a time, when not everyone may see it.
    #[must_use]
    pub fn rendition_url(&self, item: &MediaItem, rendition: &Rendition) -> String {
        let (base, key) = (&self.base_url, &rendition.key);
        if item.open {
            return format!("{base}/media/{key}");
        }
        let signature = self.signer.sign(Purpose::Rendition, key);
        format!("{base}/media/{key}?{signature}")
    }

    /// The address from which an upload can be downloaded, good for a time. With `as_owner` it
    /// gives the file as it arrived, with all that its metadata contains, and is for its owner's
    /// eyes only; without, it gives the same picture without metadata, and is for somebody whom the
    /// owner lets have it.
    #[must_use]
    pub fn original_url(&self, item: &MediaItem, as_owner: bool) -> String {
        let (base, id) = (&self.base_url, item.media());
        let (purpose, exact) = if as_owner {
            (Purpose::OwnOriginal, "exact=true&")
        } else {
            (Purpose::Original, "")
        };
        let signature = self.signer.sign(purpose, &id.to_string());
        format!("{base}/media/original/{id}?{exact}{signature}")
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

    /// The page of a hashtag, by the form of its name in which hashtags are compared.
    #[must_use]
    pub fn tag_url(&self, name: &str) -> String {
        let name = utf8_percent_encode(name, TAG_ENCODED);
        format!("{}/tags/{name}", self.base_url)
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
