//! `heliograph migrate`: brings the databases up to date without serving, so that an upgrade can be
//! seen to work first.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::config::Configuration;
use crate::wire::{DataFolder, Domains, Topology};

#[derive(Debug, Args)]
pub(super) struct MigrateArguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    lost: super::LostArguments,
}

pub(super) async fn run(
    arguments: &MigrateArguments,
    configuration: &Configuration,
) -> Result<ExitCode> {
    let folder = DataFolder::hold(&configuration.data_dir)?;
    let topology = Topology {
        accept_lost: arguments.lost.accept_lost.clone(),
        ..Topology::default()
    };
    let domains = Domains::open(configuration, &topology).await?;
    domains.close().await;
    if arguments.json {
        super::print_json(&json!({"data_dir": folder.path(), "up_to_date": true}))?;
    } else {
        println!(
            "Every database in {} is up to date.",
            folder.path().display()
        );
    }
    Ok(ExitCode::SUCCESS)
}
