//! How long a text is, as apps are told to count.

use unicode_segmentation::UnicodeSegmentation as _;

use super::{Entity, EntityKind};

/// What a link counts, however long it is.
pub const CHARACTERS_PER_LINK: usize = 23;

/// The length of a text whose entities these are, in characters as people see them (grapheme
/// clusters): a link counts [`CHARACTERS_PER_LINK`], and the domain of a mention counts nothing.
#[must_use]
pub fn length(text: &str, entities: &[Entity<'_>]) -> usize {
    let (mut total, mut at) = (0, 0);
    for entity in entities {
        total += graphemes(&text[at..entity.range.start]);
        total += match entity.kind {
            EntityKind::Link => CHARACTERS_PER_LINK,
            // A username is ASCII: as many characters as bytes.
            EntityKind::Mention { username, .. } => 1 + username.len(),
            EntityKind::Hashtag { .. } => graphemes(&text[entity.range.clone()]),
        };
        at = entity.range.end;
    }
    total + graphemes(&text[at..])
}

fn graphemes(text: &str) -> usize {
    text.graphemes(true).count()
}
