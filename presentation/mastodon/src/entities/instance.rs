//! This place: what it is called, what it takes, how much of it.

use business_media_gateway::Capabilities;
use business_posts_gateway::PINNED_MAX;
use presentation_kit::Site;
use schemars::JsonSchema;
use serde::Serialize;

use super::Empty;

/// The version of the Mastodon API that is spoken. Clients compare it before they use what is
/// newer.
const API_VERSION: &str = "4.3.0";
/// The same as a number, for clients that look at that.
const API_VERSION_NUMBER: u32 = 2;
/// What a link in a text counts as, as clients count it.
const CHARACTERS_PER_URL: u32 = 23;
/// Where the program's source is, when the build says so.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// "4.3.0 (compatible; Heliograph 0.1.0)": the form that clients read the API's version from.
fn version(site: &Site) -> String {
    format!("{API_VERSION} (compatible; Heliograph {})", site.version)
}

/// Where streams are: clients append the path. Without a text here they crash.
fn streaming_url(site: &Site) -> String {
    let scheme = if site.is_https() { "wss" } else { "ws" };
    format!("{scheme}://{}", site.domain)
}

/// This place, in the older form.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct InstanceV1 {
    uri: String,
    title: String,
    short_description: String,
    description: String,
    /// Never null; empty when there is none.
    email: String,
    version: String,
    urls: UrlsV1,
    stats: Stats,
    thumbnail: String,
    languages: [&'static str; 1],
    registrations: bool,
    approval_required: bool,
    invites_enabled: bool,
    configuration: Configuration,
    contact_account: (),
    rules: Empty,
}

/// Addresses, in the older form.
#[derive(Debug, Serialize, JsonSchema)]
struct UrlsV1 {
    streaming_api: String,
}

/// Counts.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub(crate) struct Stats {
    /// Accounts.
    pub(crate) user_count: u64,
    /// Posts.
    pub(crate) status_count: u64,
    /// Other servers known: none.
    pub(crate) domain_count: u64,
}

