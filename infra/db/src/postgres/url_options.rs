//! What a URL says of encryption, as far as it can be kept.

use std::fs::File;

use percent_encoding::percent_decode_str;

/// What libpq calls its parameters.
const MODE: &str = "sslmode";
const ROOT: &str = "sslrootcert";

/// Refuses what would be less than it seems: the driver takes some words of libpq and does
/// something else.
pub(super) fn check_encryption(url: &str) -> Result<(), String> {
    let parameters = parameters(url);
    let find = |wanted: &str| {
        let mut found = parameters.iter().filter(|(name, _)| name == wanted);
        found.next().map(|(_, value)| value.as_str())
    };
    let mode = find(MODE);
    match mode {
        Some("allow") => {
            return Err(
                "sslmode=allow would not encrypt anything: say disable or prefer".to_owned(),
            );
        }
        // The driver would accept what any public authority has certified, for whatever name.
        Some("verify-ca") => {
            return Err("sslmode=verify-ca does not look at names: say verify-full".to_owned());
        }
        _ => {}
    }
    if find(ROOT).is_some() && mode != Some("verify-full") {
        return Err("sslrootcert is looked at with sslmode=verify-full only".to_owned());
    }
    for name in [ROOT, "sslcert", "sslkey"] {
        let Some(path) = find(name) else { continue };
        if let Err(error) = File::open(path) {
            return Err(format!("{path}, its {name}, cannot be read: {error}"));
        }
    }
    Ok(())
}

fn parameters(url: &str) -> Vec<(String, String)> {
    let (_, query) = url.split_once('?').unwrap_or_default();
    let query = query.split('#').next().unwrap_or_default();
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let parameters = query.split('&').map(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        (decoded(name), decoded(value))
    });
    parameters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_less_than_it_seems_is_refused() {
        for (query, words) in [
            ("sslmode=verify-ca", "verify-full"),
            ("sslmode=allow", "prefer"),
            ("sslmode=require&sslrootcert=/etc/hostname", "verify-full"),
            ("sslrootcert=/etc/hostname", "verify-full"),
            (
                "sslmode=verify-full&sslrootcert=/no/such%20file",
                "/no/such file",
            ),
            ("sslmode=verify-full&sslkey=/no/such", "sslkey"),
        ] {
            let refused = check_encryption(&format!("postgres://one/photos?{query}"));
            let refused = refused.unwrap_err();
            assert!(refused.contains(words), "{query}: {refused}");
        }
        for good in ["", "?sslmode=verify-full", "?sslmode=disable#x", "?a=b"] {
            check_encryption(&format!("postgres://one/photos{good}")).unwrap();
        }
    }
}
