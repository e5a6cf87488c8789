//! `heliograph media`: look after the photos and their files.

mod check;
mod failed;
mod formats;

use std::process::ExitCode;

use anyhow::Result;
use business_media::MediaCore;
use clap::Subcommand;

use crate::config::Configuration;
use crate::wire::{DataFolder, Domains};

/// Rounds of deleting at the end of a command, each of a bounded number of files.
const SWEEPS_MAX: usize = 10_000;

#[derive(Debug, Subcommand)]
pub(super) enum MediaCommand {
    Check(check::CheckArguments),
    /// Look at photos that could not be processed, and decide about them
    #[command(subcommand)]
    Failed(failed::FailedCommand),
    Formats(formats::FormatsArguments),
}

pub(super) async fn run(command: MediaCommand, configuration: &Configuration) -> Result<ExitCode> {
    match command {
        MediaCommand::Check(arguments) => Ok(check::run(&arguments, configuration).await),
        MediaCommand::Failed(command) => failed::run(command, configuration).await,
        MediaCommand::Formats(arguments) => formats::run(arguments, configuration).await,
    }
}

/// Deletes what the command has queued, unless a process serves from the folder: deleting files is
/// then that one's alone, and it does so within its sweeping interval. Returns whether they are
/// gone.
async fn delete_queued(domains: &Domains, configuration: &Configuration) -> Result<bool> {
    let Ok(_folder) = DataFolder::hold(&configuration.data_dir) else {
        return Ok(false);
    };
    for _ in 0..SWEEPS_MAX {
        if domains.core::<MediaCore>()?.delete_queued_blobs().await? == 0 {
            return Ok(true);
        }
    }
    Ok(false)
}
