//! Passwords that guessing programs try first.
//!
//! Not a list of passwords that leaked somewhere: a list of the words they are made of, written for
//! this project, and the ways in which people vary them. Case, spaces and letters written as digits
//! do not matter; a word may be doubled, and may have before and after it what people put there: a
//! year, a few digits in a row, marks. Walks over a keyboard, runs of letters or digits and
//! repetitions are common without a word.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Words in lower case, without spaces.
const WORDS: &str = include_str!("common_words.txt");
/// Walks over keyboards, and runs. Each is taken in both directions.
const WALKS: [&str; 14] = [
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyzabc",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "1a2b3c4d5e6f7g8h9i0j",
    "a1b2c3d4e5f6g7h8i9j0",
    "147258369963852741",
    "741852963159357456",
    "йцукенгшщзхъфывапролджэячсмитьбю",
];
/// The fewest characters of a walk.
const WALK_CHARACTERS_MIN: usize = 3;
/// The longest unit whose repetition is common.
const UNIT_CHARACTERS_MAX: usize = 4;
/// The most marks at one end of a password that are looked past.
const MARKS_MAX: usize = 3;
/// The most walks that a password is made of and still common.
const WALKS_MAX: usize = 3;
/// A longer password is not looked at: none that is guessed first is as long.
const CHARACTERS_MAX: usize = 40;
/// The longest number that people choose; a longer one is no ornament.
const NUMBER_DIGITS_MAX: usize = 20;
/// The longest name that a password is compared with, in bytes: that of an e-mail address. What is
/// longer is refused anyway.
const NAME_BYTES_MAX: usize = 254;
/// The fewest characters that a long password must have beside a name to be another text.
const CHARACTERS_OUTSIDE_NAME_MIN: usize = 8;
/// The years that people put behind a word.
const YEARS: std::ops::RangeInclusive<u32> = 1930..=2039;
/// Digits that mean something to many.
const DIGITS: [&str; 7] = ["007", "69", "420", "666", "777", "786", "1337"];

static FOLDED_WORDS: LazyLock<HashSet<String>> =
    LazyLock::new(|| WORDS.split_whitespace().map(fold).collect());
static DIRECTED_WALKS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let reversed = |walk: &&str| walk.chars().rev().collect::<String>();
    let forward = WALKS.iter().map(|walk| (*walk).to_owned());
    forward.chain(WALKS.iter().map(reversed)).collect()
});

/// Whether a password is among the first that are guessed.
pub(super) fn is_common(password: &str) -> bool {
    let plain = plain(password);
    if plain.is_empty() || plain.len() > CHARACTERS_MAX {
        return false;
    }
    is_repetition(&plain) || is_made_of_walks(&plain, WALKS_MAX) || is_dressed(&plain, &is_word)
}

/// Whether a password is one of these names, or one of them as people vary a word. The work is
/// bounded whatever the texts.
pub(super) fn is_variant_of(password: &str, names: &[&str]) -> bool {
    let names: Vec<String> = names
        .iter()
        .filter(|name| name.len() <= NAME_BYTES_MAX)
        .map(|name| fold(&plain(name).into_iter().collect::<String>()))
        .filter(|name| !name.is_empty())
        .collect();
    let plain = plain(password);
    if plain.len() > CHARACTERS_MAX {
        let folded = fold(&plain.into_iter().collect::<String>());
        return names.iter().any(|name| is_minor_part_of(name, &folded));
    }
    is_dressed(&plain, &|core| {
        names.iter().any(|name| is_once_or_twice(name, core))
    })
}

/// Whether a long text is hardly more than a name.
fn is_minor_part_of(name: &str, text: &str) -> bool {
    let beside = text.replace(name, "");
    beside.len() < text.len() && beside.chars().count() < CHARACTERS_OUTSIDE_NAME_MIN
}

/// In lower case and without spaces.
fn plain(text: &str) -> Vec<char> {
    let lower = text.chars().flat_map(char::to_lowercase);
    lower.filter(|c| !c.is_whitespace()).collect()
}

