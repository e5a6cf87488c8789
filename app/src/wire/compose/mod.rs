//! The list of domains, and how each is made from what it stands on. Only the files of this folder
//! name a core.

mod accounts;
mod engagement;
mod feed;
mod graph;
mod media;
mod moderation;
mod notifications;
mod posts;

use std::sync::Arc;

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use business_accounts::AccountsCore;
use business_engagement::EngagementCore;
use business_graph::GraphCore;
use business_media::MediaCore;
use business_moderation::ModerationCore;
use business_posts::PostsCore;
use infra_blob::BlobStore;
use infra_db::{BoxFuture, Database, DbError};
use infra_domain::{Composed, DatabaseSpec, Domain, Finding, GatewayRegistry, NamedBlob};
use infra_kernel::{Clock, IdGenerator};
use infra_redis::Redis;
use infra_resilience::Limiter;
use infra_rpc::{Contract, Layers, Method};
use product_feed::FeedCore;
use product_notifications::NotificationsCore;

pub(crate) use feed::LIBRARY as FEED_LIBRARY;

use super::Topology;
use super::databases::Databases;
use crate::config::Configuration;

/// Every domain, in the order in which they are composed: each after those whose gateways it calls.
pub(crate) static DOMAINS: &[Entry] = &[
    Entry::of::<AccountsCore>(),
    Entry::of::<GraphCore>(),
    Entry::of::<MediaCore>(),
    Entry::of::<PostsCore>(),
    Entry::of::<FeedCore>(),
    Entry::of::<EngagementCore>(),
    Entry::of::<NotificationsCore>(),
    Entry::of::<ModerationCore>(),
];

/// How a core is made.
#[async_trait]
trait Compose: Domain {
    /// The domain over what it stands on.
    async fn compose(wiring: &Wiring<'_>) -> Result<Self>;
}

/// A domain as the list knows it: without its type, which stays in here.
pub(crate) struct Entry {
    pub(crate) database: &'static DatabaseSpec,
    pub(super) methods: &'static [Method],
    pub(super) compose: ComposeFn,
    pub(crate) check: CheckFn<Vec<Finding>>,
    pub(crate) has_blobs: CheckFn<bool>,
    pub(crate) named_blobs: NamedBlobsFn,
}

type ComposeFn = for<'w> fn(&'w mut Wiring<'_>) -> BoxFuture<'w, Result<Composed>>;
type NamedBlobsFn =
    for<'d> fn(&'d Database, String, i64) -> BoxFuture<'d, Result<Vec<NamedBlob>, DbError>>;
type CheckFn<T> = for<'d> fn(&'d Database) -> BoxFuture<'d, Result<T, DbError>>;

impl Entry {
    const fn of<D: Compose>() -> Self {
        Self {
            database: D::DATABASE,
            methods: <D::Gateway as Contract>::METHODS,
            compose: |wiring| {
                Box::pin(async move {
                    let domain = D::compose(wiring).await;
                    let name = D::DATABASE.name;
                    let domain = domain.with_context(|| format!("{name} cannot be opened"))?;
                    wiring.add_gateway(D::DATABASE, domain.gateway())?;
                    Ok(Composed::new(domain))
                })
            },
            check: |database| D::check(database),
            has_blobs: |database| D::has_blobs(database),
            named_blobs: |database, after, limit| {
                Box::pin(async move { D::named_blobs(database, &after, limit).await })
            },
        }
    }
}

/// What domains are made of.
pub(super) struct Wiring<'a> {
    pub(super) configuration: &'a Configuration,
    pub(super) topology: &'a Topology,
    pub(super) databases: &'a Databases,
    pub(super) blobs: Arc<dyn BlobStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<IdGenerator>,
    /// Where timelines are kept, if not in a database.
    pub(super) redis: Option<Redis>,
    /// What counts limits, one for all domains.
    pub(super) limiter: Arc<dyn Limiter>,
    pub(super) layers: Layers,
    /// The gateways of the domains that are composed so far, in their layers.
    pub(super) gateways: GatewayRegistry,
}

impl Wiring<'_> {
    /// A domain's own database.
    fn database(&self, spec: &DatabaseSpec) -> Result<Database> {
        self.databases.get(spec).cloned()
    }

    /// The gateway of another domain, which stands before this one in the list.
    fn gateway<G: Contract + ?Sized>(&self) -> Result<Arc<G>> {
        Ok(self.gateways.get()?)
    }

    /// Lets the next domains call this one, or the one of its kind that lives elsewhere. Everyone
    /// calls everyone through the layers, also within this process. One that lives elsewhere knows
    /// of its own lease.
    fn add_gateway<G: Contract + ?Sized>(
        &mut self,
        spec: &DatabaseSpec,
        local: Arc<G>,
    ) -> Result<()> {
        // A remote one in place of the local one, so that nobody calls both.
        let layered = match self.topology.remote.find() {
            Some(remote) => G::layered(remote, &self.layers),
            None => {
                let lease = self.databases.get(spec)?.lease();
                G::layered(local, &self.layers.under(lease))
            }
        };
        Ok(self.gateways.insert(layered)?)
    }
}
