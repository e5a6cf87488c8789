//! What a status said at a time, and how its author wrote it.

use business_posts_gateway::{PostId, PostVersion};
use presentation_kit::text::to_html;
use presentation_kit::{Shown, Site};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Account, Empty, MediaAttachment, moment};

/// What a status says from one change to the next.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StatusEdit {
    /// The text as HTML.
    content: String,
    /// The words shown in place of the status until it is opened; may be empty.
    spoiler_text: String,
    sensitive: bool,
    /// Since when it says so.
    created_at: String,
    account: Account,
    /// Its pictures with their alt texts then. Those that were taken out are not there any more.
    media_attachments: Vec<MediaAttachment>,
    emojis: Empty,
}

/// A status as it was written.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StatusSource {
    id: PostId,
    /// Plain text.
    text: String,
    spoiler_text: String,
}

impl StatusSource {
    pub(crate) fn of(shown: &Shown) -> Self {
        Self {
            id: shown.post.post(),
            text: shown.post.text.clone(),
            spoiler_text: shown.post.spoiler_text.clone(),
        }
    }
}

impl StatusEdit {
    /// As it is now.
    pub(crate) fn now(site: &Site, shown: &Shown) -> Self {
        let post = &shown.post;
        let since = match post.edited_at_us {
            0 => post.created_at_us,
            edited_at_us => edited_at_us,
        };
        let media = shown.media.iter();
        Self {
            content: to_html(site, &post.text, &post.mentions),
            spoiler_text: post.spoiler_text.clone(),
            sensitive: post.sensitive,
            created_at: moment::date_time(since),
            account: Account::of(site, &shown.author),
            media_attachments: media
                .map(|item| MediaAttachment::of_post(site, item, post))
                .collect(),
            emojis: [],
        }
    }

    /// As it was before a change. Names are links where the status still mentions them.
    pub(crate) fn before(site: &Site, shown: &Shown, version: &PostVersion) -> Self {
        let post = &shown.post;
        let media = version.media.iter().filter_map(|then| {
            let item = shown.media.iter().find(|item| item.id == then.media_id)?;
            let picture = MediaAttachment::of_post(site, item, post);
            Some(picture.described(&then.description))
        });
        Self {
            content: to_html(site, &version.text, &post.mentions),
            spoiler_text: version.spoiler_text.clone(),
            sensitive: version.sensitive,
            created_at: moment::date_time(version.created_at_us),
            account: Account::of(site, &shown.author),
            media_attachments: media.collect(),
            emojis: [],
        }
    }
}
