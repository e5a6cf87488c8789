//! The project's own tools: `cargo xtask <command>`.

mod bench;
mod generate;

use std::path::Path;

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
}

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("xtask lives in the workspace")?;
    match Arguments::parse().command {
        Command::Bench(arguments) => bench::run(root, &arguments),
        Command::Generate { check } => generate::run(root, check),
    }
}
