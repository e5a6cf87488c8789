//! The commands of the binary, one file each.

mod account;
mod backup;
mod bus;
mod codec_worker;
mod configuration;
mod doctor;
mod feed;
mod media;
mod migrate;
mod moderation;
mod moving;
mod progress;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};
use infra_db::DbError;

use crate::config::{self, Configuration, Overrides, Sources};
use crate::wire::databases;
use crate::wire::{Domains, LOST_FILES, Topology};

/// How many sockets that have something to read are taken up at a time.
const READY_SOCKETS_MAX: usize = 128;
/// How long a command's calls may take.
const COMMAND_BUDGET: Duration = Duration::from_secs(60);

/// A photo-sharing network that anyone can own.
///
/// Without a command it serves: on http://127.0.0.1:8080, with everything in the folder ./data.
#[derive(Debug, Parser)]
#[command(name = "heliograph", version, after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    serve: serve::ServeArguments,
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "Examples:
  heliograph                                  start on an empty folder and print a link that makes the first admin
  heliograph serve --listen 0.0.0.0:8080      listen on every address of this machine
  heliograph account create ada --admin       make an account from the command line
  heliograph config show                      every setting, its value, and where it came from
  heliograph backup /mnt/backup               copy everything, while it serves
  heliograph doctor                           what is wrong with this installation, and what to do";

#[derive(Debug, Args, Clone)]
struct Common {
    /// The folder that holds everything [default: ./data]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// A TOML file with settings [env: HELIOGRAPH_CONFIG]; see `heliograph config show`
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What may begin with nothing.
#[derive(Debug, Args, Clone, Default)]
struct LostArguments {
    /// Go on without what was in this database, which is lost; or without the photos' files: photos
    #[arg(long, value_name = "NAME", value_parser = lost_names())]
    accept_lost: Vec<String>,
}

/// What can be lost and is not made again by itself.
fn lost_names() -> PossibleValuesParser {
    let databases = databases::specs().filter(|database| !database.is_read_model);
    let names = databases.map(|database| database.name);
    PossibleValuesParser::new(names.chain([LOST_FILES]))
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the page, the API and the photos, and do the work behind them
    Serve(serve::ServeArguments),
    /// Make accounts, change their roles, set their passwords
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// Show and check the settings
    #[command(subcommand)]
    Config(configuration::ConfigCommand),
    /// Look at the events between domains: how far each subscription is, and what could not be
    /// handled
    #[command(subcommand)]
    Bus(bus::BusCommand),
    /// Look after the home timelines
    #[command(subcommand)]
    Feed(feed::FeedCommand),
    /// Look after the photos and their files: check and repair them, see what failed, choose
    /// formats
    #[command(subcommand)]
    Media(media::MediaCommand),
    /// Look at reports: what happened to each, and what it was at any time
    #[command(subcommand)]
    Moderation(moderation::ModerationCommand),
    /// Copy everything to another folder, while the server runs
    Backup(backup::BackupArguments),
    /// Make a data folder from a backup
    Restore(backup::restore::RestoreArguments),
    /// Bring every database up to date, without serving
    Migrate(migrate::MigrateArguments),
    /// Move what this installation keeps to another kind of store, while nothing serves
    #[command(subcommand)]
    Move(moving::MoveCommand),
    /// Say what is wrong with this installation and what to do
    Doctor(doctor::DoctorArguments),
    /// Decode and encode pictures for a serving process, which starts it
    #[command(name = codec_worker::NAME, hide = true)]
    CodecWorker,
}

/// Runs a command to its end.
///
/// # Errors
/// What went wrong, with its causes, for standard error.
pub fn run(arguments: Arguments) -> Result<ExitCode> {
    if matches!(arguments.command, Some(Command::CodecWorker)) {
        // Before configuration is read and threads are started: it has neither.
        return codec_worker::run();
    }
    let overrides = match &arguments.command {
        None => arguments.serve.overrides(),
        Some(Command::Serve(serve)) => serve.overrides(),
        Some(_) => Overrides::default(),
    };
    let overrides = Overrides {
        data_dir: arguments.common.data_dir,
        ..overrides
    };
    let file = arguments
        .common
        .config
        // The flag wins over the environment, as with every setting.
        .or_else(|| config::config_file(std::env::var_os(config::CONFIG_FILE)));
    let loaded = config::load(Sources {
        file: file.as_deref(),
        environment: std::env::vars_os(),
        overrides,
        memory_limit_bytes: infra_host::memory_limit_bytes(),
    })?;
    let runtime = runtime().context("starting the runtime")?;
    runtime.block_on(async {
        match arguments.command {
            None => serve::run(loaded, arguments.serve.accept_lost()).await,
            Some(Command::Serve(serve)) => serve::run(loaded, serve.accept_lost()).await,
            Some(Command::Account(command)) => account::run(command, &loaded.configuration).await,
            Some(Command::Config(command)) => configuration::run(&command, &loaded).await,
            Some(Command::Bus(command)) => bus::run(command, &loaded.configuration).await,
            Some(Command::Feed(command)) => feed::run(&command, &loaded.configuration).await,
            Some(Command::Media(command)) => media::run(command, &loaded.configuration).await,
            Some(Command::Moderation(command)) => {
                moderation::run(&command, &loaded.configuration).await
            }
            Some(Command::Backup(arguments)) => {
                Ok(backup::run(arguments, &loaded.configuration).await)
            }
            Some(Command::Restore(arguments)) => {
                Ok(backup::restore::run(arguments, &loaded.configuration).await)
            }
            Some(Command::Migrate(arguments)) => {
                migrate::run(&arguments, &loaded.configuration).await
            }
            Some(Command::Move(command)) => moving::run(&command, &loaded.configuration).await,
            Some(Command::Doctor(arguments)) => doctor::run(&arguments, &loaded).await,
            // Not reached: it has run above.
            Some(Command::CodecWorker) => codec_worker::run(),
        }
    })
}

/// What everything runs in. When thousands of sockets have something to read at once, most of them
/// wait in the kernel and not as tasks, so that what was begun goes on ahead of what comes.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_io_events_per_tick(READY_SOCKETS_MAX)
        .build()
}

