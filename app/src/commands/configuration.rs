//! `heliograph config`: what is set, and where it came from.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use serde_json::json;

use crate::config::{Loaded, reference};

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Say whether the settings are in order
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

pub(super) fn run(command: &ConfigCommand, loaded: &Loaded) -> Result<ExitCode> {
    for note in loaded.notes.iter().chain(&loaded.warnings) {
        eprintln!("note: {note}");
    }
    match command {
        // What is wrong has been found while loading.
        ConfigCommand::Check => println!("The configuration is in order."),
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
