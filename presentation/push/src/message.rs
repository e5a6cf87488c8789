//! What a push says: the fields that Mastodon's clients know, in plain words.

use business_media_gateway::{MediaItem, renditions};
use infra_kernel::Error;
use presentation_kit::Site;
use presentation_kit::card::{Person, Shown};
use presentation_kit::reader::Told;
use product_notifications_gateway::{Alert, Kind};
use serde::Serialize;

/// The most characters of a title, and of the text below it: with four bytes each, or six where
/// JSON escapes them, and an address, a message stays far below what a push service takes.
const TITLE_CHARACTERS_MAX: usize = 100;
const BODY_CHARACTERS_MAX: usize = 200;
/// The longest address of a picture that is sent along.
const ICON_BYTES_MAX: usize = 1_000;

/// What a push says, in Mastodon's words.
#[derive(Debug, Serialize)]
struct Message<'a> {
    /// Empty: tokens are kept as hashes alone, so the server does not know it. Clients want a text
    /// here.
    access_token: &'static str,
    preferred_locale: &'static str,
    /// A number, as Mastodon has it; a client that reads one of 64 bits finds the notification.
    notification_id: u64,
    notification_type: &'a str,
    icon: String,
    title: String,
    body: String,
}

/// What an account is told, as it sees it.
pub(crate) fn write(site: &Site, told: &Told) -> Result<Vec<u8>, Error> {
    let kind = told.notification.kind();
    let message = Message {
        access_token: "",
        preferred_locale: "en",
        notification_id: told.notification.id,
        notification_type: Alert::of(kind).map_or("", Alert::name),
        icon: icon(site, told.from.avatar.as_ref()),
        title: shortened(&title(kind, &name(&told.from)), TITLE_CHARACTERS_MAX),
        body: shortened(&body(told), BODY_CHARACTERS_MAX),
    };
    serde_json::to_vec(&message).map_err(Error::internal)
}

fn name(person: &Person) -> String {
    let account = &person.account;
    match account.display_name.trim() {
        "" => account.username.clone(),
        name => name.to_owned(),
    }
}

fn title(kind: Kind, name: &str) -> String {
    match kind {
        Kind::Unspecified => name.to_owned(),
        Kind::Favourite => format!("{name} likes your post"),
        Kind::Mention => format!("{name} mentioned you"),
        Kind::Follow => format!("{name} follows you"),
        Kind::Reshare => format!("{name} reshared your post"),
        Kind::FollowRequest => format!("{name} asks to follow you"),
        Kind::NewPost => format!("{name} posted"),
        Kind::Edit => format!("{name} changed a post"),
    }
}

/// The warning of a post, or else its text, or else how many photos it has; of somebody who
/// follows, what they say of themselves.
fn body(told: &Told) -> String {
    match &told.post {
        None => told.from.account.note.clone(),
        Some(shown) => words_of(shown),
    }
}

fn words_of(shown: &Shown) -> String {
    let post = &shown.post;
    let words = match post.spoiler_text.trim() {
        "" => post.text.trim(),
        warning => warning,
    };
    match (words, post.media_ids.len()) {
        ("", 0) => String::new(),
        ("", 1) => "A photo".to_owned(),
        ("", count) => format!("{count} photos"),
        (words, _) => words.to_owned(),
    }
}

/// The picture of who did it.
fn icon(site: &Site, avatar: Option<&MediaItem>) -> String {
    let ready = avatar.filter(|item| item.is_ready());
    let address = ready.and_then(|item| {
        let rendition = item.rendition(renditions::GRID)?;
        Some(site.rendition_url(item, rendition))
    });
    let address = address.filter(|address| address.len() <= ICON_BYTES_MAX);
    address.unwrap_or_else(|| site.default_avatar_url())
}

/// A text in one line, and no longer than so many characters.
fn shortened(text: &str, characters_max: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= characters_max {
        return line;
    }
    let mut shorter: String = line.chars().take(characters_max - 1).collect();
    shorter.push('…');
    shorter
}

#[cfg(test)]
mod tests;
