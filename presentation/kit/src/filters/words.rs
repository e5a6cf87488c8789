//! Looking for many words in a text at once, whatever the case of their letters.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use infra_kernel::{Error, ErrorCode, Result};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Stands between the parts of a text. It is in no word, so none is found across two parts.
const BETWEEN_PARTS: char = '\0';

/// A text as words are looked for in it.
#[derive(Debug)]
pub(super) struct Text(pub(super) String);

impl Text {
    pub(super) fn of<'a>(parts: impl Iterator<Item = &'a str>) -> Self {
        let mut text = String::new();
        for part in parts.filter(|part| !part.is_empty()) {
            if !text.is_empty() {
                text.push(BETWEEN_PARTS);
            }
            fold_into(part, &mut text);
        }
        Self(text)
    }
}

/// Words to look for.
#[derive(Debug)]
pub(super) struct Words {
    automaton: AhoCorasick,
    words: Vec<Word>,
}

/// At which of its ends a word may not go on.
#[derive(Debug, Clone, Copy)]
struct Word {
    ends_before: bool,
    ends_behind: bool,
}

/// Which of the words are in a text; none of them by default.
#[derive(Debug, Default)]
pub(super) struct Found(Vec<bool>);

impl Found {
    /// Whether the word of this place was found.
    pub(super) fn has(&self, place: usize) -> bool {
        self.0.get(place).copied().unwrap_or_default()
    }
}

impl Words {
    /// These words, each with whether it is a whole one: not found within a longer word. That holds
    /// only for ends of it that are of a word themselves: "#cat" may follow a letter.
    ///
    /// # Errors
    /// When they are too many to be looked for at once.
    pub(super) fn new<'a>(words: impl Iterator<Item = (&'a str, bool)>) -> Result<Self> {
        let (mut folded, mut kept) = (Vec::new(), Vec::new());
        for (word, is_whole) in words {
            let mut text = String::with_capacity(word.len());
            fold_into(word, &mut text);
            kept.push(Word {
                ends_before: is_whole && text.chars().next().is_some_and(is_of_word),
                ends_behind: is_whole && text.chars().next_back().is_some_and(is_of_word),
            });
            folded.push(text);
        }
        let automaton = AhoCorasick::builder()
            // Small, and made quickly: most are used for some reads only.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&folded);
        let too_many = |error| {
            let sentence = "Your filters have too many keywords to be looked for.";
            Error::new(ErrorCode::Internal, sentence).with_source(error)
        };
        Ok(Self {
            automaton: automaton.map_err(too_many)?,
            words: kept,
        })
    }

    /// About how many bytes they take.
    pub(super) fn bytes(&self) -> usize {
        self.automaton.memory_usage() + size_of::<Word>() * self.words.len()
    }

    /// Which of them are in a text, in one pass.
    pub(super) fn found_in(&self, Text(text): &Text) -> Found {
        if self.words.is_empty() {
            return Found::default();
        }
        let mut found = vec![false; self.words.len()];
        for hit in self.automaton.find_overlapping_iter(text) {
            let place = hit.pattern().as_usize();
            found[place] =
                found[place] || self.words[place].stands_at(text, hit.start(), hit.end());
        }
        Found(found)
    }
}

impl Word {
    fn stands_at(self, text: &str, start: usize, end: usize) -> bool {
        let before = text[..start].chars().next_back();
        let behind = text[end..].chars().next();
        let goes_on_before = self.ends_before && before.is_some_and(is_of_word);
        let goes_on_behind = self.ends_behind && behind.is_some_and(is_of_word);
        !goes_on_before && !goes_on_behind
    }
}

/// Letters that differ by their case alone become the same: by way of the upper case, in which the
/// two small sigmas are one, and "ß" is two letters. So do accents that are written differently.
fn fold_into(text: &str, folded: &mut String) {
    let upper = text.nfc().flat_map(char::to_uppercase);
    folded.extend(upper.flat_map(char::to_lowercase));
}

/// A letter, digit, mark or underscore, in any script.
fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || is_combining_mark(character)
}
