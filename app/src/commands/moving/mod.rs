//! `heliograph move`: from one kind of store to another.

mod databases;
mod progress;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use crate::config::Configuration;

#[derive(Debug, Subcommand)]
pub(super) enum MoveCommand {
    Databases(databases::DatabasesArguments),
}

pub(super) async fn run(command: &MoveCommand, configuration: &Configuration) -> Result<ExitCode> {
    match command {
        MoveCommand::Databases(arguments) => databases::run(arguments, configuration).await,
    }
}
