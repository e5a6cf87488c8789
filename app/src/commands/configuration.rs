//! `heliograph config`: what is set, and where it came from.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use infra_domain::Finding;
use serde_json::json;

use super::doctor::{data, database_server, photos, redis};
use crate::config::{Configuration, Loaded, reference};

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Say whether the settings are in order, and whether the servers that they name can be used
    Check,
    /// List every setting, its value, and where it came from
    Show {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the reference of all settings as Markdown
    Reference,
}

pub(super) async fn run(command: &ConfigCommand, loaded: &Loaded) -> Result<ExitCode> {
    for note in loaded.notes.iter().chain(&loaded.warnings) {
        eprintln!("note: {note}");
    }
    match command {
        ConfigCommand::Check => return Ok(check(&loaded.configuration).await),
        ConfigCommand::Reference => print!("{}", reference()),
        ConfigCommand::Show { json: true } => {
            let settings = loaded.settings.iter();
            let rows = settings.map(|(name, (value, origin))| {
                json!({"setting": name, "value": value, "origin": origin.to_string()})
            });
            super::print_json(&rows.collect())?;
        }
        ConfigCommand::Show { json: false } => {
            let width = loaded
                .settings
                .keys()
                .map(String::len)
                .max()
                .unwrap_or_default();
            for (name, (value, origin)) in &loaded.settings {
                println!("{name:<width$} = {value}  # {origin}");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What is wrong with a setting by itself has been found while loading. Says where everything is,
/// and what each server says: a wrong password is found by nobody else before a start.
async fn check(configuration: &Configuration) -> ExitCode {
    let mut findings = engines(configuration);
    findings.extend(database_server::findings(configuration).await);
    findings.extend(data::log_findings(configuration).await);
    findings.extend(redis::findings(configuration).await);
    findings.extend(photos::findings(configuration).await);
    for (level, text) in findings.iter().map(Finding::parts) {
        println!("{level:<8} {text}");
    }
    if findings.iter().any(Finding::is_problem) {
        return ExitCode::FAILURE;
    }
    println!("The configuration is in order.");
    ExitCode::SUCCESS
}

/// Where each kind of thing is kept, by the settings.
fn engines(configuration: &Configuration) -> Vec<Finding> {
    let folder = configuration.data_dir.display();
    let databases = infra_db::postgres_label(&configuration.database_url);
    let databases = databases.unwrap_or_else(|_| format!("files of {folder}"));
    let servers = configuration.log_servers().ok().flatten();
    let bucket = configuration.bucket().ok().flatten();
    let photos = bucket.map_or_else(|| format!("files of {folder}"), |bucket| bucket.to_string());
    let events = servers.map_or_else(
        || format!("a file of {folder}"),
        |servers| servers.to_string(),
    );
    let shared = if configuration.redis_url.is_empty() {
        "in this process and the databases"
    } else {
        "on a Redis server"
    };
    vec![
        Finding::Good(format!("database_url: the databases are {databases}")),
        Finding::Good(format!("bus_url: the log of events is {events}")),
        Finding::Good(format!("media_url: the photos are {photos}")),
        Finding::Good(format!("redis_url: limits and home timelines are {shared}")),
    ]
}
