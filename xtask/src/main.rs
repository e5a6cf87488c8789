//! The project's own tools: `cargo xtask <command>`.

mod audit;
mod bench;
mod contact_sheet;
mod finding;
mod generate;
mod layers;
mod new_domain;
mod source;
mod tidy;
mod workspace;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};

/// The project's own tools.
#[derive(Parser)]
#[command(name = "xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure the release binary.
    Bench(bench::BenchArguments),
    /// Write each contract's Rust from its protobuf.
    Generate {
        /// Only compare, and fail when something committed is stale.
        #[arg(long)]
        check: bool,
    },
    /// Write the files of a new domain, and its entries in those that all domains share.
    NewDomain(new_domain::NewDomainArguments),
    /// Hold the workspace's dependencies and SQL against `layers.toml`.
    CheckLayers,
    /// Check lengths, crate docs, shared lints and words that stand for unfinished work.
    Tidy {
        /// Rewrite the list of what is too long.
        #[arg(long)]
        accept: bool,
    },
    /// Show every photo of the shared set beside its renditions, under `target/contact-sheet/`.
    ContactSheet,
    /// Hold what the program stands on against `deny.toml`.
    Audit,
}

fn main() -> ExitCode {
    match run(&Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("xtask lives in the workspace")?;
    match command {
        Command::Bench(arguments) => bench::run(root, arguments),
        Command::Generate { check } => generate::run(root, *check),
        Command::NewDomain(arguments) => new_domain::run(root, arguments),
        Command::CheckLayers => layers::run(root),
        Command::Tidy { accept } => tidy::run(root, *accept),
        Command::ContactSheet => contact_sheet::run(root),
        Command::Audit => audit::run(root),
    }
}
