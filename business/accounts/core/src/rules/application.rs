//! What a client application may register.

use business_accounts_gateway::{CreateApplicationRequest, Scope, Scopes, fields};

use crate::error::AccountsError;

/// The address that means "show the code to the person, who types it in".
pub(crate) const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";
/// The most characters of an application's name.
const NAME_CHARACTERS_MAX: usize = 60;
/// The most bytes of a web or redirect address.
const ADDRESS_BYTES_MAX: usize = 2_000;
/// The most redirect addresses of an application.
const REDIRECT_URIS_MAX: usize = 10;
/// The most bytes of its redirect addresses together: anyone may register, and they are most of
/// what is kept. Two of the longest, and a dozen times what clients send.
const REDIRECT_BYTES_MAX: usize = 2 * ADDRESS_BYTES_MAX;
/// Schemes that a browser would run, show or open by itself instead of handing it to an
/// application.
const REFUSED_SCHEMES: [&str; 16] = [
    "about",
    "blob",
    "chrome",
    "data",
    "file",
    "filesystem",
    "ftp",
    "javascript",
    "jar",
    "mailto",
    "resource",
    // But for the one that is named above.
    "urn",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];
/// What an application may do that asked for nothing in particular.
const SCOPES_DEFAULT: Scopes = Scopes::of(&[Scope::READ]);

/// Checks a registration and returns its scopes.
pub(crate) fn check(request: &CreateApplicationRequest) -> Result<Scopes, AccountsError> {
    check_name(&request.name)?;
    check_website(&request.website)?;
    let uris = &request.redirect_uris;
    if !(1..=REDIRECT_URIS_MAX).contains(&uris.len()) {
        return Err(AccountsError::invalid(
            fields::REDIRECT_URI,
            format!("An application needs 1 to {REDIRECT_URIS_MAX} redirect addresses."),
        ));
    }
    for uri in uris {
        check_redirect_uri(uri)?;
    }
    check_redirect_bytes(uris)?;
    scopes_or_default(&request.scopes)
}

fn check_redirect_bytes(uris: &[String]) -> Result<(), AccountsError> {
    let bytes: usize = uris.iter().map(String::len).sum();
    if bytes <= REDIRECT_BYTES_MAX {
        return Ok(());
    }
    Err(AccountsError::invalid(
        fields::REDIRECT_URI,
        format!(
            "The redirect addresses (redirect_uris) may be {REDIRECT_BYTES_MAX} bytes long together and have {bytes}."
        ),
    ))
}

/// The scopes that a text names, or the default when it names none. Some of them may be granted to
/// nobody.
fn scopes_or_default(text: &str) -> Result<Scopes, AccountsError> {
    let scopes = Scopes::parse(text).map_err(|unknown| {
        AccountsError::invalid(
            fields::SCOPE,
            format!("{unknown}. Ask for read, write or others that it has."),
        )
    })?;
    Ok(if scopes.is_empty() {
        SCOPES_DEFAULT
    } else {
        scopes
    })
}

/// What an application gets that asks for these scopes: all of them must be registered, and those
/// that nobody grants are left out.
pub(crate) fn granted(asked: &str, registered: Scopes) -> Result<Scopes, AccountsError> {
    let asked = scopes_or_default(asked)?;
    check_within(asked, registered)?;
    let granted = asked.grantable();
    if granted.is_empty() {
        return Err(AccountsError::invalid(
            fields::SCOPE,
            format!("Nobody grants these scopes here: {asked}. Ask for read or write, too."),
        ));
    }
    Ok(granted)
}

fn check_within(asked: Scopes, registered: Scopes) -> Result<(), AccountsError> {
    let beyond: Scopes = asked
        .iter()
        .filter(|scope| !registered.cover(*scope))
        .collect();
    if beyond.is_empty() {
        return Ok(());
    }
    Err(AccountsError::invalid(
        fields::SCOPE,
        format!(
            "The application did not register these scopes: {beyond}. It registered: {registered}."
        ),
    ))
}

