//! What an application asks for, and whether it may.

use business_accounts_gateway::{Application, Scopes};
use infra_kernel::{Error, Result};
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;

use crate::respond::QUERY_VALUE;

/// The redirect address of applications that have none: the code is shown to be copied.
pub(super) const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";
/// What an application gets that asks for nothing in particular.
const SCOPES_DEFAULT: &str = "read";

/// The parameters of RFC 6749, 4.1.1 and RFC 7636, 4.3.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    pub(super) response_type: String,
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    scope: String,
    pub(super) state: String,
    pub(super) code_challenge: String,
    pub(super) code_challenge_method: String,
}

/// Why an application does not get what it asks for, in OAuth's words and in ours.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) error: &'static str,
    pub(super) text: String,
}

impl Refusal {
    pub(super) fn denied() -> Self {
        Self {
            error: "access_denied",
            text: "The person said no.".to_owned(),
        }
    }
}

impl Asked {
    /// The scopes that are asked for, separated by spaces.
    pub(super) fn scopes(&self) -> &str {
        if self.scope.trim().is_empty() {
            SCOPES_DEFAULT
        } else {
            &self.scope
        }
    }

    /// Whether the browser may be sent where the application says.
    pub(super) fn check_redirect(&self, application: &Application) -> Result<()> {
        if application.redirect_uris.contains(&self.redirect_uri) {
            return Ok(());
        }
        let text = "The app wants you sent to an address that it has not registered here, so nothing was done. \
                    If you trust it, remove the account from the app and add it again.";
        Err(Error::invalid("redirect_uri", text))
    }

    /// Whether the rest is as it should be; returns the scopes that can be granted, which may be
    /// fewer than were asked for.
    pub(super) fn check(&self, application: &Application) -> Result<Scopes, Refusal> {
        let refuse = |error, text: String| Err(Refusal { error, text });
        if self.response_type != "code" {
            return refuse(
                "unsupported_response_type",
                "Only `response_type=code` is taken.".to_owned(),
            );
        }
        let challenge_fits = self.code_challenge.is_empty() || self.code_challenge_method == "S256";
        if !challenge_fits {
            return refuse(
                "invalid_request",
                "Only `S256` is taken as the `code_challenge_method`.".to_owned(),
            );
        }
        if application.public_client && self.code_challenge.is_empty() {
            return refuse(
                "invalid_request",
                "The app keeps no secret here, so it must send a `code_challenge` (PKCE)."
                    .to_owned(),
            );
        }
        let asked = match Scopes::parse(self.scopes()) {
            Ok(scopes) => scopes,
            Err(unknown) => return refuse("invalid_scope", format!("{unknown}.")),
        };
        // What cannot be read allows nothing.
        let registered = Scopes::parse(&application.scopes).unwrap_or(Scopes::NONE);
        if !registered.cover_all(asked) {
            return refuse(
                "invalid_scope",
                format!("The app is registered for `{}` only.", application.scopes),
            );
        }
        let granted = asked.grantable();
        if granted.is_empty() {
            return refuse(
                "invalid_scope",
                format!("Nobody grants `{asked}` on this server."),
            );
        }
        Ok(granted)
    }

    /// The same parameters as a form's fields.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        [
            ("response_type", &self.response_type),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("scope", &self.scope),
            ("state", &self.state),
            ("code_challenge", &self.code_challenge),
            ("code_challenge_method", &self.code_challenge_method),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name, value.clone()))
        .collect()
    }
}

/// The application's address with a response in its query; pairs without a value are left out.
pub(super) fn back_to(redirect_uri: &str, pairs: &[(&str, &str)]) -> String {
    let (address, fragment) = redirect_uri
        .split_once('#')
        .map_or((redirect_uri, None), |(a, f)| (a, Some(f)));
    let mut address = address.to_owned();
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        let glue = match address.find('?') {
            None => "?",
            Some(at) if at + 1 == address.len() || address.ends_with('&') => "",
            Some(_) => "&",
        };
        address.push_str(&format!(
            "{glue}{name}={}",
            utf8_percent_encode(value, QUERY_VALUE)
        ));
    }
    if let Some(fragment) = fragment {
        address.push('#');
        address.push_str(fragment);
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application() -> Application {
        Application {
            name: "Ivory".into(),
            redirect_uris: vec![
                "ivory://back".into(),
                "https://app.example/back?a=1".into(),
                OUT_OF_BAND.into(),
            ],
            scopes: "read write:media".into(),
            ..Application::default()
        }
    }

    fn asked() -> Asked {
        Asked {
            response_type: "code".into(),
            client_id: "1".into(),
            redirect_uri: "ivory://back".into(),
            ..Asked::default()
        }
    }

    #[test]
    fn only_a_registered_address_is_gone_back_to() {
        assert!(asked().check_redirect(&application()).is_ok());
        for address in [
            "ivory://back/",
            "ivory://backdoor",
            "https://evil.example",
            "",
            "IVORY://back",
        ] {
            let asked = Asked {
                redirect_uri: address.into(),
                ..asked()
            };
            assert_eq!(
                asked.check_redirect(&application()).unwrap_err().field(),
                Some("redirect_uri"),
                "{address}"
            );
        }
    }

    #[test]
    fn what_is_asked_is_held_against_what_is_registered() {
        let check = |change: fn(&mut Asked)| {
            let mut asked = asked();
            change(&mut asked);
            asked.check(&application()).map_err(|refusal| refusal.error)
        };
        assert!(check(|_| ()).is_ok());
        assert!(check(|asked| asked.scope = "read:accounts write:media".into()).is_ok());
        assert_eq!(
            check(|asked| asked.scope = "write".into()),
            Err("invalid_scope")
        );
        assert_eq!(
            check(|asked| asked.scope = "admin:read".into()),
            Err("invalid_scope")
        );
        assert_eq!(
            check(|asked| asked.response_type = "token".into()),
            Err("unsupported_response_type")
        );
        let plain = check(|asked| {
            (asked.code_challenge, asked.code_challenge_method) = ("x".into(), "plain".into());
        });
        assert_eq!(plain, Err("invalid_request"));
    }

    #[test]
    fn a_response_goes_into_the_query() {
        assert_eq!(
            back_to("ivory://back", &[("code", "a b"), ("state", "")]),
            "ivory://back?code=a%20b"
        );
        assert_eq!(
            back_to(
                "https://app.example/back?a=1",
                &[("code", "x"), ("state", "y&z")]
            ),
            "https://app.example/back?a=1&code=x&state=y%26z"
        );
        assert_eq!(
            back_to("https://app.example/#there", &[("code", "x")]),
            "https://app.example/?code=x#there"
        );
    }
}
