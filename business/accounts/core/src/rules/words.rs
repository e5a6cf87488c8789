//! The words by which accounts are found.

use std::collections::BTreeSet;

use business_accounts_gateway::Account;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::registration::username_key;

/// The most words that are kept of one account: a display name has no more.
const WORDS_MAX: usize = 40;
/// The most words of a query that are looked for; further ones are not looked at.
const QUERY_WORDS_MAX: usize = 4;
/// The most characters of a word, in an account's as in a query's.
const WORD_CHARACTERS_MAX: usize = 30;

/// The words of an account: its name whole and in parts, and its display name's.
pub(crate) fn of_account(account: &Account) -> BTreeSet<String> {
    let mut words = BTreeSet::from([username_key(&account.username)]);
    words.extend(
        split(&account.username)
            .chain(split(&account.display_name))
            .take(WORDS_MAX),
    );
    words
}

/// The beginnings of words that a query asks for. A name is one word: its parts are found by it,
/// too.
pub(crate) fn of_query(query: &str) -> Vec<String> {
    let words = query.split(|c: char| !(c.is_alphanumeric() || c == '_' || is_combining_mark(c)));
    words
        .map(folded)
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .take(QUERY_WORDS_MAX)
        .collect()
}

fn split(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !(c.is_alphanumeric() || is_combining_mark(c)))
        .map(folded)
        .filter(|word| !word.is_empty())
}

/// In lower case, without accents, and with the letters that are no letter with an accent written
/// as people without them on their keyboard do.
fn folded(word: &str) -> String {
    let mut folded = String::with_capacity(word.len());
    let letters = word.nfkd().filter(|c| !is_combining_mark(*c));
    for letter in letters.flat_map(char::to_lowercase) {
        match letter {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' | 'ð' => folded.push('d'),
            'ħ' => folded.push('h'),
            'ı' => folded.push('i'),
            // It stands at a word's end only, and what is typed so far may end in the middle of a
            // word.
            'ς' => folded.push('σ'),
            letter if is_combining_mark(letter) => {}
            letter => folded.push(letter),
        }
    }
    folded.chars().take(WORD_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(username: &str, display_name: &str) -> Vec<String> {
        let account = Account {
            username: username.to_owned(),
            display_name: display_name.to_owned(),
            ..Account::default()
        };
        of_account(&account).into_iter().collect()
    }

    #[test]
    fn an_account_is_found_by_its_name_and_its_words() {
        assert_eq!(words("Ada_L", ""), ["ada", "ada_l", "l"]);
        assert_eq!(
            words("bob", "Zoë  Ångström-Müller 🌅"),
            ["angstrom", "bob", "muller", "zoe"]
        );
        assert_eq!(words("x", "Straße ŁÓDŹ"), ["lodz", "strasse", "x"]);
        assert_eq!(words("y", "写真家 ＡＤＡ"), ["ada", "y", "写真家"]);
        assert!(words("z", &"a b c d e f g h ".repeat(40)).len() <= WORDS_MAX + 1);
    }

    #[test]
    fn a_query_is_folded_like_what_it_is_to_find() {
        assert_eq!(of_query("Zoe\u{308} ANG"), ["zoe", "ang"]);
        assert_eq!(of_query("ada_l"), ["ada_l"]);
        assert_eq!(of_query("  _ - % ' "), Vec::<String>::new());
        assert_eq!(of_query("a b c d e f").len(), QUERY_WORDS_MAX);
        assert_eq!(of_query(&"x".repeat(500))[0].len(), WORD_CHARACTERS_MAX);
    }
}
