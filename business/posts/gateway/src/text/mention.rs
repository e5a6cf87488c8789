//! Mentions.

use super::characters::{is_further_latin, is_of_script_without_blanks, is_of_word};
use super::{EntityKind, Parser};
use unicode_normalization::char::is_combining_mark;

/// The longest name an account of this server can have.
pub const USERNAME_CHARACTERS_MAX: usize = 30;
/// The longest name of an account elsewhere that is read, in bytes.
const REMOTE_NAME_BYTES_MAX: usize = 255;
/// The longest port behind a host, with its colon, in bytes.
const PORT_BYTES_MAX: usize = 6;

impl<'text> Parser<'text, '_> {
    /// Finds the mention that begins at this "@"; returns where the text continues.
    ///
    /// An "@" within a word or an address ("a@b", "/@a") begins none.
    pub(super) fn mention_at(&mut self, at: usize) -> Option<usize> {
        let joins = |before: char| {
            "@/=".contains(before) || (is_of_word(before) && !is_of_script_without_blanks(before))
        };
        if at < self.opaque_until || self.character_before(at).is_some_and(joins) {
            return None;
        }
        let username = self.username_at(at + 1)?;
        let end = at + 1 + username.len();
        if let Some((domain_end, is_own)) = self.domain_behind(end) {
            let range = at..domain_end;
            // A name that no account here can have, with our domain, is nobody's.
            if !is_own || is_local_name(username) {
                self.find(
                    range,
                    EntityKind::Mention {
                        username,
                        is_local: is_own,
                    },
                );
            }
            return Some(domain_end);
        }
        // What looks like a host and is too long for one makes it nobody's, too.
        let mut behind = self.text[end..].chars();
        if behind.next() == Some('@') && behind.next().is_some_and(char::is_alphanumeric) {
            return None;
        }
        // "@zoë" is the name of somebody else than "zo"; "@beaさん" is bea.
        let goes_on = |next: char| is_further_latin(next) || is_combining_mark(next);
        if !is_local_name(username) || self.character_at(end).is_some_and(goes_on) {
            return None;
        }
        self.find(
            at..end,
            EntityKind::Mention {
                username,
                is_local: true,
            },
        );
        Some(end)
    }

    /// The name that begins here. Dots and hyphens may stand within, as in names of other servers.
    fn username_at(&mut self, start: usize) -> Option<&'text str> {
        let belongs = |it: char| it.is_ascii_alphanumeric() || "_.-".contains(it);
        let end = self.end_of(start, REMOTE_NAME_BYTES_MAX, belongs)?;
        let text: &'text str = self.text;
        let name = &text[start..end];
        // Several in a row end the name, and it ends with none.
        let doubled = name
            .as_bytes()
            .windows(2)
            .position(|pair| is_joint(pair[0]) && is_joint(pair[1]));
        let name = name[..doubled.unwrap_or(name.len())].trim_end_matches(['.', '-']);
        (!name.is_empty() && !is_joint(name.as_bytes()[0])).then_some(name)
    }

    /// Where the domain ends that stands behind a name, and whether it is ours.
    fn domain_behind(&mut self, name_end: usize) -> Option<(usize, bool)> {
        if !self.text[name_end..].starts_with('@') {
            return None;
        }
        let start = name_end + 1;
        let first = self.character_at(start)?;
        if !first.is_alphanumeric() {
            return None;
        }
        let end = self.name_end(start)?;
        let own = self.site_domain;
        // Our own may have a port, which none that is known from elsewhere has.
        let port = own.rfind(':').map_or(0, |colon| own.len() - colon);
        if (1..=PORT_BYTES_MAX).contains(&port)
            && self
                .text
                .get(start..start + own.len())
                .is_some_and(|it| it.eq_ignore_ascii_case(own))
            && start + own.len() == end + port
        {
            return Some((end + port, true));
        }
        (end > start).then(|| (end, self.text[start..end].eq_ignore_ascii_case(own)))
    }
}

fn is_joint(byte: u8) -> bool {
    byte == b'.' || byte == b'-'
}

fn is_local_name(name: &str) -> bool {
    name.len() <= USERNAME_CHARACTERS_MAX && !name.bytes().any(is_joint)
}
