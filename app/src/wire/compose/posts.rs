//! Composes the posts.

use anyhow::Result;
use async_trait::async_trait;
use business_posts::{DATABASE, Dependencies, PostsCore};

use super::{Compose, Wiring};

#[async_trait]
impl Compose for PostsCore {
    async fn compose(wiring: &Wiring<'_>) -> Result<Self> {
        Ok(Self::new(Dependencies {
            database: wiring.database(&DATABASE)?,
            clock: wiring.clock.clone(),
            ids: wiring.ids.clone(),
            accounts: wiring.gateway()?,
            media: wiring.gateway()?,
            settings: wiring.configuration.posts.clone(),
        }))
    }
}
