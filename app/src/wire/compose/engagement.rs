//! Composes engagement.

use anyhow::Result;
use async_trait::async_trait;
use business_engagement::{DATABASE, Dependencies, EngagementCore};

use super::{Compose, Wiring};

#[async_trait]
impl Compose for EngagementCore {
    async fn compose(wiring: &Wiring<'_>) -> Result<Self> {
        Ok(Self::new(Dependencies {
            database: wiring.database(&DATABASE)?,
            clock: wiring.clock.clone(),
            ids: wiring.ids.clone(),
            posts: wiring.gateway()?,
            settings: wiring.configuration.engagement.clone(),
        }))
    }
}
