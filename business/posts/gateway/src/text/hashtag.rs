//! Hashtags, as Mastodon defines them.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::characters::is_of_word;
use super::{EntityKind, Parser};

/// The longest name of a hashtag, in characters; a longer one is plain text.
pub const HASHTAG_CHARACTERS_MAX: usize = 100;
/// The most hashtags of a text; further ones are plain text.
pub const HASHTAGS_MAX: usize = 100;

impl<'text> Parser<'text, '_> {
    /// Finds the hashtag that begins at this sign; returns where the text continues.
    pub(super) fn hashtag_at(&mut self, at: usize) -> Option<usize> {
        // "&" because of "&#x27;", which some clients send for an apostrophe.
        let joins = |before: char| before.is_alphanumeric() || "=/)&".contains(before);
        if at < self.opaque_until || self.character_before(at).is_some_and(joins) {
            return None;
        }
        let start = at + self.character_at(at)?.len_utf8();
        let end = self.end_of(start, usize::MAX, belongs)?;
        let text: &'text str = self.text;
        let written = text[start..end].trim_end_matches(is_joint);
        if !is_name(written) {
            return None;
        }
        let end = start + written.len();
        if self.hashtags < HASHTAGS_MAX && resolve(written).is_some() {
            self.hashtags += 1;
            self.find(at..end, EntityKind::Hashtag { written });
        }
        Some(end)
    }
}

/// What may stand within a name, but not at its ends: middle dots, and the joiner that Persian
/// spells with.
const fn is_joint(character: char) -> bool {
    matches!(character, '\u{B7}' | '\u{30FB}' | '\u{200C}')
}

/// Whether this names a hashtag: it is more than a number.
fn is_name(written: &str) -> bool {
    let begins = |first: char| is_of_word(first) && !is_combining_mark(first);
    let mut within = written.chars();
    within.next_back();
    written.starts_with(begins)
        && (written.chars().any(char::is_alphabetic)
            || within.skip(1).any(|it| it == '_' || is_joint(it)))
}

/// The form by which hashtags are compared: compatibility forms resolved (NFKC), lower case.
/// `written` may have a "#" in front. Empty for what is no hashtag, also where only the resolved
/// form is none: a lone halfwidth voicing mark (U+FF9E) is a letter, and resolves to a mark without
/// a letter.
#[must_use]
pub fn hashtag_name(written: &str) -> String {
    let written = written.trim();
    let written = written.strip_prefix(['#', '＃']).unwrap_or(written);
    if !is_name(written) || !written.chars().all(belongs) {
        return String::new();
    }
    resolve(written).unwrap_or_default()
}

/// What may stand within a name.
fn belongs(character: char) -> bool {
    is_of_word(character) || is_joint(character)
}

/// The form by which a name is compared. None for one that is too long, or resolves to none.
fn resolve(written: &str) -> Option<String> {
    let is_too_long = |name: &str| name.chars().nth(HASHTAG_CHARACTERS_MAX).is_some();
    if is_too_long(written) {
        return None;
    }
    let lower = written.nfkc().flat_map(char::to_lowercase);
    // Some compatibility forms resolve to several words, or to signs.
    let name: String = lower.nfkc().filter(|it| belongs(*it)).collect();
    (is_name(&name) && !is_too_long(&name)).then_some(name)
}