/// Letters that are written for one another, as one; what joins words is left out.
fn fold(text: &str) -> String {
    let letter = |c| match c {
        '0' => 'o',
        '1' | '!' | '|' | 'l' => 'i',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '8' => 'b',
        '9' => 'g',
        other => other,
    };
    let joins = |c: &char| !matches!(c, '-' | '_' | '.');
    text.chars().filter(joins).map(letter).collect()
}

fn is_repetition(text: &[char]) -> bool {
    let repeats = |unit: usize| {
        // A text that is one unit repeats nothing.
        text.len() > unit
            && text
                .iter()
                .zip(text.iter().cycle().skip(unit))
                .take(text.len() - unit)
                .all(|(one, next)| one == next)
    };
    (1..=UNIT_CHARACTERS_MAX).any(repeats)
}

fn is_made_of_walks(text: &[char], walks_max: usize) -> bool {
    if text.is_empty() {
        return true;
    }
    if walks_max <= 1 {
        return walks_max == 1 && text.len() >= WALK_CHARACTERS_MIN && is_walk(text);
    }
    // The start of a walk is one, too: the first that is none ends the search.
    (WALK_CHARACTERS_MIN..=text.len())
        .take_while(|length| is_walk(&text[..*length]))
        .any(|length| is_made_of_walks(&text[length..], walks_max - 1))
}

fn is_walk(text: &[char]) -> bool {
    #[cfg(test)]
    tests::WALKS_LOOKED_UP.with(|count| count.set(count.get() + 1));
    let walk: String = text.iter().collect();
    DIRECTED_WALKS.iter().any(|known| known.contains(&walk))
}

/// Whether there is such a core with nothing but what people put before and after a word.
fn is_dressed(text: &[char], is_core: &dyn Fn(&str) -> bool) -> bool {
    let starts: Vec<usize> = (0..text.len())
        .filter(|start| is_ornament(&text[..*start]))
        .collect();
    let mut ends = (1..=text.len()).filter(|end| is_ornament(&text[*end..]));
    ends.any(|end| {
        let starts = starts.iter().take_while(|start| **start < end);
        let mut cores = starts.map(|start| fold(&text[*start..end].iter().collect::<String>()));
        cores.any(|core| is_core(&core))
    })
}

fn is_word(core: &str) -> bool {
    let half = core.len() / 2;
    FOLDED_WORDS.contains(core)
        // Half of the bytes may end within a letter.
        || (core.is_char_boundary(half)
            && core[..half] == core[half..]
            && FOLDED_WORDS.contains(&core[..half]))
}

fn is_once_or_twice(name: &str, core: &str) -> bool {
    core == name || core.strip_prefix(name) == Some(name)
}

/// Whether it is nothing, or a few marks, digits that people choose, and a few marks.
fn is_ornament(text: &[char]) -> bool {
    let is_mark = |c: &&char| !c.is_alphanumeric();
    let before = text.iter().take_while(is_mark).count();
    let after = text[before..].iter().rev().take_while(is_mark).count();
    if before > MARKS_MAX || after > MARKS_MAX {
        return false;
    }
    let digits: String = text[before..text.len() - after].iter().collect();
    digits.is_empty() || is_common_number(&digits)
}

