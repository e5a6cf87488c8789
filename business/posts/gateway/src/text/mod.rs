//! What people mean by what they write: links, mentions and hashtags in a text, and how long the
//! text is.
//!
//! One parser for everyone who looks mentions up, stores hashtags, counts characters or makes HTML,
//! so that they never disagree. It reads a text once, in time linear in its length, and returns
//! ranges that never overlap: there is no mention and no hashtag within a link.
//!
//! Start reading at [`entities`]; then one file for each kind.

mod characters;
mod hashtag;
mod length;
mod link;
mod mention;
mod run;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub use hashtag::{HASHTAG_CHARACTERS_MAX, HASHTAGS_MAX, hashtag_name};
pub use length::{CHARACTERS_PER_LINK, length};
pub use link::LINK_BYTES_MAX;
pub use mention::USERNAME_CHARACTERS_MAX;

use self::run::Run;

/// Something in a text that is more than its characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity<'text> {
    /// Where it stands, in bytes; on the boundaries of characters.
    pub range: Range<usize>,
    /// What kind of entity it is.
    pub kind: EntityKind<'text>,
}

/// What an [`Entity`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntityKind<'text> {
    /// An address of the web, which is the text of its range.
    Link,
    /// An account: "@name", or "@name@host". Whether there is such an account is another question.
    Mention {
        /// The name as written, without the "@".
        username: &'text str,
        /// Whether it is one of this server: there is no host, or it is this server's own.
        is_local: bool,
    },
    /// A hashtag; `hashtag_name` gives the form by which it is compared.
    Hashtag {
        /// The name as written, without the "#".
        written: &'text str,
    },
}

/// The links, mentions and hashtags of a text, in its order. `site_domain` is the host (with its
/// port, if it has one) by which people know this server.
#[must_use]
pub fn entities<'text>(text: &'text str, site_domain: &str) -> Vec<Entity<'text>> {
    let mut parser = Parser::new(text, site_domain);
    parser.parse();
    parser.found
}

/// The names of this server's accounts among the entities of a text, as they are written and as
/// often.
pub fn local_names<'text>(entities: &[Entity<'text>]) -> impl Iterator<Item = &'text str> {
    entities.iter().filter_map(|entity| match entity.kind {
        EntityKind::Mention {
            username,
            is_local: true,
        } => Some(username),
        _ => None,
    })
}

struct Parser<'text, 'site> {
    text: &'text str,
    site_domain: &'site str,
    /// The run of characters without a blank that was last looked through for an address.
    run: Run,
    /// Up to here the text belongs to an address that is no link (`ssh://`, `https://user@host`): a
    /// mention in it is none.
    opaque_until: usize,
    hashtags: usize,
    found: Vec<Entity<'text>>,
    /// How many characters were looked at, to hold the parser to linear time in tests.
    steps: usize,
}

impl<'text, 'site> Parser<'text, 'site> {
    fn new(text: &'text str, site_domain: &'site str) -> Self {
        Self {
            text,
            site_domain,
            run: Run::default(),
            opaque_until: 0,
            hashtags: 0,
            found: Vec::new(),
            steps: 0,
        }
    }

    fn parse(&mut self) {
        let mut at = 0;
        while let Some(offset) = self.text[at..].find([':', '@', '#', '＃']) {
            self.steps += offset + 1;
            let mark = at + offset;
            let end = match self.text.as_bytes()[mark] {
                b':' => self.link_at(mark),
                b'@' => self.mention_at(mark),
                _ => self.hashtag_at(mark),
            };
            at = end.unwrap_or_else(|| mark + self.character_at(mark).map_or(1, char::len_utf8));
        }
    }

    /// Where the last entity ends: what comes before is taken.
    fn floor(&self) -> usize {
        self.found.last().map_or(0, |entity| entity.range.end)
    }

    fn character_at(&self, at: usize) -> Option<char> {
        self.text[at..].chars().next()
    }

    fn character_before(&self, at: usize) -> Option<char> {
        self.text[..at].chars().next_back()
    }

    fn find(&mut self, range: Range<usize>, kind: EntityKind<'text>) {
        debug_assert!(self.floor() <= range.start && range.start < range.end);
        self.found.push(Entity { range, kind });
    }

    /// The end of the longest run from `start` of characters that belong, at most `bytes_max` long.
    fn end_of(
        &mut self,
        start: usize,
        bytes_max: usize,
        belongs: impl Fn(char) -> bool,
    ) -> Option<usize> {
        let mut end = start;
        for character in self.text[start..].chars() {
            self.steps += 1;
            if !belongs(character) {
                break;
            }
            end += character.len_utf8();
            if end - start > bytes_max {
                return None;
            }
        }
        Some(end)
    }
}
