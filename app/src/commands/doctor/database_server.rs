//! What the doctor finds in the server that `database_url` names. It changes nothing there.

use infra_db::{DbError, ReplicaFacts, ServerFacts, inspect_postgres, inspect_replicas};
use infra_domain::Finding;
use infra_kernel::{Clock as _, SystemClock};

use super::{clock_difference, encryption};
use crate::config::Configuration;
use crate::wire::data_folder::causes;

/// Looks at the server, if there is one.
pub(in crate::commands) async fn findings(configuration: &Configuration) -> Vec<Finding> {
    let url = configuration.database_url.as_str();
    if url.is_empty() {
        return Vec::new();
    }
    let mut findings = match inspect_postgres(url, SystemClock.now().microseconds()).await {
        Ok(facts) => of_facts(&facts),
        Err(error) => vec![Finding::Problem(format!(
            "the databases cannot be reached: {}",
            causes(&error)
        ))],
    };
    findings.extend(replicas(&configuration.database_replicas).await);
    findings
}

/// Looks at the servers that are read from. What is wrong with one is no problem: the primary is
/// asked instead.
async fn replicas(url: &str) -> Vec<Finding> {
    if url.is_empty() {
        return Vec::new();
    }
    match inspect_replicas(url).await {
        Ok(replicas) => replicas.iter().flat_map(replica).collect(),
        Err(error) => vec![Finding::Problem(format!(
            "`database_replicas` cannot be used: {}",
            causes(&error)
        ))],
    }
}

fn replica(found: &Result<ReplicaFacts, DbError>) -> Vec<Finding> {
    let facts = match found {
        Ok(facts) => facts,
        Err(error) => {
            return vec![Finding::Warning(format!(
                "a replica is not read from: {}",
                causes(error)
            ))];
        }
    };
    let database = &facts.database;
    let lag = match facts.behind_ms {
        Some(behind_ms) => format!("{database} is a replica that is {behind_ms} ms behind"),
        None => format!("{database} is a replica that has replayed nothing yet"),
    };
    let connection = encryption(
        &format!("the connection to {database}"),
        facts.encryption,
        "sslmode=verify-full in `database_replicas`",
    );
    vec![Finding::Good(lag), connection]
}

fn of_facts(facts: &ServerFacts) -> Vec<Finding> {
    let (database, version) = (&facts.database, &facts.version);
    let mut findings = vec![Finding::Good(format!(
        "{database} answers; it is PostgreSQL {version}"
    ))];
    findings.push(encryption(
        &format!("the connection to {database}"),
        facts.encryption,
        "sslmode=verify-full in `database_url`",
    ));
    if !facts.is_durable {
        findings.push(Finding::Problem(format!(
            "{database} acknowledges what it may lose: set fsync, full_page_writes and synchronous_commit to on"
        )));
    }
    if !matches!(facts.collation.as_str(), "C" | "POSIX") {
        findings.push(Finding::Warning(format!(
            "{database} orders texts by {}, so people may not be found by the beginnings of their names; make the database \
             with LC_COLLATE = 'C' and move what is in it",
            facts.collation
        )));
    }
    findings.extend(clock_difference(database, facts.clock_ahead_us));
    findings.push(standbys(facts));
    findings
}

fn standbys(facts: &ServerFacts) -> Finding {
    match (facts.standbys, facts.synchronous_standbys) {
        (0, _) => Finding::Good("no standby follows it: its backups are all there is".to_owned()),
        (all, 0) => Finding::Warning(format!(
            "{all} standbys follow it, none of them synchronously: one that is promoted may lack what was acknowledged; see \
             synchronous_standby_names"
        )),
        (all, synchronous) => Finding::Good(format!(
            "{all} standbys follow it, {synchronous} of them synchronously"
        )),
    }
}
