//! Every domain of this process, open over its own database, and the bus between them.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use infra_bus::Bus;
use infra_db::Database;
use infra_domain::{Composed, Domain, GatewayRegistry};
use infra_kernel::{Clock, IdGenerator, SystemClock};
use infra_resilience::Limiter;
use infra_rpc::{Contract, Layers, Method};
use infra_telemetry::CallMetrics;
use presentation_kit::Gateways;
use presentation_kit::happenings::Happenings;

use super::compose::{DOMAINS, Wiring};
use super::databases::{BUS, Databases};
use super::happenings::BusHappenings;
use super::{Topology, event_log, photos, redis};
use crate::config::Configuration;

/// Every domain, its database, and the bus between them.
pub struct Domains {
    pub(super) composed: Vec<Composed>,
    pub(super) bus: Arc<dyn Bus>,
    /// The databases whose outboxes are relayed.
    pub(super) outboxes: Vec<Database>,
    bus_database: Database,
    databases: Databases,
    gateways: GatewayRegistry,
    limiter: Arc<dyn Limiter>,
    of_surfaces: Gateways,
    calls: CallMetrics,
}

impl Domains {
    /// Opens every domain in the data folder and brings their databases up to date.
    ///
    /// # Errors
    /// When a database or the photo folder cannot be opened; the file is named.
    pub async fn open(configuration: &Configuration, topology: &Topology) -> Result<Self> {
        let databases = Databases::open(configuration, topology).await?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let bus_database = databases.get(&BUS)?.clone();
        let bus = event_log::open(configuration, &bus_database, Arc::clone(&clock)).await?;
        let outboxes = databases.outboxes();
        // Also for a command that only asks: without it the timelines would be taken for moved away
        // from Redis, and what is there be forgotten.
        let redis = redis::open(configuration).await?;
        let limiter = redis::limiter(redis.as_ref());
        let calls = CallMetrics::default();
        let mut wiring = Wiring {
            configuration,
            topology,
            databases: &databases,
            blobs: photos::open(configuration).await?,
            ids: start_ids(topology, &clock, &*bus, &outboxes).await?,
            clock: Arc::clone(&clock),
            redis,
            limiter: Arc::clone(&limiter),
            layers: Layers::new(calls.clone()),
            gateways: GatewayRegistry::default(),
        };
        let mut composed = Vec::with_capacity(DOMAINS.len());
        // In the order of the list: a domain finds the gateways of those before it.
        for entry in DOMAINS {
            composed.push((entry.compose)(&mut wiring).await?);
        }
        let gateways = wiring.gateways;
        Ok(Self {
            composed,
            bus,
            outboxes,
            bus_database,
            databases,
            of_surfaces: of_surfaces(&gateways)?,
            gateways,
            limiter,
            calls,
        })
    }

    /// How often each method of each domain was called, with what outcome.
    #[must_use]
    pub const fn calls(&self) -> &CallMetrics {
        &self.calls
    }

    /// The domains as surfaces know them.
    #[must_use]
    pub fn gateways(&self) -> Gateways {
        self.of_surfaces.clone()
    }

    /// What counts limits: the server of `redis_url`, or this process.
    #[must_use]
    pub fn limiter(&self) -> Arc<dyn Limiter> {
        Arc::clone(&self.limiter)
    }

    /// A domain as its callers know it.
    ///
    /// # Errors
    /// When there is no such domain in this program.
    pub fn gateway<G: Contract + ?Sized>(&self) -> Result<Arc<G>> {
        Ok(self.gateways.get()?)
    }

    /// A core, for a command that does what is in no contract.
    pub(crate) fn core<D: Domain>(&self) -> Result<&D> {
        let mut cores = self.composed.iter().filter_map(Composed::downcast_ref);
        cores
            .next()
            .with_context(|| format!("{} is not composed here", D::DATABASE.name))
    }

    /// The bus between the domains, over the log that the configuration names.
    #[must_use]
    pub fn bus(&self) -> &dyn Bus {
        &*self.bus
    }

    /// What happens, as it happens, for surfaces that tell it.
    #[must_use]
    pub fn happenings(&self) -> Arc<dyn Happenings> {
        Arc::new(BusHappenings(Arc::clone(&self.bus)))
    }

    /// The subscriptions that this program runs.
    #[must_use]
    pub fn subscriptions(&self) -> Vec<&'static str> {
        let consumers = self.composed.iter().flat_map(Composed::consumers);
        consumers
            .map(|consumer| consumer.subscription.name)
            .collect()
    }

    /// The bus's own database, for its dead letters.
    #[must_use]
    pub const fn bus_database(&self) -> &Database {
        &self.bus_database
    }

    /// Finishes every write that was handed in and closes the databases, so that each is whole in
    /// its one file.
    pub async fn close(&self) {
        self.databases.close().await;
    }
}

/// Every method of every domain.
pub fn methods() -> impl Iterator<Item = &'static Method> {
    DOMAINS.iter().flat_map(|entry| entry.methods)
}

/// The domains that surfaces show.
fn of_surfaces(gateways: &GatewayRegistry) -> Result<Gateways> {
    Ok(Gateways {
        accounts: gateways.get()?,
        graph: gateways.get()?,
        media: gateways.get()?,
        posts: gateways.get()?,
        engagement: gateways.get()?,
        moderation: gateways.get()?,
        feed: gateways.get()?,
        notifications: gateways.get()?,
    })
}

/// A generator of ids that are larger than every one in an event: the clock may have been put back
/// since.
async fn start_ids(
    topology: &Topology,
    clock: &Arc<dyn Clock>,
    bus: &dyn Bus,
    outboxes: &[Database],
) -> Result<Arc<IdGenerator>> {
    let ids = IdGenerator::new(topology.shard, Arc::clone(clock));
    if let Some(last) = infra_bus::last_event(bus, outboxes).await? {
        ids.start_after(last);
    }
    Ok(Arc::new(ids))
}
