//! What the doctor finds in the log of events and its subscriptions, in the data folder or on the
//! servers of `bus_url`. It changes nothing there.

use std::sync::Arc;

use infra_bus::{Bus as _, JetStreamFacts, Status, inspect_jet_stream};
use infra_db::Database;
use infra_domain::Finding;
use infra_kernel::{Clock as _, SystemClock};

use super::{clock_difference, encryption};
use crate::config::Configuration;
use crate::wire::data_folder::causes;
use crate::wire::event_log::open_embedded;

/// A subscription this many events behind is not keeping up.
const BEHIND_MAX: i64 = 10_000;

/// Looks at the log. The bus's database is not there before the first start.
pub(super) async fn findings(
    configuration: &Configuration,
    database: Option<Database>,
) -> Vec<Finding> {
    let findings = match (configuration.bus_url.is_empty(), &database) {
        (true, None) => Vec::new(),
        (true, Some(database)) => of_folder(configuration, database).await,
        (false, database) => of_servers(configuration, database.as_ref()).await,
    };
    if let Some(database) = database {
        database.close().await;
    }
    findings
}

async fn of_folder(configuration: &Configuration, database: &Database) -> Vec<Finding> {
    let bus = open_embedded(configuration, database, Arc::new(SystemClock));
    of_subscriptions(bus.statuses().await)
}

async fn of_servers(configuration: &Configuration, database: Option<&Database>) -> Vec<Finding> {
    let (url, settings) = (&configuration.bus_url, &configuration.jetstream);
    let now = SystemClock.now();
    let facts = match inspect_jet_stream(url, settings, database, now).await {
        Ok(facts) => facts,
        Err(error) => {
            return vec![Finding::Problem(format!(
                "`bus_url` leads to no log of events: {}",
                causes(&error)
            ))];
        }
    };
    let mut findings = of_facts(&facts);
    if let (Some(stream), Some(database)) = (&facts.stream, database) {
        findings.extend(of_subscriptions(stream.statuses(database).await));
    }
    findings
}

fn of_facts(facts: &JetStreamFacts) -> Vec<Finding> {
    let version = &facts.version;
    let mut findings = vec![Finding::Good(format!(
        "the NATS server replies; it has version {version}"
    ))];
    findings.push(encryption(
        "the connection to the NATS server",
        facts.encryption,
        "tls:// in `bus_url`",
    ));
    findings.push(match facts.is_synced {
        Some(true) => {
            Finding::Good("it writes events to its disk before it acknowledges them".to_owned())
        }
        Some(false) => Finding::Problem(
            "the NATS server acknowledges events that it has not written to its disk: set `sync_interval: always` in its \
             block `jetstream`"
                .to_owned(),
        ),
        None => Finding::Warning(
            "nobody knows whether the NATS server writes events to its disk before it acknowledges them: set \
             `sync_interval: always` there, and `jetstream.monitor` to where its monitoring listens, which says so"
                .to_owned(),
        ),
    });
    let ahead_us = facts.clock_ahead_us;
    findings.extend(ahead_us.and_then(|ahead_us| clock_difference("the NATS server", ahead_us)));
    findings.push(match &facts.stream {
        None => Finding::Good("the stream is made at the next start".to_owned()),
        Some(stream) if stream.replicas == 1 => Finding::Good(format!(
            "the stream {} keeps {} events, {} KB, on one server: with its disk they are lost, and those of the last \
             `bus.outbox_keep_s` seconds are published again",
            stream.name,
            stream.events,
            stream.bytes / 1_000
        )),
        Some(stream) => Finding::Good(format!(
            "the stream {} keeps {} events, {} KB, on {} servers",
            stream.name,
            stream.events,
            stream.bytes / 1_000,
            stream.replicas
        )),
    });
    findings
}

fn of_subscriptions(statuses: Result<Vec<Status>, impl std::error::Error>) -> Vec<Finding> {
    match statuses {
        Err(error) => vec![Finding::Problem(format!(
            "the events cannot be read: {}",
            causes(&error)
        ))],
        Ok(statuses) => statuses.iter().map(subscription).collect(),
    }
}

fn subscription(status: &Status) -> Finding {
    let name = &status.subscription;
    if status.dead_letters > 0 {
        return Finding::Warning(format!(
            "{name} has given up {} events; look at them with `heliograph bus dead list --subscription {name}`",
            status.dead_letters
        ));
    }
    if status.behind > BEHIND_MAX {
        return Finding::Warning(format!(
            "{name} is {} events behind: is a process with the worker role running, and does `heliograph bus status` say that \
             anybody reads it?",
            status.behind
        ));
    }
    Finding::Good(format!(
        "{name} is {} events behind, {} wait to be tried again",
        status.behind, status.waiting
    ))
}