/// Refuses a data folder that is not there: for a command it is a mistake in `--data-dir`, not a
/// wish for a new one.
fn require_folder(configuration: &Configuration) -> Result<()> {
    let folder = &configuration.data_dir;
    anyhow::ensure!(
        folder.is_dir(),
        "there is no data folder at {}; name the right one with --data-dir, or start `heliograph serve` once to make it",
        folder.display()
    );
    Ok(())
}

/// What a command does with what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// It asks, and works beside a serving process, or without one.
    Asks,
    /// It changes something. So it does where databases are files; those on a server have one
    /// writer, and there it works while nothing serves.
    Changes,
}

/// Opens the domains for a command.
async fn open_existing(configuration: &Configuration, access: Access) -> Result<Domains> {
    open_placed(configuration, access, Topology::default()).await
}

/// The same with the codecs that the serving process has, for a command that asks what can be read,
/// or makes pictures.
async fn open_with_codecs(configuration: &Configuration, access: Access) -> Result<Domains> {
    let codecs = Some(codec_worker::program());
    let topology = Topology {
        codecs,
        ..Topology::default()
    };
    open_placed(configuration, access, topology).await
}

async fn open_placed(
    configuration: &Configuration,
    access: Access,
    topology: Topology,
) -> Result<Domains> {
    require_folder(configuration)?;
    // Any shard but the serving process's; two concurrent commands rarely draw the same.
    let shard = rand::random_range(1..1 << infra_kernel::id::SHARD_BITS);
    let topology = Topology {
        shard,
        is_asking: access == Access::Asks,
        ..topology
    };
    let opened = Domains::open(configuration, &topology).await;
    opened.map_err(|error| match error.downcast_ref() {
        Some(DbError::HeldElsewhere { .. }) => error.context(
            "this command changes what is in databases on a server, which the heliograph that serves alone may do: stop that one, \
             give the command again, and start it again",
        ),
        _ => error,
    })
}

/// The context of a command's calls.
fn context() -> infra_kernel::Context {
    infra_kernel::Context::background(COMMAND_BUDGET)
}

/// Prints something for a script.
fn print_json(value: &serde_json::Value) -> Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}
