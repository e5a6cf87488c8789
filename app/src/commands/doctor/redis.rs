//! What the doctor finds in the server that `redis_url` names. It changes nothing there.

use infra_domain::Finding;
use infra_kernel::{Clock as _, SystemClock};
use infra_redis::{ConnectError, ServerFacts, inspect};

use super::clock_difference;
use crate::config::Configuration;
use crate::wire::data_folder::causes;

/// Timelines of 800 posts, an eighth more, and what belongs to them.
const LISTPACK_ENTRIES_MIN: u64 = 1_024;

/// Looks at the server, if there is one.
pub(in crate::commands) async fn findings(configuration: &Configuration) -> Vec<Finding> {
    let url = configuration.redis_url.as_str();
    if url.is_empty() {
        return Vec::new();
    }
    match inspect(url, SystemClock.now().microseconds()).await {
        Ok(facts) => of_facts(&facts),
        Err(error) => vec![Finding::Problem(problem(&error))],
    }
}

fn problem(error: &ConnectError) -> String {
    let without = if error.is_transient() {
        "; until it does, each process counts its limits alone, and home timelines are read from the posts"
    } else {
        ""
    };
    format!("{}{without}", causes(error))
}

fn of_facts(facts: &ServerFacts) -> Vec<Finding> {
    let (address, version) = (&facts.address, &facts.version);
    let mut findings = vec![
        Finding::Good(format!("{address} replies; it is Redis {version}")),
        memory(facts),
        persistence(facts),
    ];
    findings.extend(compactness(facts));
    findings.extend(replication(facts));
    findings.extend(clock_difference(address, facts.clock_ahead_us));
    findings
}

/// What happens when its memory is full.
fn memory(facts: &ServerFacts) -> Finding {
    const LOST: &str = "a timeline that is removed is made again, and a count of a limit begins again; those of signing in \
                        are in each process, too";
    let (mebibytes, policy) = (facts.memory_max_bytes >> 20, facts.eviction.as_str());
    match (facts.memory_max_bytes, policy) {
        (0, _) => Finding::Warning(
            "Redis has no bound on its memory, and its machine has: set maxmemory there".to_owned(),
        ),
        (_, "noeviction") => Finding::Good(format!(
            "Redis has {mebibytes} MiB and removes nothing when they are full: then each process counts its limits \
             alone, and no more timelines are kept"
        )),
        (_, "allkeys-lru" | "allkeys-lfu") => Finding::Good(format!(
            "Redis has {mebibytes} MiB and removes what is used least when they are full (maxmemory-policy {policy}): {LOST}"
        )),
        _ => Finding::Warning(format!(
            "Redis has {mebibytes} MiB and removes also what is in use when they are full (maxmemory-policy {policy}): \
             {LOST}. Set allkeys-lru there"
        )),
    }
}

/// Whether timelines take the memory that they should.
fn compactness(facts: &ServerFacts) -> Option<Finding> {
    let entries = facts.listpack_entries_max?;
    (entries < LISTPACK_ENTRIES_MIN).then(|| {
        Finding::Warning(format!(
            "a timeline takes five times the memory that it could (zset-max-listpack-entries is {entries}): set it to \
             {LISTPACK_ENTRIES_MIN} there"
        ))
    })
}

/// Who follows it. Nobody has to.
fn replication(facts: &ServerFacts) -> Option<Finding> {
    let followers = match facts.replicas {
        0 => return None,
        1 => "a replica follows".to_owned(),
        many => format!("{many} replicas follow"),
    };
    Some(Finding::Good(format!(
        "{followers} Redis, which nothing here needs: where one takes its place, timelines are made again"
    )))
}

/// What is left when it is started again. Nothing has to be.
fn persistence(facts: &ServerFacts) -> Finding {
    let written = match (facts.has_append_only_file, facts.has_snapshots) {
        (false, Some(false)) => "keeps nothing on its disk",
        (true, _) => "writes every change to its disk, which nothing here needs",
        (false, Some(true)) => "writes snapshots to its disk, which nothing here needs",
        (false, None) => "does not say whether it writes snapshots, which nothing here needs",
    };
    Finding::Good(format!(
        "Redis {written}: when it is started again, timelines are made again"
    ))
}
