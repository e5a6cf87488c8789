//! A status: a post as clients see it.
//!
//! What is the same for every viewer is made once per card and kept with it; counts, and what is a
//! viewer's own, are put in at each read. So a warm timeline costs copying bytes and nothing else.

mod json;

use business_media_gateway::MediaItem;
use business_posts_gateway::{Mention, Post, PostId, Tag, Visibility};
use infra_kernel::AccountId;
use presentation_kit::text::to_html;
use presentation_kit::{Card, Shown, Site, card};
use schemars::JsonSchema;
use serde::Serialize;

use super::filter::FilterResult;
use super::{Account, Empty, MediaAttachment, moment};

pub(crate) use json::{context, length, list, write};

/// A status.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Status {
    #[serde(flatten)]
    beginning: Beginning,
    #[serde(flatten)]
    counts: Counts,
    #[serde(flatten)]
    rest: Rest,
    /// The text as it was written; only when the status is deleted, so that it can be written
    /// again.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(flatten)]
    marks: Option<Marks>,
    /// What a reshare shows again; `null` for a status that is none.
    reblog: Option<Box<Self>>,
}

/// How a picture of a post is shown: to everyone, or to its owner.
type Pictured = fn(&Site, &MediaItem, &Post) -> MediaAttachment;

/// What is the same for every viewer and stands before the counts.
#[derive(Debug, Serialize, JsonSchema)]
struct Beginning {
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
}

/// What moves while the post stays as it is.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[allow(clippy::struct_field_names)] // The names are Mastodon's.
struct Counts {
    replies_count: u64,
    reblogs_count: u64,
    favourites_count: u64,
}

/// What is the same for every viewer and stands behind the counts, but for the reason that the
/// author hears why a picture cannot be shown.
#[derive(Debug, Serialize, JsonSchema)]
struct Rest {
    /// When it was last changed, if ever.
    edited_at: Option<String>,
    /// The text as HTML.
    content: String,
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

/// What is a signed-in viewer's own. There are no mutes of conversations yet: what says so is the
/// same for everyone.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[allow(clippy::struct_excessive_bools)] // The shape is Mastodon's.
struct Marks {
    favourited: bool,
    reblogged: bool,
    muted: bool,
    bookmarked: bool,
    pinned: bool,
    /// One's filters that match it, wherever they are to act.
    filtered: Vec<FilterResult>,
}

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
    pub(crate) fn deleted(site: &Site, shown: &Shown) -> Self {
        Self {
            text: Some(shown.post.text.clone()),
            ..Self::of(site, shown, MediaAttachment::of_own_post)
        }
    }

    /// The same for a token that may not read: which status it was, and nothing of what stood in
    /// it.
    pub(crate) fn deleted_unread(site: &Site, shown: &Shown) -> Self {
        let beginning = Beginning::of(site, shown);
        // Every field is named, so that a new one has to be decided about.
        Self {
            beginning: Beginning {
                id: beginning.id,
                created_at: beginning.created_at,
                in_reply_to_id: None,
                in_reply_to_account_id: None,
                sensitive: beginning.sensitive,
                spoiler_text: String::new(),
                visibility: beginning.visibility,
                language: None,
                uri: beginning.uri,
                url: beginning.url,
            },
            counts: Counts::default(),
            rest: Rest {
                edited_at: None,
                content: String::new(),
                application: None,
                account: Account::of(site, &shown.author),
                media_attachments: Vec::new(),
                mentions: Vec::new(),
                tags: Vec::new(),
                emojis: [],
                card: (),
                poll: (),
            },
            text: None,
            marks: Some(Marks::default()),
            reblog: None,
        }
    }

    fn of(site: &Site, shown: &Shown, picture: Pictured) -> Self {
        Self {
            beginning: Beginning::of(site, shown),
            counts: Counts::of(shown.counts),
            rest: Rest::of(site, shown, picture),
            text: None,
            marks: Marks::of(shown),
            // Only its own author hears why one of its pictures cannot be shown.
            reblog: shown
                .reshared
                .as_ref()
                .map(|reshared| Box::new(Self::of(site, reshared, MediaAttachment::of_post))),
        }
    }
}

impl Beginning {
    fn of(site: &Site, card: &Card) -> Self {
        let post = &card.post;
        let username = &card.author.account.username;
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
        }
    }
}

impl Counts {
    const fn of(counts: card::Counts) -> Self {
        Self {
            replies_count: counts.replies,
            reblogs_count: counts.reshares,
            favourites_count: counts.likes,
        }
    }
}

impl Rest {
    fn of(site: &Site, card: &Card, picture: Pictured) -> Self {
        let post = &card.post;
        let media = card.media.iter();
        let mentions = post.mentions.iter();
        Self {
            edited_at: some_moment(post.edited_at_us),
            content: to_html(site, &post.text, &post.mentions),
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

impl Marks {
    fn of(shown: &Shown) -> Option<Self> {
        let marks = shown.marks?;
        Some(Self {
            favourited: marks.liked,
            bookmarked: marks.bookmarked,
            reblogged: marks.reshared,
            pinned: marks.pinned,
            muted: false,
            filtered: shown.filtered.iter().map(FilterResult::of).collect(),
        })
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

fn some_moment(at_us: i64) -> Option<String> {
    (at_us != 0).then(|| moment::date_time(at_us))
}

fn some_text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
pub(crate) mod tests;
