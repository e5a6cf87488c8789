//! Language tags as people's devices write them, brought into one form.
//!
//! Clients send what their system calls a locale ("en_GB.UTF-8", "zh-Hant-TW", "iw"), and a tag
//! that nobody can use is no reason to refuse what it describes. So there is one rule for all of
//! them: a tag in canonical form, or none.

/// The longest tag that is read, in bytes: RFC 5646, section 4.4.1, asks for room for 35, and a
/// system's locale may carry an encoding and a modifier besides.
const WRITTEN_BYTES_MAX: usize = 64;
/// The longest tag that is kept, in bytes.
pub const LANGUAGE_BYTES_MAX: usize = 35;

/// The two-letter languages of ISO 639-1.
const TWO_LETTERS: &str = "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy \
    da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik \
    io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt \
    my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn \
    so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";

/// Codes that were withdrawn, which older devices still write, and what stands for them now.
const REPLACED: [(&str, &str); 5] = [
    ("iw", "he"),
    ("in", "id"),
    ("ji", "yi"),
    ("jw", "jv"),
    ("mo", "ro"),
];

/// A language tag in canonical form (BCP 47: "en", "pt-BR", "zh-Hant-TW"), from whatever a client
/// wrote: other case, underscores, a POSIX encoding or modifier, withdrawn codes. None for what
/// names no language: an empty text, "C", words, codes that ISO 639-1 does not list.
///
/// What cannot be read behind the language ("de-", "en-!") is dropped, and so are extensions and
/// private parts: the language is what lists are filtered by.
#[must_use]
pub fn canonical_language(written: &str) -> Option<String> {
    let written = written.trim();
    // What is longer is no locale, and reading it would be a stranger's to make long.
    if written.len() > WRITTEN_BYTES_MAX {
        return None;
    }
    let tag = written.split(['.', '@']).next().unwrap_or_default();
    let mut subtags = tag.split(['-', '_']);
    let mut canonical = language(subtags.next().unwrap_or_default())?;
    let mut place = Place::Script;
    for subtag in subtags {
        let Some((written, next)) = place.read(subtag) else {
            break;
        };
        // Cut between subtags, where what is left still is a tag.
        if canonical.len() + 1 + written.len() > LANGUAGE_BYTES_MAX {
            break;
        }
        canonical.push('-');
        canonical.push_str(&written);
        place = next;
    }
    Some(canonical)
}

/// The primary subtag: two letters of the list, or three, of which there are more than are worth
/// listing.
fn language(subtag: &str) -> Option<String> {
    let code = subtag.to_ascii_lowercase();
    if !code.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    // Before the list is looked at, which has only today's codes.
    let replaced = REPLACED.iter().find(|(old, _)| *old == code);
    let code = replaced.map_or(code, |(_, new)| (*new).to_owned());
    match code.len() {
        2 => TWO_LETTERS
            .split_ascii_whitespace()
            .any(|known| known == code)
            .then_some(code),
        // "und" says that the language is not known, "mis", "mul" and "zxx" that it has no code.
        3 => (!matches!(code.as_str(), "und" | "mis" | "mul" | "zxx")).then_some(code),
        _ => None,
    }
}

/// Which subtag may come next.
#[derive(Clone, Copy)]
enum Place {
    Script,
    Region,
    Variant,
}

impl Place {
    /// The subtag in the case that BCP 47 recommends, and what may follow it; none when it cannot
    /// stand here.
    fn read(self, subtag: &str) -> Option<(String, Self)> {
        let letters = subtag.bytes().all(|byte| byte.is_ascii_alphabetic());
        let digits = subtag.bytes().all(|byte| byte.is_ascii_digit());
        let lower = || subtag.to_ascii_lowercase();
        match (self, subtag.len()) {
            (Self::Script, 4) if letters => {
                let (first, rest) = subtag.split_at(1);
                let script = first.to_ascii_uppercase() + &rest.to_ascii_lowercase();
                Some((script, Self::Region))
            }
            (Self::Script | Self::Region, 2) if letters => {
                Some((subtag.to_ascii_uppercase(), Self::Variant))
            }
            (Self::Script | Self::Region, 3) if digits => Some((lower(), Self::Variant)),
            (_, 4) if subtag.starts_with(|first: char| first.is_ascii_digit()) => {
                let readable = subtag.bytes().all(|byte| byte.is_ascii_alphanumeric());
                readable.then(|| (lower(), Self::Variant))
            }
            (_, 5..=8) if subtag.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                Some((lower(), Self::Variant))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(written: &str, expected: Option<&str>) {
        let canonical = canonical_language(written);
        assert_eq!(canonical.as_deref(), expected, "`{written}`");
        // A tag in canonical form stays as it is, so it does not matter how often the rule is
        // applied.
        if let Some(tag) = &canonical {
            assert_eq!(canonical_language(tag), canonical, "`{written}`");
            assert!(tag.len() <= LANGUAGE_BYTES_MAX);
        }
    }

    #[test]
    fn what_devices_write_becomes_one_form() {
        for (written, expected) in [
            ("en", "en"),
            ("EN", "en"),
            (" de ", "de"),
            ("en-US", "en-US"),
            ("en_us", "en-US"),
            ("en_GB.UTF-8", "en-GB"),
            ("ca_ES.UTF-8@valencia", "ca-ES"),
            ("sr_RS@latin", "sr-RS"),
            ("pt-br", "pt-BR"),
            ("zh-hant-tw", "zh-Hant-TW"),
            ("zh_Hans", "zh-Hans"),
            ("ZH-CN", "zh-CN"),
            ("es-419", "es-419"),
            ("de-1996", "de-1996"),
            ("sl-rozaj-biske", "sl-rozaj-biske"),
            ("iw", "he"),
            ("iw_IL", "he-IL"),
            ("in", "id"),
            ("ji", "yi"),
            ("fil", "fil"),
            ("ckb-IQ", "ckb-IQ"),
            ("en-US-u-hc-h12", "en-US"),
            ("ar-u-nu-latn", "ar"),
            ("de-x-private", "de"),
            ("en-", "en"),
            ("en-\u{fc}", "en"),
            ("en-US-POSIX", "en-US-posix"),
        ] {
            check(written, Some(expected));
        }
    }

    #[test]
    fn what_names_no_language_is_none() {
        let endless = "a-".repeat(40);
        for written in [
            "",
            " ",
            "-",
            "C",
            "POSIX",
            "C.UTF-8",
            "xx",
            "e n",
            "1a",
            "english",
            "Deutsch",
            "und",
            "mul",
            "x-klingon",
            "i-default",
            "\u{fc}",
            "\u{65e5}\u{672c}\u{8a9e}",
            "en\0",
            "null",
            "undefined",
            "<script>",
            &endless,
        ] {
            check(written, None);
        }
    }

    #[test]
    fn no_two_letter_code_is_listed_twice() {
        let codes: Vec<_> = TWO_LETTERS.split_ascii_whitespace().collect();
        assert!(codes.is_sorted_by(|one, next| one < next));
        assert!(codes.iter().all(|code| code.len() == 2));
    }
}
