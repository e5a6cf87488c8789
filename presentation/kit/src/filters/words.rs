//! Looking for words in a text, whatever the case of their letters.

use std::collections::HashMap;

use memchr::memmem::Finder;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// How often a word is looked at that does not stand by itself. In no text that people write does
/// it come so often without once standing alone; in one that is made for it the search would not
/// end.
const NOT_ALONE_MAX: usize = 1_000;
/// The same in bytes of the word: each time all of it is compared.
const COMPARED_BYTES_MAX: usize = 32 * 1024;

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
    /// Each once.
    words: Vec<Word>,
    /// By their places, which of them they are.
    places: Vec<usize>,
    bytes: usize,
}

#[derive(Debug)]
struct Word {
    finder: Finder<'static>,
    bounds: Bounds,
}

/// At which of its ends a word may not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Bounds {
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
    pub(super) fn new<'a>(words: impl Iterator<Item = (&'a str, bool)>) -> Self {
        let mut known = HashMap::new();
        let (mut distinct, mut places, mut bytes) = (Vec::new(), Vec::new(), 0);
        for (word, is_whole) in words {
            let mut text = String::with_capacity(word.len());
            fold_into(word, &mut text);
            let bounds = Bounds {
                ends_before: is_whole && text.chars().next().is_some_and(is_of_word),
                ends_behind: is_whole && text.chars().next_back().is_some_and(is_of_word),
            };
            let place = *known
                .entry((text, bounds))
                .or_insert_with_key(|(text, bounds)| {
                    bytes += size_of::<Word>() + text.len();
                    distinct.push(Word {
                        finder: Finder::new(text).into_owned(),
                        bounds: *bounds,
                    });
                    distinct.len() - 1
                });
            places.push(place);
        }
        Self {
            bytes: bytes + size_of::<usize>() * places.len(),
            words: distinct,
            places,
        }
    }

    /// About how many bytes they take.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// About how many bytes are looked through for all of them in a text.
    pub(super) fn cost(&self, Text(text): &Text) -> usize {
        self.words.len() * (text.len() + COMPARED_BYTES_MAX.min(8 * text.len()))
    }

    /// Which of them are in a text.
    pub(super) fn found_in(&self, Text(text): &Text) -> Found {
        let found: Vec<bool> = self.words.iter().map(|word| word.is_in(text)).collect();
        Found(self.places.iter().map(|place| found[*place]).collect())
    }
}

impl Word {
    fn is_in(&self, text: &str) -> bool {
        let (length, mut from) = (self.finder.needle().len(), 0);
        for _ in 0..(COMPARED_BYTES_MAX / length.max(1)).clamp(1, NOT_ALONE_MAX) {
            let Some(at) = self.finder.find(&text.as_bytes()[from..]) else {
                return false;
            };
            let start = from + at;
            if self.bounds.hold_at(text, start, start + length) {
                return true;
            }
            // The next may begin within this one.
            from = start + 1;
        }
        false
    }
}

impl Bounds {
    fn hold_at(self, text: &str, start: usize, end: usize) -> bool {
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
