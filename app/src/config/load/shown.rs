//! What of settings may be shown: passwords may stand in URLs.

/// The settings that are secret all through.
const SECRETS: [&str; 1] = ["s3.secret_access_key"];
/// Of this one the beginning says which it is.
const KEY_ID: &str = "s3.access_key_id";
const KEY_ID_SHOWN: usize = 4;

/// The value of a setting, as TOML writes it, as it may be shown.
pub(super) fn shown(setting: &str, value: String) -> String {
    // As TOML writes it, in either kind of quotes.
    let is_empty = value.trim_matches(['"', '\'']).is_empty();
    if is_empty {
        return value;
    }
    if SECRETS.contains(&setting) {
        return "\"…\"".to_owned();
    }
    if setting == KEY_ID {
        let inside = value.trim_matches(['"', '\'']);
        let begin: String = inside.chars().take(KEY_ID_SHOWN).collect();
        return format!("\"{begin}…\"");
    }
    without_password(value)
}

/// What is wrong with a value, without the value where it is a secret.
pub(super) fn message<'e>(setting: &str, error: &'e toml::de::Error) -> &'e str {
    match SECRETS.contains(&setting) || setting == KEY_ID {
        true => "it is a text in quotes",
        false => error.message(),
    }
}

/// A value as it may be shown: of a URL with an account in it the account's name, and no password,
/// wherever the URL has it.
pub(crate) fn without_password(value: String) -> String {
    let Some((scheme, rest)) = value.split_once("://") else {
        return value;
    };
    // Up to the last one: a password may have signs in it that should have been escaped.
    let (account, rest) = match rest.rsplit_once('@') {
        Some((account, rest)) => {
            let name = account.split(':').next().unwrap_or_default();
            let mask = if account.contains(':') { ":…" } else { "" };
            (format!("{name}{mask}@"), rest)
        }
        None => (String::new(), rest),
    };
    let rest = match rest.split_once("password=") {
        Some((before, password)) => {
            let end = password.find(['&', '"']).unwrap_or(password.len());
            format!("{before}password=…{}", &password[end..])
        }
        None => rest.to_owned(),
    };
    format!("{scheme}://{account}{rest}")
}

/// What is wrong and in which line, without the line itself: it may hold a password.
pub(in crate::config) fn without_excerpt(text: &str, error: &toml::de::Error) -> String {
    let at = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = text.as_bytes()[..at]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1;
    format!("line {line}: {}", error.message())
}
