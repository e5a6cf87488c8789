//! `heliograph doctor`: what is wrong with this installation, and what to do. It changes nothing.

pub(super) mod data;
pub(super) mod database_server;
mod domains;
mod event_log;
pub(super) mod photos;
pub(super) mod redis;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use infra_db::Encryption;
use infra_domain::Finding;
use serde_json::json;

use crate::config::{Configuration, Loaded};

#[derive(Debug, Args)]
pub(super) struct DoctorArguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Exits with 1 when there is a problem, so that a script can tell.
pub(super) async fn run(arguments: &DoctorArguments, loaded: &Loaded) -> Result<ExitCode> {
    let configuration = &loaded.configuration;
    let mut findings = vec![address(configuration)];
    findings.extend(memory(loaded));
    findings.extend(super::codec_worker::findings(configuration).await?);
    findings.extend(data::findings(configuration).await);
    findings.extend(database_server::findings(configuration).await);
    findings.extend(redis::findings(configuration).await);
    findings.extend(photos::findings(configuration).await);
    if arguments.json {
        let rows = findings
            .iter()
            .map(Finding::parts)
            .map(|(level, text)| json!({"level": level, "finding": text}));
        super::print_json(&rows.collect())?;
    } else {
        for (level, text) in findings.iter().map(Finding::parts) {
            println!("{level:<8} {text}");
        }
    }
    Ok(if has_problem(&findings) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Clocks that differ by more than this make ids and times of two machines disagree.
const CLOCK_DIFFERENCE_MAX: Duration = Duration::from_secs(1);

/// What to say of a server's clock, when it differs from this machine's.
fn clock_difference(server: &str, ahead_us: i64) -> Option<Finding> {
    let differs = ahead_us.unsigned_abs() > CLOCK_DIFFERENCE_MAX.as_micros() as u64;
    differs.then(|| {
        Finding::Warning(format!(
            "the clock of {server} differs from this machine's by {} ms; let both follow the same time server",
            ahead_us / 1_000
        ))
    })
}

/// What to say of a connection to a server, and of what is to be said in the settings.
fn encryption(connection: &str, encryption: Encryption, setting: &str) -> Finding {
    match encryption {
        Encryption::Verified => Finding::Good(format!(
            "{connection} is encrypted, to a server that is verified"
        )),
        Encryption::Local => Finding::Good(format!("{connection} does not leave this machine")),
        Encryption::Unverified => Finding::Warning(format!(
            "{connection} is encrypted, but nobody knows to whom: who is on the way may pose as the server; say {setting}"
        )),
        Encryption::None => Finding::Warning(format!(
            "{connection} is not encrypted: who is on the way reads what people have, and the password; say {setting}"
        )),
    }
}

fn has_problem(findings: &[Finding]) -> bool {
    findings.iter().any(Finding::is_problem)
}

fn address(configuration: &Configuration) -> Finding {
    let loopback = configuration
        .listen
        .parse()
        .is_ok_and(|address: std::net::SocketAddr| address.ip().is_loopback());
    match (configuration.base_url.as_str(), loopback) {
        ("", true) => Finding::Good(format!(
            "only this machine can reach http://{}",
            configuration.listen
        )),
        ("", false) => Finding::Warning(format!(
            "listens on {} but base_url is not set: links would lead to that address; set base_url to the public one",
            configuration.listen
        )),
        (url, _) if url.starts_with("http://") => Finding::Warning(format!(
            "base_url is {url}: without https, passwords travel in the clear; put a TLS proxy in front"
        )),
        (url, _) => Finding::Good(format!("the public address is {url}")),
    }
}

/// What the process may take, and whether what is set fits.
fn memory(loaded: &Loaded) -> Vec<Finding> {
    let limit = infra_host::memory_limit().map(|limit| {
        let mebibytes = limit.bytes >> 20;
        Finding::Good(format!(
            "{mebibytes} MiB of memory are there, by {}",
            limit.origin
        ))
    });
    let warnings = loaded.warnings.iter().cloned().map(Finding::Warning);
    limit.into_iter().chain(warnings).collect()
}
