//! `heliograph move`: takes what is kept from one engine to another, while nothing serves.

mod databases;
mod log;
mod photos;
mod progress;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use crate::config::Configuration;

#[derive(Debug, Subcommand)]
pub(super) enum MoveCommand {
    Databases(databases::DatabasesArguments),
    /// Move the log of events between the data folder and NATS
    Log(log::LogArguments),
    Photos(photos::PhotosArguments),
}

pub(super) async fn run(command: &MoveCommand, configuration: &Configuration) -> Result<ExitCode> {
    match command {
        MoveCommand::Databases(arguments) => databases::run(arguments, configuration).await,
        MoveCommand::Log(arguments) => log::run(arguments, configuration).await,
        MoveCommand::Photos(arguments) => photos::run(arguments, configuration).await,
    }
}
