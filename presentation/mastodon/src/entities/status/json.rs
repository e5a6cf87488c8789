//! Statuses as JSON, put together of what is kept with a card and what is asked for at each read.

use std::borrow::Cow;
use std::io::Write as _;

use business_media_gateway::MediaItem;
use bytes::Bytes;
use presentation_kit::{Card, Shown, Site};
use serde::Serialize;

use super::super::filter::FilterResult;
use super::{Beginning, Counts, Marks, MediaAttachment, Pictured, Rest};

/// What a shared part usually fits in, in bytes.
const SHARED_BYTES_USUAL: usize = 4_096;

/// The name of the last field of a status.
const REBLOG: &[u8] = b",\"reblog\":";
/// Its value when the status is no reshare.
const NO_REBLOG: &[u8] = b"null";

/// How many bytes [`write()`] writes at most, where no filter has a text to be escaped.
pub(crate) fn length(site: &Site, shown: &Shown) -> usize {
    let reblog = shown.reshared.as_ref();
    let reblog = reblog.map_or(NO_REBLOG.len(), |reshared| length(site, reshared));
    let own = shared(site, shown).json.len() + Counts::BYTES_MAX + Marks::BYTES_MAX;
    let filtered: usize = shown.filtered.iter().map(FilterResult::length).sum();
    own + filtered + REBLOG.len() + reblog + 1
}

/// Writes a status as its viewer sees it.
pub(crate) fn write(site: &Site, shown: &Shown, json: &mut Vec<u8>) {
    let shared = shared(site, shown);
    let (beginning, rest) = shared.json.split_at(shared.counts_at);
    json.extend_from_slice(beginning);
    Counts::of(shown.counts).write(json);
    json.extend_from_slice(rest);
    if let Some(marks) = Marks::of(shown) {
        marks.write(json);
    }
    json.extend_from_slice(REBLOG);
    match &shown.reshared {
        // One deep: nothing reshares a reshare.
        Some(reshared) => write(site, reshared, json),
        None => json.extend_from_slice(NO_REBLOG),
    }
    json.push(b'}');
}

/// Writes statuses as a list.
fn write_list(site: &Site, posts: &[Shown], json: &mut Vec<u8>) {
    json.push(b'[');
    for (index, shown) in posts.iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        write(site, shown, json);
    }
    json.push(b']');
}

fn list_length(site: &Site, posts: &[Shown]) -> usize {
    let statuses: usize = posts.iter().map(|shown| length(site, shown) + 1).sum();
    statuses + 2
}

/// Statuses as a list.
pub(crate) fn list(site: &Site, posts: &[Shown]) -> Bytes {
    let mut json = Vec::with_capacity(list_length(site, posts));
    write_list(site, posts, &mut json);
    json.into()
}

/// The statuses round a status: a `StatusContext`.
pub(crate) fn context(site: &Site, ancestors: &[Shown], descendants: &[Shown]) -> Bytes {
    const NAMES: usize = "{\"ancestors\":,\"descendants\":}".len();
    let length = NAMES + list_length(site, ancestors) + list_length(site, descendants);
    let mut json = Vec::with_capacity(length);
    json.extend_from_slice(b"{\"ancestors\":");
    write_list(site, ancestors, &mut json);
    json.extend_from_slice(b",\"descendants\":");
    write_list(site, descendants, &mut json);
    json.push(b'}');
    json.into()
}

/// What is the same for every viewer as JSON, as a card keeps it: the object without its closing
/// brace, and where in it the counts belong.
#[derive(Clone)]
pub(super) struct SharedJson {
    json: Box<[u8]>,
    counts_at: usize,
}

/// What is the same for every viewer. Kept with the card, but for an author whose picture has
/// failed.
fn shared<'card>(site: &Site, shown: &'card Shown) -> Cow<'card, SharedJson> {
    if shown.relation.is_author() && shown.media.iter().any(MediaItem::has_failed) {
        return Cow::Owned(SharedJson::of(site, shown, MediaAttachment::of_own_post));
    }
    let for_all = || SharedJson::of(site, shown, MediaAttachment::of_post);
    Cow::Borrowed(shown.renderings.of(for_all))
}

impl SharedJson {
    fn of(site: &Site, card: &Card, picture: Pictured) -> Self {
        let mut json = Vec::with_capacity(SHARED_BYTES_USUAL);
        append(&mut json, &Beginning::of(site, card));
        let counts_at = json.len();
        append(&mut json, &Rest::of(site, card, picture));
        // Both were objects; they become one.
        json[counts_at] = b',';
        let json = json.into();
        Self { json, counts_at }
    }
}

/// Appends an object without its closing brace.
fn append(json: &mut Vec<u8>, part: &impl Serialize) {
    let start = json.len();
    // Writing to memory does not fail, and every key is a text.
    if serde_json::to_writer(&mut *json, part).is_err() {
        json.truncate(start);
        json.extend_from_slice(b"{}");
    }
    json.pop();
}

impl Counts {
    /// The most bytes that [`Self::write`] writes.
    const BYTES_MAX: usize = ",\"replies_count\":,\"reblogs_count\":,\"favourites_count\":".len()
        // A number has one digit more than its logarithm.
        + 3 * u64::MAX.ilog10() as usize
        + 3;

    /// Writes what serde does between its neighbours, at a fraction of its cost. A test holds the
    /// two together.
    fn write(&self, json: &mut Vec<u8>) {
        // Writing to memory does not fail.
        let _ = write!(
            json,
            ",\"replies_count\":{},\"reblogs_count\":{},\"favourites_count\":{}",
            self.replies_count, self.reblogs_count, self.favourites_count
        );
    }
}

impl Marks {
    /// The most bytes that [`Self::write`] writes beside filters that match.
    const BYTES_MAX: usize = br#","favourited":false,"reblogged":false,"muted":false,"bookmarked":false,"pinned":false,"filtered":[]"#.len();

    /// Writes what serde does behind its neighbour. A test holds the two together.
    fn write(&self, json: &mut Vec<u8>) {
        for (name, mark) in [
            ("favourited", self.favourited),
            ("reblogged", self.reblogged),
            ("muted", self.muted),
            ("bookmarked", self.bookmarked),
            ("pinned", self.pinned),
        ] {
            json.extend_from_slice(b",\"");
            json.extend_from_slice(name.as_bytes());
            json.extend_from_slice(if mark { b"\":true" } else { b"\":false" });
        }
        json.extend_from_slice(b",\"filtered\":[");
        for (index, one) in self.filtered.iter().enumerate() {
            if index > 0 {
                json.push(b',');
            }
            append(json, one);
            json.push(b'}');
        }
        json.push(b']');
    }
}
