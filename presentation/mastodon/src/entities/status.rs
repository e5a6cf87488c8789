//! A status: a post as clients see it.
//!
//! What is the same for every viewer is made once per card and kept with it; what is a viewer's own is appended at each
//! read. So a warm timeline costs copying bytes and nothing else.

use std::sync::Arc;

use business_media_gateway::MediaItem;
use business_posts_gateway::{Mention, Post, Tag, Visibility};
use bytes::Bytes;
use infra_kernel::{AccountId, PostId};
use presentation_kit::text::to_html;
use presentation_kit::{Card, Site};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Account, Empty, MediaAttachment, moment};

/// What a shared part usually fits in, in bytes.
const SHARED_BYTES_USUAL: usize = 4_096;

/// A status.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Status {
    #[serde(flatten)]
    shared: Shared,
    /// The text as it was written; only when the status is deleted, so that it can be written again.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(flatten)]
    marks: Option<Marks>,
}

/// How a picture of a post is shown: to everyone, or to its owner.
type Pictured = fn(&Site, &MediaItem, &Post) -> MediaAttachment;

/// What is the same for every viewer, but for the reason that the author hears why a picture cannot be shown.
#[derive(Debug, Serialize, JsonSchema)]
struct Shared {
    id: PostId,
    created_at: String,
    in_reply_to_id: Option<PostId>,
    in_reply_to_account_id: Option<AccountId>,
    sensitive: bool,
    /// The words shown in place of the status until it is opened; may be empty.
    spoiler_text: String,
    /// "public", "unlisted", "private" or "direct".
    visibility: &'static str,
    /// BCP 47.
    language: Option<String>,
    uri: String,
    url: String,
    replies_count: u64,
    reblogs_count: u64,
    favourites_count: u64,
    edited_at: (),
    /// The text as HTML.
    content: String,
    reblog: (),
    #[serde(skip_serializing_if = "Option::is_none")]
    application: Option<PostedWith>,
    account: Account,
    media_attachments: Vec<MediaAttachment>,
    mentions: Vec<Mentioned>,
    tags: Vec<Tagged>,
    emojis: Empty,
    card: (),
    poll: (),
}

/// What is a signed-in viewer's own. There are no likes, reshares, mutes, bookmarks, pins and filters yet, so these are
/// the same for everyone; the shape is here so that they can differ.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[allow(clippy::struct_excessive_bools)] // The shape is Mastodon's.
struct Marks {
    favourited: bool,
    reblogged: bool,
    muted: bool,
    bookmarked: bool,
    pinned: bool,
    filtered: Empty,
}

/// [`Marks`] as they follow the shared part. A test holds the two together.
const MARKS: &[u8] = br#","favourited":false,"reblogged":false,"muted":false,"bookmarked":false,"pinned":false,"filtered":[]}"#;

/// The application that a status was posted with.
#[derive(Debug, Serialize, JsonSchema)]
struct PostedWith {
    name: String,
    website: Option<String>,
}

/// Someone who is mentioned.
#[derive(Debug, Serialize, JsonSchema)]
struct Mentioned {
    id: AccountId,
    username: String,
    url: String,
    acct: String,
}

/// A hashtag of the text.
#[derive(Debug, Serialize, JsonSchema)]
struct Tagged {
    /// In lower case, as hashtags are compared.
    name: String,
    url: String,
}

/// The statuses round a status.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StatusContext {
    ancestors: Vec<Status>,
    descendants: Vec<Status>,
}

impl Status {
    /// A status that its author has just deleted, with the text to write it again.
    pub(crate) fn deleted(site: &Site, card: &Card) -> Self {
        Self {
            shared: Shared::of(site, card, MediaAttachment::of_own_post),
            text: Some(card.post.text.clone()),
            marks: Some(Marks::default()),
        }
    }

    /// The same for a token that may not read: which status it was, and nothing of what stood in it.
    pub(crate) fn deleted_unread(site: &Site, card: &Card) -> Self {
        let post = &card.post;
        let username = &card.author.account.username;
        // Every field is named, so that a new one has to be decided about.
        Self {
            shared: Shared {
                id: PostId::new(post.id),
                created_at: moment::date_time(post.created_at_us),
                in_reply_to_id: None,
                in_reply_to_account_id: None,
                sensitive: post.sensitive,
                spoiler_text: String::new(),
                visibility: visibility_name(post.visibility()),
                language: None,
                uri: site.post_uri(username, post.id),
                url: site.post_url(username, post.id),
                replies_count: 0,
                reblogs_count: 0,
                favourites_count: 0,
                edited_at: (),
                content: String::new(),
                reblog: (),
                application: None,
                account: Account::of(site, &card.author),
                media_attachments: Vec::new(),
                mentions: Vec::new(),
                tags: Vec::new(),
                emojis: [],
                card: (),
                poll: (),
            },
            text: None,
            marks: Some(Marks::default()),
        }
    }
}

