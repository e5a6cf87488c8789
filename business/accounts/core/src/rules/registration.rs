//! Usernames and e-mail addresses.

use infra_kernel::{FieldProblem, FieldReason};

/// The most characters of a username.
pub(crate) const USERNAME_CHARACTERS_MAX: usize = 30;
/// The most bytes of an e-mail address, and of what stands before its @ (RFC 5321, 4.5.3.1).
const EMAIL_BYTES_MAX: usize = 254;
const EMAIL_LOCAL_BYTES_MAX: usize = 64;
/// The most bytes of one part of a domain name (RFC 1035, 2.3.4).
const DOMAIN_LABEL_BYTES_MAX: usize = 63;

/// Names that would be taken for the server itself, for a part of its address, or for who runs it.
/// Sorted.
const RESERVED: &[&str] = &[
    "about",
    "abuse",
    "account",
    "accounts",
    "actor",
    "admin",
    "administrator",
    "api",
    "app",
    "apps",
    "assets",
    "auth",
    "avatar",
    "billing",
    "blog",
    "contact",
    "dashboard",
    "explore",
    "favicon",
    "feed",
    "follow",
    "followers",
    "following",
    "health",
    "heliograph",
    "help",
    "home",
    "hostmaster",
    "inbox",
    "info",
    "instance",
    "jobs",
    "legal",
    "login",
    "logout",
    "mail",
    "manifest",
    "media",
    "metrics",
    "mod",
    "moderator",
    "moderators",
    "new",
    "nodeinfo",
    "notifications",
    "oauth",
    "official",
    "outbox",
    "photo",
    "photos",
    "post",
    "postmaster",
    "posts",
    "privacy",
    "public",
    "register",
    "robots",
    "root",
    "rules",
    "search",
    "security",
    "server",
    "settings",
    "setup",
    "share",
    "signin",
    "signout",
    "signup",
    "staff",
    "static",
    "status",
    "statuses",
    "support",
    "system",
    "tag",
    "tags",
    "terms",
    "timeline",
    "timelines",
    "upload",
    "uploads",
    "user",
    "username",
    "users",
    "web",
    "webmaster",
    "well_known",
    "www",
];
/// The reserved name that the one who sets the server up may take.
const SETUP_USERNAME: &str = "admin";

/// Who is making an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Maker {
    /// Anyone, by signing up.
    Anyone,
    /// The first admin, by the setup link.
    Setup,
    /// The operator, by a command.
    Operator,
}

/// A username in its one form for comparing: names differ not by case.
pub(crate) fn username_key(username: &str) -> String {
    username.to_ascii_lowercase()
}

/// An e-mail address in its one form for comparing.
pub(crate) fn email_key(email: &str) -> String {
    email.to_lowercase()
}

/// Whether a text has the form of a username.
pub(crate) fn is_username(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=USERNAME_CHARACTERS_MAX).contains(&text.len()) && text.bytes().all(plain)
}

pub(crate) fn check_username(username: &str, maker: Maker) -> Result<(), FieldProblem> {
    let problem = |reason, sentence: String| Err(FieldProblem::new("username", reason, sentence));
    if username.is_empty() {
        return problem(FieldReason::Blank, "A username is needed.".to_owned());
    }
    if !is_username(username) {
        let reason = if username.chars().count() > USERNAME_CHARACTERS_MAX {
            FieldReason::TooLong
        } else {
            FieldReason::Invalid
        };
        return problem(
            reason,
            format!(
                "The username must be 1 to {USERNAME_CHARACTERS_MAX} characters long and hold only \
                 letters from a to z, digits and underscores."
            ),
        );
    }
    let key = username_key(username);
    let free = match maker {
        Maker::Operator => true,
        Maker::Setup => key == SETUP_USERNAME || !is_reserved(&key),
        Maker::Anyone => !is_reserved(&key),
    };
    if free {
        return Ok(());
    }
    problem(
        FieldReason::Reserved,
        format!("The username {username} is reserved on this server. Please choose another."),
    )
}

fn is_reserved(key: &str) -> bool {
    RESERVED.binary_search(&key).is_ok()
}

/// Refuses what cannot be an e-mail address. Whether anyone reads it only a letter could tell.
pub(crate) fn check_email(email: &str) -> Result<(), FieldProblem> {
    let problem = |reason, sentence| Err(FieldProblem::new("email", reason, sentence));
    if email.is_empty() {
        return problem(FieldReason::Blank, "An e-mail address is needed.");
    }
    if email.len() > EMAIL_BYTES_MAX {
        return problem(
            FieldReason::TooLong,
            "The e-mail address is longer than one can be.",
        );
    }
    let plausible = !email.chars().any(|c| c.is_whitespace() || c.is_control())
        && email
            .rsplit_once('@')
            .is_some_and(|(local, domain)| is_local_part(local) && is_domain(domain));
    if plausible {
        return Ok(());
    }
    problem(
        FieldReason::Invalid,
        "The e-mail address does not look like one. It should have the form name@example.org.",
    )
}

fn is_local_part(local: &str) -> bool {
    (1..=EMAIL_LOCAL_BYTES_MAX).contains(&local.len())
        && !local.contains(['@', '"', '<', '>', ',', ';', ':', '\\', '(', ')', '[', ']'])
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
}

pub(super) fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=DOMAIN_LABEL_BYTES_MAX).contains(&label.len())
            // Letters of every script: people write such domains as they read them.
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.contains('.') && domain.split('.').all(is_label)
}

pub(crate) fn check_agreement(agreement: bool) -> Result<(), FieldProblem> {
    if agreement {
        return Ok(());
    }
    Err(FieldProblem::new(
        "agreement",
        FieldReason::NotAccepted,
        "An account needs your agreement to the rules of this server.",
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_reserved_names_are_sorted_and_in_their_form_for_comparing() {
        assert!(RESERVED.is_sorted());
        assert!(RESERVED.iter().all(|name| username_key(name) == **name));
    }

    #[test]
    fn plausible_addresses_are_taken_and_others_refused() {
        let long = format!("{}@example.org", "a".repeat(65));
        for email in [
            "a@b.c",
            "Ada.L+photo@Example.org",
            "ü@bücher.example",
            "a_b'c@x-y.io",
        ] {
            assert!(check_email(email).is_ok(), "`{email}` was refused");
        }
        for email in [
            "",
            "a",
            "a@",
            "@b.c",
            "a@b",
            "a@b..c",
            "a b@c.d",
            "a@b.c ",
            "a@@b.c",
            "a@-b.c",
            ".a@b.c",
            "a..b@c.d",
            "a@b.c\n",
            "a@[127.0.0.1]",
            "<a@b.c>",
            "a,b@c.d",
            &long,
        ] {
            assert!(check_email(email).is_err(), "`{email}` was taken");
        }
    }

    proptest! {
        #[test]
        fn a_username_is_taken_exactly_when_its_form_is_right(text in "[a-zA-Z0-9_é .-]{0,33}") {
            let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let fits = plain && (1..=30).contains(&text.chars().count());
            prop_assert_eq!(check_username(&text, Maker::Operator).is_ok(), fits);
        }

        #[test]
        fn no_text_makes_a_check_panic(text in ".{0,300}") {
            let _ = check_email(&text);
            let _ = check_username(&text, Maker::Anyone);
        }
    }
}
