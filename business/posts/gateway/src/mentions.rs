//! Mentions as they are written: "@name".
//!
//! One parser for whoever looks them up and whoever makes links of them, so that the two never disagree.

use std::ops::Range;

/// The longest name an account of this server can have.
pub const USERNAME_CHARACTERS_MAX: usize = 30;

/// An "@name" in a text. Whether there is such an account is another question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenMention<'text> {
    /// Where it stands, the "@" included, in bytes.
    pub range: Range<usize>,
    /// The name as written, without the "@".
    pub username: &'text str,
}

/// The mentions of accounts of this server, in the order of the text. An "@" within a word or an address ("a@b", "/@a")
/// is none, and neither is a name with a server after it ("@a@b").
pub fn written_mentions(text: &str) -> impl Iterator<Item = WrittenMention<'_>> {
    text.match_indices('@')
        .filter_map(|(start, _)| mention_at(text, start))
}

fn mention_at(text: &str, start: usize) -> Option<WrittenMention<'_>> {
    let joins = |character: char| character.is_alphanumeric() || "_@/=".contains(character);
    if text[..start].chars().next_back().is_some_and(joins) {
        return None;
    }
    let rest = &text[start + 1..];
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let length = rest.bytes().take_while(|byte| of_name(*byte)).count();
    if !(1..=USERNAME_CHARACTERS_MAX).contains(&length) {
        return None;
    }
    let (username, tail) = rest.split_at(length);
    let mut following = tail.chars();
    let ends = match following.next() {
        Some('@') => !following.next().is_some_and(char::is_alphanumeric),
        Some(character) => !character.is_alphanumeric(),
        None => true,
    };
    ends.then(|| WrittenMention {
        range: start..start + 1 + length,
        username,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<_> = written_mentions(text).collect();
        for mention in &found {
            assert_eq!(
                &text[mention.range.clone()],
                format!("@{}", mention.username)
            );
        }
        let names: Vec<_> = found.iter().map(|mention| mention.username).collect();
        assert_eq!(names, expected, "`{text}`");
    }

    #[test]
    fn names_are_found_wherever_a_reader_would_see_them() {
        check("@ada", &["ada"]);
        check("hello @Ada, @b_2! (@c)\n@d.", &["Ada", "b_2", "c", "d"]);
        check("grüße an @ada’s haus", &["ada"]);
        check("@ada @ada", &["ada", "ada"]);
        check("@ada@ ", &["ada"]);
    }

    #[test]
    fn what_only_looks_like_a_name_is_none() {
        for text in [
            "",
            "@",
            "@ ada",
            "a@b",
            "mail@ada.org",
            "@@ada",
            "http://p/@ada",
            "?q=@ada",
        ] {
            check(text, &[]);
        }
        check("@ada@elsewhere.example", &[]);
        check("@adaß", &[]);
        check(&format!("@{}", "a".repeat(31)), &[]);
    }
}
