//! Composes the accounts.

use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use business_accounts::{AccountsCore, DATABASE, Dependencies};

use super::{Compose, Wiring};
use crate::config::Configuration;

#[async_trait]
impl Compose for AccountsCore {
    async fn compose(wiring: &Wiring<'_>) -> Result<Self> {
        let core = Self::new(Dependencies {
            database: wiring.database(&DATABASE)?,
            clock: wiring.clock.clone(),
            ids: wiring.ids.clone(),
            limiter: Arc::clone(&wiring.limiter),
            settings: wiring.configuration.accounts.clone(),
            site_names: site_names(wiring.configuration),
        })?;
        Ok(core)
    }
}

/// What the place is called, which no password may be: its title and its domain.
fn site_names(configuration: &Configuration) -> Vec<String> {
    let host = configuration
        .base_url
        .rsplit('/')
        .find(|part| !part.is_empty());
    let names = [
        configuration.instance.title.as_str(),
        host.unwrap_or_default(),
    ];
    names.map(str::to_owned).to_vec()
}
