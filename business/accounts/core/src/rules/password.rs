//! What a password may be. One rule for signing up, the setup link and the operator's commands.

use infra_kernel::{FieldProblem, FieldReason};
use unicode_normalization::UnicodeNormalization as _;

use super::common;
use crate::secret::Secret;

/// The fewest and the most characters of a password, counted when it is normalised.
pub(crate) const PASSWORD_CHARACTERS: std::ops::RangeInclusive<usize> = 8..=256;
/// The most bytes of a text that is looked at as a password. Decomposed letters of several marks
/// need more than the normalised text has.
const TYPED_BYTES_MAX: usize = 4_096;
/// The field that its problems are about.
const FIELD: &str = "password";

/// A password: its text in NFKC, in which the same letters are the same bytes whatever keyboard and
/// system they were typed on (RFC 8265 and NIST SP 800-63B ask for such a form), and its text as it
/// was typed when that differs.
#[derive(Clone)]
pub(crate) struct Password {
    normalised: Secret,
    as_typed: Option<Secret>,
}

impl Password {
    /// What somebody typed; nothing when it is longer than any password.
    pub(crate) fn typed(text: String) -> Option<Self> {
        // Before it is normalised, which is work for each byte.
        if text.len() > TYPED_BYTES_MAX {
            return None;
        }
        let normalised: String = text.nfkc().collect();
        if normalised.chars().count() > *PASSWORD_CHARACTERS.end() {
            return None;
        }
        Some(Self {
            as_typed: (normalised != text).then(|| Secret::given(text)),
            normalised: Secret::given(normalised),
        })
    }

    /// One that was made up here.
    pub(crate) const fn generated(secret: Secret) -> Self {
        Self {
            normalised: secret,
            as_typed: None,
        }
    }

    /// One that is nobody's, to be checked in place of a text that is longer than any password.
    pub(crate) fn stand_in() -> Self {
        Self::generated(Secret::fresh())
    }

    /// The bytes that are hashed.
    pub(crate) fn normalised(&self) -> &[u8] {
        self.normalised.as_bytes()
    }

    /// The bytes that were hashed before passwords were normalised, when they differ.
    pub(crate) fn as_typed(&self) -> Option<&[u8]> {
        self.as_typed.as_ref().map(Secret::as_bytes)
    }
}

/// A new password for someone with these names (username, e-mail address, what the place is
/// called), if it may be one.
pub(crate) fn choose(text: String, names: &[&str]) -> Result<Password, FieldProblem> {
    let problem = |reason, sentence: &str| Err(FieldProblem::new(FIELD, reason, sentence));
    if text.is_empty() {
        return problem(FieldReason::Blank, "A password is needed.");
    }
    let Some(password) = Password::typed(text) else {
        return Err(out_of_bounds(FieldReason::TooLong));
    };
    let text = password.normalised.as_str();
    if text.chars().count() < *PASSWORD_CHARACTERS.start() {
        return Err(out_of_bounds(FieldReason::TooShort));
    }
    if text.chars().any(char::is_control) {
        return problem(
            FieldReason::Invalid,
            "The password holds a control character, such as a tab or a line's end, which cannot be typed everywhere.",
        );
    }
    if common::is_variant_of(text, names) {
        return problem(
            FieldReason::Blocked,
            "The password must not be your username, your e-mail address or the name of this server.",
        );
    }
    if common::is_common(text) {
        return problem(
            FieldReason::Blocked,
            "This password is among the first that are guessed. A few words in a row are easy to remember and hard to guess.",
        );
    }
    Ok(password)
}

fn out_of_bounds(reason: FieldReason) -> FieldProblem {
    let sentence = format!(
        "The password must be {} to {} characters long.",
        PASSWORD_CHARACTERS.start(),
        PASSWORD_CHARACTERS.end()
    );
    FieldProblem::new(FIELD, reason, sentence)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refusal(text: &str) -> Option<FieldReason> {
        choose(text.to_owned(), &["ada"])
            .err()
            .map(|problem| problem.reason())
    }

    #[test]
    fn the_length_counts_as_normalised() {
        // Four decomposed letters are eight code points and no eight characters.
        assert_eq!(refusal(&"u\u{308}".repeat(4)), Some(FieldReason::TooShort));
        assert_eq!(
            refusal("\u{fb03}\u{fb03}\u{fb03}x"),
            None,
            "a ligature is its letters"
        );
        assert_eq!(refusal(&"ab \u{e9}".repeat(64)), None);
        assert_eq!(refusal(&"e\u{301}a bc".repeat(51)), None);
        assert_eq!(refusal(&"ab c".repeat(65)), Some(FieldReason::TooLong));
        assert_eq!(refusal(&"\u{fdfa}".repeat(200)), Some(FieldReason::TooLong));
        assert_eq!(
            refusal(&"u\u{308}".repeat(100_000)),
            Some(FieldReason::TooLong)
        );
    }

    #[test]
    fn what_cannot_be_typed_or_is_guessed_first_is_refused() {
        for (text, reason) in [
            ("", FieldReason::Blank),
            ("seven77", FieldReason::TooShort),
            ("nul\0 inside it", FieldReason::Invalid),
            ("tab\tinside it", FieldReason::Invalid),
            ("two lines\nof it", FieldReason::Invalid),
            (
                "\u{ff50}\u{ff41}\u{ff53}\u{ff53}\u{ff57}\u{ff4f}\u{ff52}\u{ff44}",
                FieldReason::Blocked,
            ),
            ("password1", FieldReason::Blocked),
            ("ada12345", FieldReason::Blocked),
        ] {
            assert_eq!(refusal(text), Some(reason), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_form_of_a_text_is_the_same_password(text in "\\PC{0,12}") {
            let forms: [String; 4] = [
                text.nfc().collect(), text.nfd().collect(), text.nfkc().collect(), text.nfkd().collect(),
            ];
            let expected: String = text.nfkc().collect();
            for form in forms {
                let password = Password::typed(form).unwrap();
                prop_assert_eq!(password.normalised(), expected.as_bytes());
            }
        }
    }
}
