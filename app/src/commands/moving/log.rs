//! `heliograph move log`: from the data folder to NATS, or back.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use infra_bus::{Moved, Progress};
use serde_json::json;

use super::super::progress::ProgressLine;
use crate::config::Configuration;
use crate::wire::event_log::move_event_log;
use crate::wire::moving::Side;

const HELP: &str = "Stop the server first: nothing may be published meanwhile. `bus_url` names the NATS servers, in both \
directions. What the subscriptions have not handled yet is copied, compared, and only then read from its new place; a move \
that was cut off is run again.

  heliograph move log --to nats      then start with `bus_url` set
  heliograph move log --to folder    then start with `bus_url` unset";

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(in crate::commands) struct LogArguments {
    /// Where it is to be
    #[arg(long, value_name = "PLACE")]
    to: Place,
    /// Print JSON: a line for each step, then one with the sums
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Place {
    /// The NATS servers that `bus_url` names
    Nats,
    /// The data folder
    Folder,
}

pub(super) async fn run(
    arguments: &LogArguments,
    configuration: &Configuration,
) -> Result<ExitCode> {
    super::super::require_folder(configuration)?;
    if configuration.bus_url.is_empty() {
        bail!("`bus_url` is not set: it names the NATS servers that the log is moved to or from");
    }
    let mut line = ProgressLine::new();
    let mut progress = |progress: Progress| show(&progress, arguments.json, &mut line);
    let to = match arguments.to {
        Place::Nats => Side::Server,
        Place::Folder => Side::Folder,
    };
    let moved = Box::pin(move_event_log(configuration, to, &mut progress)).await;
    // Before anything is printed: this takes the bar away.
    drop(line);
    report(arguments, &moved?);
    Ok(ExitCode::SUCCESS)
}

fn show(progress: &Progress, json: bool, line: &mut ProgressLine) {
    let (step, events, of) = match *progress {
        Progress::Copied { events, of } => ("copied", events, of),
        Progress::Compared { events, of } => ("compared", events, of),
    };
    if json {
        println!(
            "{}",
            json!({"step": step, "events": events, "of_events": of})
        );
        return;
    }
    line.show(events, of, &format!("{events} of {of} events {step}"));
}

fn report(arguments: &LogArguments, moved: &Moved) {
    let (place, next) = match arguments.to {
        Place::Nats => ("on NATS", "start with `bus_url` as it is now"),
        Place::Folder => ("in the data folder", "start with `bus_url` unset"),
    };
    if arguments.json {
        println!(
            "{}",
            json!({
                "moved": true, "events": moved.events, "skipped": moved.skipped,
                "subscriptions": moved.subscriptions, "blake3": moved.checksum,
            })
        );
        return;
    }
    if moved.checksum.is_empty() {
        println!("The log of events was {place} already. Next: {next}.");
    } else {
        println!(
            "The log of events is {place}: {} events that {} subscriptions had not all handled, compared one by one. Next: {next}.",
            moved.events, moved.subscriptions
        );
    }
    if moved.skipped > 0 {
        println!(
            "warning: {} entries of the old log were no events of Heliograph's and are gone.",
            moved.skipped
        );
    }
}