/// This place.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct InstanceV2 {
    domain: String,
    title: String,
    version: String,
    source_url: String,
    description: String,
    usage: Usage,
    thumbnail: Thumbnail,
    icon: Empty,
    languages: [&'static str; 1],
    configuration: ConfigurationV2,
    registrations: Registrations,
    api_versions: ApiVersions,
    contact: Contact,
    rules: Empty,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Usage {
    users: Users,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Users {
    /// Accounts; who was here within the month is not counted separately yet.
    active_month: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Thumbnail {
    url: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Registrations {
    enabled: bool,
    approval_required: bool,
    reason_required: bool,
    message: (),
    min_age: (),
    url: (),
}

#[derive(Debug, Serialize, JsonSchema)]
struct ApiVersions {
    mastodon: u32,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Contact {
    /// Never null; empty when there is none.
    email: String,
    account: (),
}

/// Limits, in both forms.
#[derive(Debug, Serialize, JsonSchema)]
struct Configuration {
    accounts: AccountLimits,
    statuses: StatusLimits,
    media_attachments: MediaLimits,
    polls: PollLimits,
}

/// Limits and addresses.
#[derive(Debug, Serialize, JsonSchema)]
struct ConfigurationV2 {
    #[serde(flatten)]
    limits: Configuration,
    urls: UrlsV2,
    vapid: Vapid,
    translation: Translation,
}

#[derive(Debug, Serialize, JsonSchema)]
struct UrlsV2 {
    streaming: String,
    status: (),
    about: (),
    privacy_policy: (),
    terms_of_service: (),
}

/// How push services know this server (RFC 8292).
#[derive(Debug, Serialize, JsonSchema)]
struct Vapid {
    public_key: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Translation {
    enabled: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct AccountLimits {
    max_featured_tags: u32,
    max_pinned_statuses: u32,
}

#[derive(Debug, Serialize, JsonSchema)]
struct StatusLimits {
    max_characters: u32,
    max_media_attachments: u32,
    characters_reserved_per_url: u32,
}

#[derive(Debug, Serialize, JsonSchema)]
struct MediaLimits {
    supported_mime_types: Vec<String>,
    /// Characters of alt text.
    description_limit: u32,
    /// Bytes.
    image_size_limit: u64,
    /// Pixels.
    image_matrix_limit: u64,
    video_size_limit: u64,
    video_frame_rate_limit: u64,
    video_matrix_limit: u64,
}

/// There are no polls yet.
#[derive(Debug, Serialize, JsonSchema)]
struct PollLimits {
    max_options: u32,
    max_characters_per_option: u32,
    min_expiration: u32,
    max_expiration: u32,
}

impl InstanceV1 {
    /// This place, in the older form.
    pub(crate) fn of(site: &Site, stats: Stats, media: Capabilities) -> Self {
        Self {
            uri: site.domain.clone(),
            title: site.title.clone(),
            short_description: site.description.clone(),
            description: site.description.clone(),
            email: site.contact_email.clone(),
            version: version(site),
            urls: UrlsV1 {
                streaming_api: streaming_url(site),
            },
            stats,
            thumbnail: site.default_header_url(),
            languages: ["en"],
            registrations: site.registrations_open,
            approval_required: false,
            invites_enabled: false,
            configuration: Configuration::of(site, media),
            contact_account: (),
            rules: [],
        }
    }
}

impl InstanceV2 {
    pub(crate) fn of(site: &Site, accounts: u64, media: Capabilities) -> Self {
        Self {
            domain: site.domain.clone(),
            title: site.title.clone(),
            version: version(site),
            source_url: source_url(site),
            description: site.description.clone(),
            usage: Usage {
                users: Users {
                    active_month: accounts,
                },
            },
            thumbnail: Thumbnail {
                url: site.default_header_url(),
            },
            icon: [],
            languages: ["en"],
            configuration: ConfigurationV2::of(site, media),
            registrations: Registrations {
                enabled: site.registrations_open,
                approval_required: false,
                reason_required: false,
                message: (),
                min_age: (),
                url: (),
            },
            api_versions: ApiVersions {
                mastodon: API_VERSION_NUMBER,
            },
            contact: Contact {
                email: site.contact_email.clone(),
                account: (),
            },
            rules: [],
        }
    }
}

/// Where the source is; the place's own address when the build does not say, because clients take
/// no null here.
fn source_url(site: &Site) -> String {
    if REPOSITORY.is_empty() {
        site.base_url.clone()
    } else {
        REPOSITORY.to_owned()
    }
}

impl Configuration {
    fn of(site: &Site, media: Capabilities) -> Self {
        Self {
            accounts: AccountLimits {
                max_featured_tags: 0,
                max_pinned_statuses: PINNED_MAX,
            },
            statuses: StatusLimits {
                max_characters: site.post_characters_max,
                max_media_attachments: site.post_media_max,
                characters_reserved_per_url: CHARACTERS_PER_URL,
            },
            media_attachments: MediaLimits {
                supported_mime_types: media.content_types,
                description_limit: media.description_characters_max,
                image_size_limit: media.upload_bytes_max,
                image_matrix_limit: media.pixels_max,
                video_size_limit: 0,
                video_frame_rate_limit: 0,
                video_matrix_limit: 0,
            },
            polls: PollLimits {
                max_options: 0,
                max_characters_per_option: 0,
                min_expiration: 0,
                max_expiration: 0,
            },
        }
    }
}

impl ConfigurationV2 {
    fn of(site: &Site, media: Capabilities) -> Self {
        Self {
            limits: Configuration::of(site, media),
            urls: UrlsV2 {
                streaming: streaming_url(site),
                status: (),
                about: (),
                privacy_policy: (),
                terms_of_service: (),
            },
            vapid: Vapid {
                public_key: site.push_key.clone(),
            },
            translation: Translation { enabled: false },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;
    use crate::entities::status::tests::site;

    fn capabilities() -> Capabilities {
        Capabilities {
            content_types: vec!["image/jpeg".into()],
            upload_bytes_max: 16_000_000,
            pixels_max: 50_000_000,
            description_characters_max: 1_500,
            ..Capabilities::default()
        }
    }

    #[test]
    fn what_clients_crash_without_is_there() {
        let stats = Stats {
            user_count: 2,
            status_count: 3,
            domain_count: 0,
        };
        let v1 = to_value(InstanceV1::of(&site(), stats, capabilities())).unwrap();
        assert_eq!(v1["urls"]["streaming_api"], "ws://p.example");
        assert_eq!(v1["email"], "");
        assert_eq!(v1["version"], "4.3.0 (compatible; Heliograph 0.1.0)");
        assert_eq!(
            v1["stats"],
            json!({"user_count": 2, "status_count": 3, "domain_count": 0})
        );
        let v2 = to_value(InstanceV2::of(&site(), 2, capabilities())).unwrap();
        assert_eq!(v2["contact"]["email"], "");
        assert_eq!(v2["configuration"]["urls"]["streaming"], "ws://p.example");
        assert_eq!(v2["configuration"]["vapid"]["public_key"], "BKey=");
        assert!(v2["source_url"].as_str().unwrap().starts_with("http"));
        assert_eq!(
            v2["configuration"]["media_attachments"],
            json!({
                "supported_mime_types": ["image/jpeg"], "description_limit": 1500, "image_size_limit": 16_000_000,
                "image_matrix_limit": 50_000_000, "video_size_limit": 0, "video_frame_rate_limit": 0,
                "video_matrix_limit": 0,
            })
        );
        assert_eq!(v2["configuration"]["statuses"]["max_media_attachments"], 10);
    }
}
