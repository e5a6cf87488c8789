//! Composes the feed.

use anyhow::Result;
use async_trait::async_trait;
use product_feed::{DATABASE, Dependencies, FeedCore};

use super::{Compose, Wiring};

#[async_trait]
impl Compose for FeedCore {
    async fn compose(wiring: &Wiring<'_>) -> Result<Self> {
        Ok(Self::new(Dependencies {
            database: wiring.database(&DATABASE)?,
            clock: wiring.clock.clone(),
            ids: wiring.ids.clone(),
            graph: wiring.gateway()?,
            posts: wiring.gateway()?,
            settings: wiring.configuration.feed.clone(),
        }))
    }
}
