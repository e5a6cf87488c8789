//! Applications and their tokens.

use business_accounts_gateway::{Application as Known, CreateApplicationReply, IssueTokenReply};
use infra_kernel::{ApplicationId, Timestamp};
use presentation_kit::Site;
use schemars::JsonSchema;
use serde::Serialize;

/// An application.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Application {
    id: ApplicationId,
    name: String,
    website: Option<String>,
    scopes: Vec<String>,
    redirect_uris: Vec<String>,
    /// The same, one a line, for old clients.
    redirect_uri: String,
    /// The public key by which push services know this server.
    vapid_key: String,
}

/// An application with its credentials; returned once, when it is registered.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CredentialApplication {
    #[serde(flatten)]
    application: Application,
    client_id: String,
    /// Absent for a public client, which has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    /// 0: it does not expire.
    client_secret_expires_at: u64,
}

/// An access token.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Token {
    access_token: String,
    /// "Bearer"
    token_type: &'static str,
    /// Space separated, as granted.
    scope: String,
    /// Seconds since the Unix epoch.
    created_at: i64,
}

impl Application {
    pub(crate) fn of(site: &Site, application: Known) -> Self {
        Self {
            id: application.id(),
            website: Some(application.website).filter(|website| !website.is_empty()),
            scopes: application
                .scopes
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            redirect_uri: application.redirect_uris.join("\n"),
            redirect_uris: application.redirect_uris,
            name: application.name,
            vapid_key: site.push_key.clone(),
        }
    }
}

impl CredentialApplication {
    pub(crate) fn of(site: &Site, reply: CreateApplicationReply) -> Self {
        let application = reply.application.unwrap_or_default();
        Self {
            client_id: application.client_id.clone(),
            application: Application::of(site, application),
            client_secret: Some(reply.client_secret).filter(|secret| !secret.is_empty()),
            client_secret_expires_at: 0,
        }
    }
}

impl From<IssueTokenReply> for Token {
    fn from(reply: IssueTokenReply) -> Self {
        let created_at = Timestamp::from_microseconds(reply.created_at_us);
        Self {
            access_token: reply.access_token,
            token_type: "Bearer",
            scope: reply.scopes,
            created_at: created_at.milliseconds() / 1_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;
    use crate::entities::status::tests::site;

    #[test]
    fn credentials_come_with_the_application() {
        let reply = CreateApplicationReply {
            application: Some(Known {
                id: 3,
                client_id: "c".into(),
                name: "Toot".into(),
                website: String::new(),
                redirect_uris: vec!["urn:ietf:wg:oauth:2.0:oob".into(), "app://x".into()],
                scopes: "read write".into(),
                public_client: false,
            }),
            client_secret: "s".into(),
        };
        let expected = json!({
            "id": "3", "name": "Toot", "website": null, "scopes": ["read", "write"],
            "redirect_uris": ["urn:ietf:wg:oauth:2.0:oob", "app://x"],
            "redirect_uri": "urn:ietf:wg:oauth:2.0:oob\napp://x", "vapid_key": "BKey=",
            "client_id": "c", "client_secret": "s", "client_secret_expires_at": 0,
        });
        assert_eq!(
            to_value(CredentialApplication::of(&site(), reply)).unwrap(),
            expected
        );
    }

    #[test]
    fn a_token_reports_its_age_in_seconds() {
        let reply = IssueTokenReply {
            access_token: "t".into(),
            scopes: "read".into(),
            created_at_us: 1_772_357_400_125_900,
        };
        assert_eq!(
            to_value(Token::from(reply)).unwrap(),
            json!({"access_token": "t", "token_type": "Bearer", "scope": "read", "created_at": 1_772_357_400})
        );
    }
}