fn check_name(name: &str) -> Result<(), AccountsError> {
    let characters = name.trim().chars().count();
    if (1..=NAME_CHARACTERS_MAX).contains(&characters) && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(AccountsError::invalid(
        "client_name",
        format!(
            "The application's name must be one line of 1 to {NAME_CHARACTERS_MAX} characters."
        ),
    ))
}

fn check_website(website: &str) -> Result<(), AccountsError> {
    let fits = website.is_empty() || (is_plain(website) && is_web(website));
    if fits {
        return Ok(());
    }
    Err(AccountsError::invalid(
        "website",
        "The application's website must be an address that begins with https:// or http://, or empty.",
    ))
}

fn check_redirect_uri(uri: &str) -> Result<(), AccountsError> {
    // A redirect address has no fragment (RFC 6749, 3.1.2).
    if uri == OUT_OF_BAND || (is_plain(uri) && !uri.contains('#') && leads_to_an_application(uri)) {
        return Ok(());
    }
    Err(AccountsError::invalid(
        fields::REDIRECT_URI,
        format!(
            "A redirect address must be {OUT_OF_BAND}, or begin with https://, http:// or a scheme of the \
             application's own, and hold no spaces and no #."
        ),
    ))
}

/// Whether it is short and of the characters that an address is written in (RFC 3986, 2).
fn is_plain(uri: &str) -> bool {
    let refused = |byte: u8| !byte.is_ascii_graphic() || b"\"<>\\^`{|}".contains(&byte);
    uri.len() <= ADDRESS_BYTES_MAX && !uri.bytes().any(refused)
}

fn leads_to_an_application(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return false;
    };
    // RFC 3986, 3.1.
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let scheme = scheme.to_ascii_lowercase();
    match scheme.as_str() {
        "http" | "https" => is_web(uri),
        other => is_scheme && !rest.is_empty() && !REFUSED_SCHEMES.contains(&other),
    }
}

/// Whether it is an http or https address with a host and no user name before it.
fn is_web(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // Written as browsers write an origin, so that a page can name where it leads and allow just
    // that.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]_".contains(&byte);
    let known = matches!(scheme, "http" | "https");
    known && !authority.is_empty() && !authority.starts_with(':') && authority.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn redirect_addresses_of_real_clients_are_taken() {
        for uri in [
            OUT_OF_BAND,
            "https://elk.example/api/elk.example/oauth/photos.example?origin=https%3A%2F%2Felk.example",
            "http://127.0.0.1:8080/callback",
            "http://localhost/",
            "https://[2001:db8::1]/back",
            "ivory://oauth",
            "com.tapbots.Ivory:/request_token/x",
            "mastodon-android-auth://callback",
            "icecubesapp://",
        ] {
            assert!(check_redirect_uri(uri).is_ok(), "`{uri}` was refused");
        }
    }

    #[test]
    fn what_a_browser_would_run_or_misread_is_refused() {
        for uri in [
            "",
            "/callback",
            "example.org/callback",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            " javascript:alert(1)",
            "java\tscript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "urn:ietf:wg:oauth:2.0:oob:auto",
            "https://example.org/#fragment",
            "ivory://oauth#x",
            "https://",
            "https:///path",
            "https:example.org",
            "https://:443/",
            "https://good.example@evil.example/",
            "https://example.org/a b",
            "https://example.org/\n",
            "https://bücher.example/",
            // Each of these would say more in a Content-Security-Policy than one origin.
            "https://good.example;script-src/",
            "https://good.example,evil.example/",
            "https://*.example/",
            "https://'self'/",
            "https://b%C3%BCcher.example/",
            "1app://x",
            "app:",
            "://x",
        ] {
            assert!(check_redirect_uri(uri).is_err(), "`{uri}` was taken");
        }
        let long = format!("https://example.org/{}", "x".repeat(2_000));
        assert!(check_redirect_uri(&long).is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_taken_can_stand_in_a_header_and_runs_nothing(uri in "(javascript|data|https|app)?:?/{0,2}.{0,40}") {
            if check_redirect_uri(&uri).is_ok() {
                prop_assert!(uri.bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert!(!uri.starts_with("javascript") || !uri.starts_with("javascript:"));
                prop_assert!(!uri.starts_with("data:"));
            }
        }
    }
}
