//! `heliograph doctor`: what is wrong with this installation, and what to do. It changes nothing.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use business_media_gateway::ListFailedRequest;
use clap::Args;
use infra_db::{Database, inspect};
use serde_json::json;

use crate::config::{Configuration, Loaded};

/// The databases of an installation.
const DATABASES: [&str; 6] = [
    "accounts.db",
    "graph.db",
    "media.db",
    "posts.db",
    "feed.db",
    "bus.db",
];
/// Below this much free disk, in bytes, uploads will soon fail.
const FREE_BYTES_MIN: u64 = 1024 * 1024 * 1024;
/// A subscription this many events behind is not keeping up.
const BEHIND_MAX: i64 = 10_000;
/// Failed photos are counted up to this many.
const FAILED_COUNTED_MAX: u32 = 500;

#[derive(Debug, Args)]
pub(super) struct DoctorArguments {
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

/// What a check found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// As it should be.
    Good(String),
    /// Works, but should be looked at.
    Warning(String),
    /// Does not work; and what to do.
    Problem(String),
}

impl Finding {
    const fn parts(&self) -> (&'static str, &String) {
        match self {
            Self::Good(text) => ("ok", text),
            Self::Warning(text) => ("warning", text),
            Self::Problem(text) => ("problem", text),
        }
    }
}

/// Exits with 1 when there is a problem, so that a script can tell.
pub(super) async fn run(arguments: &DoctorArguments, loaded: &Loaded) -> Result<ExitCode> {
    let configuration = &loaded.configuration;
    let mut findings = vec![address(configuration), folder(&configuration.data_dir)];
    findings.extend(super::codec_worker::findings(configuration).await?);
    if configuration.data_dir.is_dir() {
        findings.push(free_space(&configuration.data_dir));
        for name in DATABASES {
            findings.push(database(&configuration.data_dir.join(name)).await);
        }
        findings.extend(bus(&configuration.data_dir.join("bus.db")).await);
        if !has_problem(&findings) {
            findings.push(photos(configuration).await);
        }
    }
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

fn has_problem(findings: &[Finding]) -> bool {
    let is_problem = |finding: &Finding| matches!(finding, Finding::Problem(_));
    findings.iter().any(is_problem)
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

fn folder(path: &Path) -> Finding {
    if !path.is_dir() {
        return Finding::Warning(format!(
            "there is no data folder at {}; `heliograph serve` makes it at the first start",
            path.display()
        ));
    }
    let probe = path.join(".doctor");
    match std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe)) {
        Ok(()) => Finding::Good(format!(
            "the data folder {} can be written to",
            path.display()
        )),
        Err(error) => Finding::Problem(format!(
            "the data folder {} cannot be written to ({error}); give it to the user that runs heliograph",
            path.display()
        )),
    }
}

fn free_space(path: &Path) -> Finding {
    match fs4::available_space(path) {
        Ok(bytes) if bytes < FREE_BYTES_MIN => Finding::Problem(format!(
            "only {} MB are free on the disk of {}; make room, or uploads will be refused",
            bytes / 1_000_000,
            path.display()
        )),
        Ok(bytes) => Finding::Good(format!("{} GB are free on the disk", bytes / 1_000_000_000)),
        Err(error) => Finding::Warning(format!(
            "the free space of {} cannot be told: {error}",
            path.display()
        )),
    }
}

async fn database(path: &Path) -> Finding {
    if !path.exists() {
        return Finding::Warning(format!(
            "{} is not there yet; it is made at the first start",
            path.display()
        ));
    }
    match inspect(path).await {
        Ok(found) if found.integrity == "ok" => Finding::Good(format!(
            "{} is sound, {} KB",
            path.display(),
            found.bytes / 1_000
        )),
        Ok(found) => Finding::Problem(format!(
            "{} is damaged ({}); stop the server and restore it from a backup",
            path.display(),
            found.integrity
        )),
        Err(error) => Finding::Problem(format!(
            "{} cannot be read: {}",
            path.display(),
            causes(&error)
        )),
    }
}

async fn bus(path: &Path) -> Vec<Finding> {
    if !path.exists() || inspect(path).await.is_err() {
        return Vec::new();
    }
    let statuses = match Database::open(path, &infra_bus::MIGRATIONS).await {
        Ok(database) => infra_bus::statuses(&database).await,
        Err(error) => Err(error),
    };
    match statuses {
        Err(error) => vec![Finding::Problem(format!(
            "the events cannot be read: {}",
            causes(&error)
        ))],
        Ok(statuses) => statuses.iter().map(subscription).collect(),
    }
}

/// What became of photos, for which every database has to be well.
async fn photos(configuration: &Configuration) -> Finding {
    let failed = async {
        let domains = super::open_existing(configuration).await?;
        let request = ListFailedRequest {
            before_id: 0,
            limit: FAILED_COUNTED_MAX,
        };
        let media = domains.gateways().media;
        let failed = media.list_failed(&super::context(), request).await;
        domains.close().await;
        anyhow::Ok(failed?.items.len())
    };
    match failed.await {
        Ok(0) => Finding::Good("no photo has failed to be processed".to_owned()),
        Ok(count) => {
            let or_more = if count < FAILED_COUNTED_MAX as usize {
                ""
            } else {
                " or more"
            };
            Finding::Warning(format!(
                "{count}{or_more} photos could not be processed; look at them with `heliograph media failed list`"
            ))
        }
        Err(error) => Finding::Problem(format!("the photos cannot be looked at: {error:#}")),
    }
}

fn subscription(status: &infra_bus::Status) -> Finding {
    let name = &status.subscription;
    if status.dead_letters > 0 {
        return Finding::Warning(format!(
            "{name} has given up {} events; look at them with `heliograph bus dead list --subscription {name}`",
            status.dead_letters
        ));
    }
    if status.behind > BEHIND_MAX {
        return Finding::Warning(format!(
            "{name} is {} events behind; is a process with the worker role running?",
            status.behind
        ));
    }
    Finding::Good(format!(
        "{name} is {} events behind, {} wait to be tried again",
        status.behind, status.waiting
    ))
}

/// An error with its causes on one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