fn is_common_number(digits: &str) -> bool {
    if digits.len() > NUMBER_DIGITS_MAX || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let characters: Vec<char> = digits.chars().collect();
    let year = digits
        .parse::<u32>()
        .is_ok_and(|year| YEARS.contains(&year));
    digits.len() <= 2
        || year
        || DIGITS.contains(&digits)
        || is_repetition(&characters)
        || is_made_of_walks(&characters, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    thread_local! {
        /// How many texts were looked up among the walks: the costly part of the work.
        pub(super) static WALKS_LOOKED_UP: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    }

    #[test]
    fn the_words_are_in_their_form_and_each_is_there_once() {
        let words: Vec<&str> = WORDS.split_whitespace().collect();
        let distinct: HashSet<_> = words.iter().collect();
        assert_eq!(distinct.len(), words.len());
        for word in words {
            assert!(
                word.chars()
                    .all(|c| c.is_alphanumeric() && !c.is_uppercase()),
                "{word}"
            );
        }
    }

    #[test]
    fn what_is_guessed_first_is_common() {
        let guessed = "password Password1 P@ssw0rd p4ssw0rd! passw0rd2024 12345678 123456789 1234567890 11111111 00000000 \
            87654321 12341234 12121212 123123123 abcabcabc aaaaaaaa qwertyuiop QWERTY123 qwerty12345 1q2w3e4r \
            1q2w3e4r5t 1qaz2wsx zaq12wsx q1w2e3r4 asdfghjkl asdfasdf zxcvbnm1 qazwsxedc qwer1234 abcd1234 abc12345 \
            123qwe123 iloveyou iloveyou1 sunshine Sunshine1! princess7 football Football2023 trustno1 letmein1 \
            letmein123 welcome1 Welcome123! Summer2024! winter2025 admin123 Admin@123 administrator master12 \
            dragon123 monkey007 michael1 jennifer baseball superman batman123 starwars computer changeme passwort1 \
            motdepasse contrasena1 senha123 haslo1234 пароль123 йцукен123 987654321 147258369 789456123 24682468 \
            passwordpassword !!password!! qwertz123 azerty123 photography1 heliograph 00password";
        for password in guessed.split(' ').chain(["I love you", "pass word"]) {
            assert!(is_common(password), "`{password}` was taken");
        }
    }

    #[test]
    fn what_is_not_is_taken() {
        for password in [
            "silver gelatin",
            "correct horse battery",
            "dark room light",
            "dragon7391",
            "sunshine over lisbon",
            "tr0ub4dor&3",
            "fjord-kelp-ember",
            "pässwörd länger",
            "my dog eats 3 shoes",
            "kq8!vt2#",
            "zebra crossing 9",
            "monkeydragon",
            "winterreise 1827",
            "correct",
            "8sJ2kd0Q",
            "ひみつの写真です",
            "",
        ] {
            assert!(!is_common(password), "`{password}` was refused");
        }
    }

    #[test]
    fn a_name_is_known_in_the_ways_people_vary_it() {
        let names = ["ada_lovelace", "ada@example.org", "photos.example"];
        for password in [
            "ada_lovelace",
            "AdaLovelace",
            "ada.lovelace1",
            "4da_l0velace",
            "ada@example.org",
            "photos.example",
            "photosexample2024!",
            "ada_lovelaceada_lovelace",
        ] {
            assert!(is_variant_of(password, &names), "`{password}` was taken");
        }
        for password in ["ada loves lace", "lovelace", "photography course", ""] {
            assert!(!is_variant_of(password, &names), "`{password}` was refused");
        }
        assert!(!is_variant_of("12345678", &["", "  "]));
    }

    #[test]
    fn the_work_is_bounded_whatever_the_texts() {
        const WALKS_LOOKED_UP_MAX: usize = 20_000;
        let email = "a".repeat(128);
        let long = "1".repeat(100_000);
        for password in [
            format!("9{}", "1".repeat(255)),
            format!("01234567890123456789{}", "1".repeat(236)),
            "0123456789".repeat(25),
            "1".repeat(40),
            "0123456789".repeat(4),
            "0123456789012345678998765432109876543210".to_owned(),
            "q1w2e3r4t5y6u7i8o9p0".repeat(2),
            "1!".repeat(10_000),
        ] {
            WALKS_LOOKED_UP.with(|count| count.set(0));
            is_variant_of(&password, &["ada", &email, &long]);
            is_common(&password);
            let count = WALKS_LOOKED_UP.with(std::cell::Cell::get);
            assert!(count < WALKS_LOOKED_UP_MAX, "`{password}`: {count}");
        }
    }

    #[test]
    fn a_long_password_is_compared_with_names_plainly() {
        let email = "ada.lovelace.of.the.analytical.engine@example.org";
        for password in [email.to_owned(), format!("{email}1815"), email.repeat(2)] {
            assert!(is_variant_of(&password, &["ada", email]), "`{password}`");
        }
        let other = format!("{email} wrote the first program");
        assert!(!is_variant_of(&other, &["ada", email]));
        let endless = "a".repeat(NAME_BYTES_MAX + 1);
        assert!(!is_variant_of(&endless, &[&endless]));
    }
}