impl Shared {
    fn of(site: &Site, card: &Card, picture: Pictured) -> Self {
        let post = &card.post;
        let username = &card.author.account.username;
        let media = card.media.iter();
        let mentions = post.mentions.iter();
        Self {
            id: PostId::new(post.id),
            created_at: moment::date_time(post.created_at_us),
            in_reply_to_id: some_id(post.in_reply_to_id).map(PostId::new),
            in_reply_to_account_id: some_id(post.in_reply_to_author_id).map(AccountId::new),
            sensitive: post.sensitive,
            spoiler_text: post.spoiler_text.clone(),
            visibility: visibility_name(post.visibility()),
            language: some_text(&post.language),
            uri: site.post_uri(username, post.id),
            url: site.post_url(username, post.id),
            replies_count: post.replies_count,
            reblogs_count: 0,
            favourites_count: 0,
            edited_at: (),
            content: to_html(site, &post.text, &post.mentions),
            reblog: (),
            application: card.application.as_ref().map(PostedWith::of),
            account: Account::of(site, &card.author),
            media_attachments: media.map(|item| picture(site, item, post)).collect(),
            mentions: mentions.map(|whom| Mentioned::of(site, whom)).collect(),
            tags: post.tags.iter().map(|tag| Tagged::of(site, tag)).collect(),
            emojis: [],
            card: (),
            poll: (),
        }
    }
}

impl PostedWith {
    fn of((name, website): &(String, String)) -> Self {
        Self {
            name: name.clone(),
            website: some_text(website),
        }
    }
}

impl Mentioned {
    fn of(site: &Site, mention: &Mention) -> Self {
        Self {
            id: AccountId::new(mention.account_id),
            username: mention.username.clone(),
            url: site.profile_url(&mention.username),
            acct: mention.username.clone(),
        }
    }
}

impl Tagged {
    fn of(site: &Site, tag: &Tag) -> Self {
        Self {
            name: tag.name.clone(),
            url: site.tag_url(&tag.name),
        }
    }
}

/// The visibility's name. One that this program does not know is shown as the narrowest.
pub(crate) const fn visibility_name(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Public => "public",
        Visibility::Unlisted => "unlisted",
        Visibility::Private => "private",
        Visibility::Direct | Visibility::Unspecified => "direct",
    }
}

fn some_id(id: u64) -> Option<u64> {
    (id != 0).then_some(id)
}

fn some_text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// The shared part as JSON without its closing brace, as a card keeps it.
struct SharedJson(Bytes);

/// The shared part as JSON without its closing brace. Kept with the card, but for an author whose picture has failed.
fn shared(site: &Site, viewer: Option<AccountId>, card: &Card) -> Bytes {
    let is_author = viewer.is_some_and(|viewer| viewer.get() == card.post.author_id);
    if is_author && card.media.iter().any(MediaItem::has_failed) {
        return as_json(&Shared::of(site, card, MediaAttachment::of_own_post));
    }
    let for_all = || SharedJson(as_json(&Shared::of(site, card, MediaAttachment::of_post)));
    card.renderings.of(for_all).0.clone()
}

fn as_json(shared: &Shared) -> Bytes {
    let mut json = Vec::with_capacity(SHARED_BYTES_USUAL);
    // Writing to memory does not fail, and every key is a text.
    if serde_json::to_writer(&mut json, shared).is_err() {
        json.clear();
        json.extend_from_slice(b"{}");
    }
    json.pop();
    json.shrink_to_fit();
    json.into()
}

/// How many bytes [`write()`] writes at the most.
pub(crate) fn length(site: &Site, viewer: Option<AccountId>, card: &Card) -> usize {
    shared(site, viewer, card).len() + MARKS.len()
}

/// Writes a status as a viewer sees it; a visitor is nobody.
pub(crate) fn write(site: &Site, viewer: Option<AccountId>, card: &Card, json: &mut Vec<u8>) {
    json.extend_from_slice(&shared(site, viewer, card));
    json.extend_from_slice(if viewer.is_some() { MARKS } else { b"}" });
}

/// Writes statuses as a list.
fn write_list(site: &Site, viewer: Option<AccountId>, cards: &[Arc<Card>], json: &mut Vec<u8>) {
    json.push(b'[');
    for (index, card) in cards.iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        write(site, viewer, card, json);
    }
    json.push(b']');
}

fn list_length(site: &Site, viewer: Option<AccountId>, cards: &[Arc<Card>]) -> usize {
    let statuses: usize = cards
        .iter()
        .map(|card| length(site, viewer, card) + 1)
        .sum();
    statuses + 2
}

/// Statuses as a list.
pub(crate) fn list(site: &Site, viewer: Option<AccountId>, cards: &[Arc<Card>]) -> Bytes {
    let mut json = Vec::with_capacity(list_length(site, viewer, cards));
    write_list(site, viewer, cards, &mut json);
    json.into()
}

/// The statuses round a status: a [`StatusContext`].
pub(crate) fn context(
    site: &Site,
    viewer: Option<AccountId>,
    ancestors: &[Arc<Card>],
    descendants: &[Arc<Card>],
) -> Bytes {
    const NAMES: usize = "{\"ancestors\":,\"descendants\":}".len();
    let length =
        NAMES + list_length(site, viewer, ancestors) + list_length(site, viewer, descendants);
    let mut json = Vec::with_capacity(length);
    json.extend_from_slice(b"{\"ancestors\":");
    write_list(site, viewer, ancestors, &mut json);
    json.extend_from_slice(b",\"descendants\":");
    write_list(site, viewer, descendants, &mut json);
    json.push(b'}');
    json.into()
}

#[cfg(test)]
pub(crate) mod tests;
