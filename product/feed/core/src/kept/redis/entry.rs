//! What a timeline holds, as bytes: see `feed.lua`.

use business_posts_gateway::PostId;
use infra_kernel::{AccountId, Direction, Page};

use crate::audience::{Entry, TimelineEntry};

/// Bytes of an id.
const ID_BYTES: usize = 8;
/// Bytes of an entry.
pub(super) const ENTRY_BYTES: usize = 3 * ID_BYTES;
/// Where entries begin: posts are less than half of all numbers, so that inverted they are more.
const ENTRIES: &[u8] = &[0x80];
/// More than follows a post in any entry.
const BEYOND: [u8; ENTRY_BYTES] = [u8::MAX; ENTRY_BYTES];

/// A post's bytes, by which the newest comes first.
pub(super) fn post_bytes(post: u64) -> [u8; ID_BYTES] {
    (!post).to_be_bytes()
}

pub(super) fn entry_bytes(timeline_entry: &TimelineEntry) -> [u8; ENTRY_BYTES] {
    let Entry { post, author } = timeline_entry.entry;
    let replied_to = timeline_entry.replied_to.map_or(0, AccountId::get);
    let mut bytes = [0; ENTRY_BYTES];
    bytes[..ID_BYTES].copy_from_slice(&post_bytes(post.get()));
    bytes[ID_BYTES..2 * ID_BYTES].copy_from_slice(&author.get().to_be_bytes());
    bytes[2 * ID_BYTES..].copy_from_slice(&replied_to.to_be_bytes());
    bytes
}

/// The entry that these bytes are; none when they are none.
pub(super) fn entry(bytes: &[u8]) -> Option<Entry> {
    let (post, rest) = bytes.split_first_chunk()?;
    let (author, rest) = rest.split_first_chunk()?;
    (rest.len() == ID_BYTES).then(|| Entry {
        post: PostId::new(!u64::from_be_bytes(*post)),
        author: AccountId::new(u64::from_be_bytes(*author)),
    })
}

/// The post that these bytes are; none when they are none.
pub(super) fn post(bytes: &[u8]) -> Option<PostId> {
    let bytes = bytes.try_into().ok()?;
    Some(PostId::new(!u64::from_be_bytes(bytes)))
}

/// The entries of a page: from and to in their order, newest first.
pub(super) fn range(page: &Page) -> (Vec<u8>, Vec<u8>) {
    let before = post_bytes(page.before);
    // Ids are less than half of all numbers, so a bound above them stands before every entry.
    let from = if before[0] < ENTRIES[0] {
        [b"[", ENTRIES].concat()
    } else {
        [b"(", before.as_slice(), &BEYOND].concat()
    };
    // An entry is longer than its post's bytes, and so behind this bound.
    let to = [b"(", post_bytes(page.after).as_slice()].concat();
    (from, to)
}

/// Whether the page is the other end of its range.
pub(super) const fn is_from_end(page: &Page) -> bool {
    matches!(page.direction, Direction::Newer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_what_its_bytes_say_and_newer_ones_come_first() {
        let timeline_entry = |post: u64| TimelineEntry {
            entry: Entry {
                post: PostId::new(post),
                author: AccountId::new(7),
            },
            replied_to: Some(AccountId::new(8)),
        };
        // Neighbours of the size that ids have: as floating-point numbers they would be one.
        let (older, newer) = (1_u64 << 60, (1_u64 << 60) + 1);
        let bytes = [older, newer].map(|post| entry_bytes(&timeline_entry(post)));
        assert!(bytes[1] < bytes[0]);
        assert!(bytes.iter().all(|bytes| bytes[0] >= ENTRIES[0]));
        assert_eq!(entry(&bytes[0]), Some(timeline_entry(older).entry));
        assert_eq!(post(&bytes[1][..8]), Some(PostId::new(newer)));
        assert_eq!(entry(&bytes[0][1..]), None);
        assert_eq!(post(&bytes[0]), None);
    }

    #[test]
    fn a_range_of_everything_begins_with_the_entries() {
        let (from, to) = range(&Page::newest(10));
        assert_eq!(from, b"[\x80");
        assert_eq!(to, b"(\xff\xff\xff\xff\xff\xff\xff\xff");
    }
}
