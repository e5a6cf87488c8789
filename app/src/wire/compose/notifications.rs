//! Composes notifications.

use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use product_notifications::{DATABASE, Dependencies, NotificationsCore};

use super::{Compose, Wiring};
use crate::config::Configuration;

#[async_trait]
impl Compose for NotificationsCore {
    async fn compose(wiring: &Wiring<'_>) -> Result<Self> {
        Ok(Self::new(Dependencies {
            database: wiring.database(&DATABASE)?,
            clock: wiring.clock.clone(),
            ids: wiring.ids.clone(),
            accounts: wiring.gateway()?,
            graph: wiring.gateway()?,
            posts: wiring.gateway()?,
            heard_for: heard_for(wiring.configuration.bus.retention_s),
            settings: wiring.configuration.notifications.clone(),
            outbound: wiring.configuration.outbound,
            push_contact: push_contact(wiring.configuration),
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

/// Whom push services may write to, if this server sends them too much (RFC 8292): the operator, or
/// else the public address. One without either has no push service that it could reach by name.
fn push_contact(configuration: &Configuration) -> String {
    let email = configuration.instance.contact_email.trim();
    match (email, configuration.base_url.trim_end_matches('/')) {
        ("", "") => "https://localhost".to_owned(),
        ("", base_url) => base_url.to_owned(),
        (email, _) => format!("mailto:{email}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn push_services_learn_whom_to_write_to() {
        let mut configuration = Configuration::default();
        assert_eq!(push_contact(&configuration), "https://localhost");
        configuration.base_url = "https://photos.example/".to_owned();
        assert_eq!(push_contact(&configuration), "https://photos.example");
        configuration.instance.contact_email = "ada@photos.example".to_owned();
        assert_eq!(push_contact(&configuration), "mailto:ada@photos.example");
    }
}
