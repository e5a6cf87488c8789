//! What a surface is handed by the composition.

use std::ops::Deref;
use std::sync::Arc;

use business_accounts_gateway::Accounts;
use business_engagement_gateway::Engagement;
use business_graph_gateway::Graph;
use business_media_gateway::Media;
use business_moderation_gateway::Moderation;
use business_posts_gateway::Posts;
use product_feed_gateway::Feed;
use product_notifications_gateway::Notifications;

use crate::rate::RateLimits;
use crate::reader::Reader;
use crate::signature::Signer;
use crate::waits::Waits;

/// The domains, each by its gateway: in this process or in another.
#[derive(Clone)]
pub struct Gateways {
    /// Identities, sessions, applications.
    pub accounts: Arc<dyn Accounts>,
    /// Follows, and how two accounts stand to one another.
    pub graph: Arc<dyn Graph>,
    /// Uploads, their renditions, and the bytes of both.
    pub media: Arc<dyn Media>,
    /// Posts, the conversations that they form, and hashtags.
    pub posts: Arc<dyn Posts>,
    /// Who likes which post, and what each account has bookmarked.
    pub engagement: Arc<dyn Engagement>,
    /// Reports, and the cases that moderators look after.
    pub moderation: Arc<dyn Moderation>,
    /// Home timelines, as ids: what is at them, the posts domain knows.
    pub feed: Arc<dyn Feed>,
    /// What each account was told, and how far it has read.
    pub notifications: Arc<dyn Notifications>,
}

/// What this place is called and where it is found.
#[derive(Debug, Clone)]
pub struct Site {
    /// The public address, without a slash at the end: `https://photos.example`.
    pub base_url: String,
    /// The public address's host, with its port when it is not the scheme's own: "photos.example".
    pub domain: String,
    /// The name of the place.
    pub title: String,
    /// A sentence or two about it.
    pub description: String,
    /// How to reach who runs it; may be empty.
    pub contact_email: String,
    /// Whether anyone may sign up.
    pub registrations_open: bool,
    /// The program's version, as clients are told it: "0.1.0".
    pub version: String,
    /// The most characters of a post's text.
    pub post_characters_max: u32,
    /// The most media items of a post.
    pub post_media_max: u32,
    /// The public key by which push services know this server, as clients are told it.
    pub push_key: String,
    /// Signs the addresses of what not everyone may see.
    pub signer: Signer,
}

impl Site {
    /// Whether the public address is https, so that cookies may insist on it.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.base_url.starts_with("https://")
    }
}

/// The state of every surface. Cheap to clone: each request takes its own.
#[derive(Clone)]
pub struct Surface(Arc<Parts>);

/// What a surface consists of.
pub struct Parts {
    /// The gateways of all domains.
    pub gateways: Gateways,
    /// What this place is called.
    pub site: Arc<Site>,
    /// Reads posts and people by the rules; its caches are shared by all requests.
    pub reader: Reader,
    /// How often an account or an address may call.
    pub limits: RateLimits,
    /// The requests that wait for something other than their client.
    pub waits: Waits,
}

impl Surface {
    /// A surface over these domains, with the bounds' defaults.
    #[must_use]
    pub fn new(gateways: Gateways, site: Site) -> Self {
        Self::with_bounds(gateways, site, RateLimits::default(), Waits::default())
    }

    /// A surface over these domains.
    #[must_use]
    pub fn with_bounds(gateways: Gateways, site: Site, limits: RateLimits, waits: Waits) -> Self {
        let reader = Reader::new(gateways.clone());
        Self(Arc::new(Parts {
            gateways,
            site: Arc::new(site),
            reader,
            limits,
            waits,
        }))
    }
}

impl Deref for Surface {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
