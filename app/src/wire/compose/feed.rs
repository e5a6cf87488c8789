//! Composes the feed.

use anyhow::Result;
use async_trait::async_trait;
use infra_redis::Library;
use product_feed::{DATABASE, Dependencies, FeedCore};

use super::{Compose, Wiring};

/// The functions of the feed on Redis.
pub(crate) const LIBRARY: Library = product_feed::LIBRARY;

#[async_trait]
impl Compose for FeedCore {
    async fn compose(wiring: &Wiring<'_>) -> Result<Self> {
        let core = Self::open(Dependencies {
            database: wiring.database(&DATABASE)?,
            clock: wiring.clock.clone(),
            ids: wiring.ids.clone(),
            graph: wiring.gateway()?,
            posts: wiring.gateway()?,
            redis: wiring.redis.clone(),
            settings: wiring.configuration.feed.clone(),
        });
        Ok(core.await?)
    }
}
