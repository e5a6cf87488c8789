//! What the doctor finds in the log of events and its subscriptions, in the data folder or on the
//! servers of `bus_url`. It changes nothing there.

use std::sync::Arc;
use std::time::Duration;

use infra_bus::{Bus as _, FollowerFacts, JetStreamFacts, Status, StreamFacts, inspect_jet_stream};
use infra_db::Database;
use infra_domain::Finding;
use infra_kernel::{Clock as _, SystemClock};

use super::{clock_difference, encryption};
use crate::config::Configuration;
use crate::wire::data_folder::causes;
use crate::wire::event_log::open_embedded;

/// A subscription this many events behind is not keeping up.
const BEHIND_MAX: i64 = 10_000;
/// A server of a cluster says something each second. One that has not for so long is away, also
/// while the others do not take it for that yet.
const SILENCE_MAX: Duration = Duration::from_secs(10);

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
    match &facts.stream {
        None => findings.push(Finding::Good(
            "the stream is made at the next start".to_owned(),
        )),
        Some(stream) => findings.extend(of_stream(stream)),
    }
    findings
}

fn of_stream(stream: &StreamFacts) -> Vec<Finding> {
    let keeps = format!(
        "the stream {} keeps {} events, {} KB",
        stream.name,
        stream.events,
        stream.bytes / 1_000
    );
    if stream.replicas == 1 {
        return vec![Finding::Good(format!(
            "{keeps}, on one server: with its disk they are lost, and those of the last `bus.outbox_keep_s` seconds are \
             published again"
        ))];
    }
    let mut findings = vec![kept_by(&keeps, stream)];
    findings.extend(stream.followers.iter().filter_map(follower));
    let missing = stream.replicas.saturating_sub(1 + stream.followers.len());
    if missing > 0 {
        findings.push(Finding::Warning(format!(
            "the stream {} lacks {missing} of its servers: start as many more in the cluster, and they take their places by \
             themselves",
            stream.name
        )));
    }
    findings
}

/// How many servers have all events: the one that takes them, and those that have followed.
fn kept_by(keeps: &str, stream: &StreamFacts) -> Finding {
    let current = stream
        .followers
        .iter()
        .filter(|follower| is_current(follower));
    let (have_all, wanted) = (1 + current.count(), stream.replicas);
    if have_all >= wanted {
        return Finding::Good(format!("{keeps}, on {wanted} servers that all have them"));
    }
    // A majority acknowledges.
    let spare = match have_all.saturating_sub(wanted / 2 + 1) {
        0 => "if one more of those is lost, nothing is published until another has caught up"
            .to_owned(),
        spare => format!("{spare} more of those may be lost before nothing is published"),
    };
    Finding::Warning(format!(
        "{keeps}, for {wanted} servers, of which {have_all} have them all; {spare}"
    ))
}

fn is_current(follower: &FollowerFacts) -> bool {
    follower.is_current && !follower.is_offline
}

/// What to say of a server that follows, if not all is well with it.
fn follower(follower: &FollowerFacts) -> Option<Finding> {
    let name = &follower.name;
    // A leader that was elected since has heard nothing of it at all.
    let heard = follower.last_heard;
    let is_silent = !follower.is_current && (heard.is_zero() || heard > SILENCE_MAX);
    if follower.is_offline || is_silent {
        return Some(Finding::Warning(format!(
            "the NATS server {name} of the stream is away: start it again, and it catches up by \
             itself; if its disk is lost, start a new one of the same name in its place, or take it out with `nats server \
             cluster peer-remove {name}`"
        )));
    }
    (!follower.is_current).then(|| {
        Finding::Warning(format!(
            "the NATS server {name} of the stream is behind by {} operations, and catches up by itself; if that number does \
             not fall, look at its disk, its network and its log",
            follower.lag
        ))
    })
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
