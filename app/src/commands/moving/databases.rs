//! `heliograph move databases`: from files to a PostgreSQL server, and back.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::Args;
use serde_json::{Value, json};

use super::progress::Progress;
use crate::config::{Configuration, without_password};
use crate::wire::moving::{Destination, Moved, Side, move_databases};

/// Move the databases to a PostgreSQL server, or from there into files of the data folder
///
/// Stop the server first: nothing may be written while the databases are moved, which takes a
/// minute or two for each million rows. Photos, the log of events and the key of addresses stay in
/// the folder.
///
/// Everything is read first, so that what the other side could not store is found before anything
/// is written. Then every row is copied, and the copy is read again and held against what was read,
/// by the count and a checksum of each table. Only then, in one step, does the folder know that its
/// databases are on the other side; until then it can be served from as before. If the command is
/// ended before that, by whatever, run it again: it goes on where it was.
///
/// The old databases stay, under other names, until you delete them. They are not kept up to date:
/// to go back, move the databases back.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct DatabasesArguments {
    /// Where to: `server`, which is the one that `database_url` names; the URL of a server,
    /// postgres://account:password@host/database, whose password may also be in the variable
    /// PGPASSWORD or in ~/.pgpass; or `folder`
    #[arg(long, value_name = "WHERE")]
    to: String,
    /// Print JSON: a line for each step, then one with the sums
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  heliograph move databases --to server                        where database_url says, from files
  heliograph move databases --to postgres://me@db/heliograph   to that server, from files
  heliograph move databases --to folder                        from the server into files";

pub(super) async fn run(
    arguments: &DatabasesArguments,
    configuration: &Configuration,
) -> Result<ExitCode> {
    crate::commands::require_folder(configuration)?;
    let destination = destination(&arguments.to, configuration)?;
    let began = Instant::now();
    let mut progress = Progress::new(arguments.json);
    let mut report = |step: crate::wire::moving::Step<'_>| progress.step(&step);
    let moved = Box::pin(move_databases(configuration, &destination, &mut report)).await;
    // Also after a failure, whose error gets a line of its own.
    progress.clear();
    let moved = moved?;
    if arguments.json {
        println!("{}", as_json(&moved, &destination));
    } else {
        print(&moved, &destination, configuration, began);
    }
    Ok(ExitCode::SUCCESS)
}

fn destination(to: &str, configuration: &Configuration) -> Result<Destination> {
    let known = configuration.database_url.clone();
    let (to, url) = match to {
        "folder" => (Side::Folder, known),
        "server" if known.is_empty() => {
            bail!(
                "`database_url` names no server; set it, or say --to postgres://account@host/database"
            )
        }
        "server" => (Side::Server, known),
        url if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
            (Side::Server, url.to_owned())
        }
        _ => bail!("--to is `server`, `folder` or an address that begins with postgres://"),
    };
    Ok(Destination { to, url })
}

fn print(moved: &Moved, destination: &Destination, configuration: &Configuration, began: Instant) {
    let rows: u64 = sum(moved);
    let place = match destination.to {
        Side::Folder => configuration.data_dir.display().to_string(),
        Side::Server => without_password(destination.url.clone()),
    };
    if moved.databases.is_empty() {
        println!("The databases were moved to {place} before; what was left to do is done.");
    } else {
        println!(
            "{} databases with {rows} rows are in {place} now, each table verified by count and checksum. It took {} s.",
            moved.databases.len(),
            began.elapsed().as_secs()
        );
    }
    for warning in &moved.warnings {
        println!("warning: {warning}");
    }
    match destination.to {
        Side::Server if configuration.database_url == destination.url => {
            println!("The settings name that server already: start Heliograph.");
        }
        Side::Server => println!(
            "Before the next start, set this, with the password:\n  database_url = \"{}\"",
            without_password(destination.url.clone())
        ),
        Side::Folder => println!(
            "Before the next start, remove `database_url` from the settings, or set it to nothing:\n  database_url = \"\""
        ),
    }
    print_kept(moved, destination.to);
}

fn print_kept(moved: &Moved, to: Side) {
    if moved.kept.is_empty() {
        return;
    }
    let what = match to {
        Side::Server => "files are not used any more. When all is well, delete them",
        Side::Folder => "schemas are not used any more. When all is well, drop them with psql",
    };
    println!("The old {what}:");
    for kept in &moved.kept {
        match to {
            Side::Server => println!("  rm {kept}"),
            Side::Folder => println!("  DROP SCHEMA {kept} CASCADE;"),
        }
    }
}

fn sum(moved: &Moved) -> u64 {
    let tables = moved.databases.iter().flat_map(|(_, tables)| tables);
    tables.map(|table| table.rows).sum()
}

fn as_json(moved: &Moved, destination: &Destination) -> Value {
    let databases = moved.databases.iter().map(|(spec, tables)| {
        let tables = tables
            .iter()
            .map(|table| json!({"table": table.name, "rows": table.rows, "blake3": table.digest}));
        json!({"database": spec.name, "tables": tables.collect::<Vec<_>>()})
    });
    let database_url = match destination.to {
        Side::Folder => String::new(),
        Side::Server => without_password(destination.url.clone()),
    };
    json!({
        "moved": true, "to": destination.to.to_string(), "database_url": database_url, "rows": sum(moved),
        "databases": databases.collect::<Vec<_>>(), "kept": moved.kept, "warnings": moved.warnings,
    })
}
