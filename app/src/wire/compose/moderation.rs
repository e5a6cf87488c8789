//! Composes moderation.

use anyhow::Result;
use async_trait::async_trait;
use business_moderation::{DATABASE, Dependencies, ModerationCore};

use super::{Compose, Wiring};

#[async_trait]
impl Compose for ModerationCore {
    async fn compose(wiring: &Wiring<'_>) -> Result<Self> {
        Ok(Self::new(Dependencies {
            database: wiring.database(&DATABASE)?,
            clock: wiring.clock.clone(),
            ids: wiring.ids.clone(),
            accounts: wiring.gateway()?,
            posts: wiring.gateway()?,
            settings: wiring.configuration.moderation.clone(),
        }))
    }
}
