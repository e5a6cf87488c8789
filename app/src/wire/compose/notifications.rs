//! Composes notifications.

use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use product_notifications::{DATABASE, Dependencies, NotificationsCore};

use super::{Compose, Wiring};

#[async_trait]
impl Compose for NotificationsCore {
    async fn compose(wiring: &Wiring<'_>) -> Result<Self> {
        Ok(Self::new(Dependencies {
            database: wiring.database(&DATABASE)?,
            clock: wiring.clock.clone(),
            ids: wiring.ids.clone(),
            graph: wiring.gateway()?,
            posts: wiring.gateway()?,
            heard_for: heard_for(wiring.configuration.bus.retention_s),
            settings: wiring.configuration.notifications.clone(),
        }))
    }
}

/// The least time for which it is remembered what was heard: longer than an event is retried,
/// in seconds.
const HEARD_FOR_MIN_S: u64 = 24 * 60 * 60;

/// How long it is remembered what was heard: twice as long as the bus keeps an event, which may
/// wait for redelivery beyond that.
fn heard_for(retention_s: u64) -> Duration {
    Duration::from_secs(retention_s.saturating_mul(2).max(HEARD_FOR_MIN_S))
}
