//! Composes the graph.

use anyhow::Result;
use async_trait::async_trait;
use business_graph::{DATABASE, Dependencies, GraphCore};

use super::{Compose, Wiring};

#[async_trait]
impl Compose for GraphCore {
    async fn compose(wiring: &Wiring<'_>) -> Result<Self> {
        Ok(Self::new(Dependencies {
            database: wiring.database(&DATABASE)?,
            clock: wiring.clock.clone(),
            ids: wiring.ids.clone(),
            accounts: wiring.gateway()?,
            settings: wiring.configuration.graph.clone(),
        }))
    }
}
