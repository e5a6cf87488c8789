//! The table `[s3]`: how the bucket that `media_url` names is reached, and with whose keys.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::location::S3Problem;

/// How the bucket that `media_url` names is reached.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct S3Settings {
    /// The server, `https://s3.example.org` or `http://127.0.0.1:8333`. Empty: Amazon's.
    pub endpoint: String,
    /// The region that requests are signed for, "eu-central-1". Empty: what the variable AWS_REGION
    /// or AWS_DEFAULT_REGION says; else, with an endpoint, us-east-1.
    pub region: String,
    /// Where requests name the bucket: "path" (https://host/bucket), "virtual"
    /// (`https://bucket.host`), or "auto": the first with an endpoint, the second without.
    pub style: S3Style,
    /// The public half of the key. Where neither half is set, they are what the variables
    /// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY say.
    pub access_key_id: String,
    /// The secret half.
    pub secret_access_key: Secret,
    /// Whether the endpoint may be `http://` on another machine: photos travel without encryption
    /// then. On this machine it always may.
    pub plain_http: bool,
}

/// Where requests name the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum S3Style {
    /// In the path with an endpoint, in the host's name without.
    #[default]
    Auto,
    /// In the path, `https://host/bucket`: what most servers of one's own want.
    Path,
    /// In the host's name.
    Virtual,
}

/// A text that is shown nowhere.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The secret text: for whom it is for, never for a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("…")
    }
}

/// Whose requests they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Credentials {
    /// The public half of the key.
    pub access_key_id: String,
    /// The secret half, with which requests are signed.
    pub secret_access_key: Secret,
}

impl S3Credentials {
    /// The key that the settings have.
    ///
    /// # Errors
    /// The setting that is missing, and what to do.
    pub fn of(settings: &S3Settings) -> Result<Self, S3Problem> {
        for (setting, value, other) in [
            (
                "s3.access_key_id",
                settings.access_key_id.as_str(),
                "s3.secret_access_key",
            ),
            (
                "s3.secret_access_key",
                settings.secret_access_key.expose(),
                "s3.access_key_id",
            ),
        ] {
            if value.is_empty() {
                let problem = format!(
                    "it is not set: the bucket of media_url takes requests with a key; set it and {other}, or both of \
                     the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
                );
                return Err((setting, problem));
            }
        }
        Ok(Self {
            access_key_id: settings.access_key_id.clone(),
            secret_access_key: settings.secret_access_key.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_two_halves_and_shows_neither_by_itself() {
        let mut settings = S3Settings::default();
        assert_eq!(
            S3Credentials::of(&settings).unwrap_err().0,
            "s3.access_key_id"
        );
        settings.access_key_id = "ada".to_owned();
        assert_eq!(
            S3Credentials::of(&settings).unwrap_err().0,
            "s3.secret_access_key"
        );
        settings.secret_access_key = Secret::from("tulip".to_owned());
        let credentials = S3Credentials::of(&settings).unwrap();
        assert_eq!(credentials.secret_access_key.expose(), "tulip");
        assert!(!format!("{settings:?} {credentials:?}").contains("tulip"));
    }
}
