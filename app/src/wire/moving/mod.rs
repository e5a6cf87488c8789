//! Moves the domains' databases between the folder and a server, while nothing serves.
//!
//! What is moved is read whole, copied, and read again on the other side; until then nothing
//! changes for the folder, which may be served from as before. Then one line in the folder's list
//! says that the databases are on the other side (`Record::switch_to`): that is the moment of the
//! move. What is left to do after it, nobody needs: the old databases get another name. Killed at
//! any point, the same command goes on.

mod ends;
mod finish;
pub(crate) mod photos;
mod steps;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use infra_db::inspect_postgres;
use infra_db::transfer::{self, Survey, TableSummary};
use infra_domain::DatabaseSpec;
use infra_kernel::{Clock as _, SystemClock};
use rand::RngCore as _;
use tokio::time::Instant;

use super::data_folder::{self, Contents, DataFolder};
use super::databases::specs;
use super::databases_lock::DatabasesLock;
use super::full_disk;
use super::record::{Record, Switch};
use crate::config::Configuration;

/// How long to wait for a process that has just ended, and how long between two looks.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(2);
const LOCK_POLL: Duration = Duration::from_millis(50);

/// Where databases may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// In files of the data folder.
    Folder,
    /// On a PostgreSQL server.
    Server,
}

impl Side {
    pub(crate) const ALL: [Self; 2] = [Self::Folder, Self::Server];
}

impl fmt::Display for Side {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Folder => "folder",
            Self::Server => "server",
        })
    }
}

/// Where the databases are to go.
pub(crate) struct Destination {
    pub(crate) to: Side,
    /// The server that they go to or come from; empty when none is known.
    pub(crate) url: String,
}

/// What is done with a database's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// They are read where they are.
    Read,
    /// They are written to the other side.
    Copy,
    /// They are read there.
    Verify,
}

/// What a move has done, for who shows how far it is.
pub(crate) enum Step<'s> {
    /// So many rows more of a table are done.
    Rows {
        phase: Phase,
        database: &'static str,
        table: &'s str,
        rows: u64,
    },
    /// All of a database is done.
    Done {
        phase: Phase,
        database: &'static str,
        rows: u64,
    },
    /// Everything is read: so many rows are to be copied.
    Total { rows: u64 },
}

/// Hears of what happens.
pub(crate) type Report<'r> = dyn FnMut(Step<'_>) + Send + 'r;

/// A move that is done.
pub(crate) struct Moved {
    /// What each database held; nothing when an earlier run had moved them already, and this one
    /// tidied up.
    pub(crate) databases: Vec<(&'static DatabaseSpec, Vec<TableSummary>)>,
    /// The old files, or schemas, under the names that they have now.
    pub(crate) kept: Vec<String>,
    /// What could not be done, and does not matter to what was moved.
    pub(crate) warnings: Vec<String>,
}

/// The databases that can be moved: not that of the bus, which is always in the folder.
pub(super) fn movable() -> impl Iterator<Item = &'static DatabaseSpec> + Clone {
    specs().filter(|spec| spec.postgres_migrations.is_some())
}

/// The folder that databases are moved from or to, and where from and to.
struct Move<'m> {
    configuration: &'m Configuration,
    destination: &'m Destination,
    record: Record,
}

/// Moves all of them.
///
/// # Errors
/// A sentence that says what is in the way. Nothing has changed then, for all who use the folder.
pub(crate) async fn move_databases(
    configuration: &Configuration,
    destination: &Destination,
    report: &mut Report<'_>,
) -> Result<Moved> {
    let folder = soon(|| DataFolder::hold(&configuration.data_dir)).await?;
    // Beside the folder's lock: commands hold only this one, and they write, too.
    let _lock = soon(|| DatabasesLock::alone(folder.path())).await?;
    let mut moving = Move {
        configuration,
        destination,
        record: Record::read(folder.path())?,
    };
    let mut databases = Vec::new();
    let switch = match moving.record.switch() {
        Some(switch) => {
            moving.require_same_way(&switch).await?;
            switch
        }
        None => {
            let (switch, moved) = Box::pin(moving.copy_all(report)).await?;
            databases = moved;
            switch
        }
    };
    let tidied = finish::finish(configuration, destination, &switch).await?;
    // Before the move is noted as finished, which no run would come back to.
    data_folder::give_all(folder.path())?;
    moving.record.finish_move(folder.path(), &switch)?;
    Ok(Moved {
        databases,
        kept: tidied.kept,
        warnings: tidied.warnings,
    })
}

/// Takes a lock, and waits for one that a process has which has just ended: a child that it was
/// starting has its files open for a moment longer.
pub(super) async fn soon<T>(take: impl Fn() -> Result<T>) -> Result<T> {
    let give_up_at = Instant::now() + LOCK_WAIT_MAX;
    loop {
        match take() {
            // Whatever the error: which of them passes is not known here.
            Err(_) if Instant::now() < give_up_at => tokio::time::sleep(LOCK_POLL).await,
            taken => return taken,
        }
    }
}

/// What each database held.
type Held = Vec<(&'static DatabaseSpec, Vec<TableSummary>)>;

impl Move<'_> {
    /// Copies everything and has the folder know that it is on the other side.
    async fn copy_all(&mut self, report: &mut Report<'_>) -> Result<(Switch, Held)> {
        self.require_movable().await?;
        let folder = self.configuration.data_dir.as_path();
        // That of a run that was cut off: by it the half-filled target is recognised.
        let name = self.record.move_name().map_or_else(new_name, str::to_owned);
        self.record.begin_move(folder, &name)?;
        // Before everything is read, which takes long.
        self.require_free_target(&name).await?;
        let sources = self.read_all(report).await?;
        let rows = sources.iter().map(|source| source.survey.rows()).sum();
        report(Step::Total { rows });
        // After the reading: until then nothing is made on the server.
        self.claim_target(&name).await?;
        let mut moved = Vec::with_capacity(sources.len());
        for source in &sources {
            let installation = self.fill(source, &name, report).await?;
            moved.push((source.spec, installation));
        }
        let mut databases = Vec::with_capacity(sources.len());
        for source in sources {
            let is_whole = source.database.close().await;
            ensure!(
                // Of a session that did not close nothing is left, as a log would be beside a file.
                is_whole || self.destination.to == Side::Folder,
                "{} could not be closed in order; run the command again",
                source.spec.file
            );
            let Survey { tables, .. } = source.survey;
            databases.push((source.spec, tables));
        }
        let to = self.destination.to;
        let switch = Switch { name, to };
        // When all sources are closed: from this line on nobody may write to them.
        self.record.switch_to(folder, &switch, &moved)?;
        Ok((switch, databases))
    }

    /// Refuses what cannot be moved as it is.
    async fn require_movable(&mut self) -> Result<()> {
        let folder = self.configuration.data_dir.as_path();
        let is_on_server = self.record.has_server();
        match self.destination.to {
            Side::Server if is_on_server => bail!(
                "the databases of {} are on a server already; to move them to another one, move them to the folder first: \
                 heliograph move databases --to folder",
                folder.display()
            ),
            Side::Folder if !is_on_server => bail!(
                "the databases of {} are in the folder already",
                folder.display()
            ),
            Side::Folder if self.destination.url.is_empty() => bail!(
                "the databases of {} are on a server: set `database_url` as it was, and run the command again",
                folder.display()
            ),
            Side::Folder | Side::Server => {}
        }
        full_disk::require_room_to_start(folder).await?;
        let source = Configuration {
            database_url: match self.destination.to {
                Side::Server => String::new(),
                Side::Folder => self.destination.url.clone(),
            },
            ..self.configuration.clone()
        };
        let mut contents = Contents::look(&source).await?;
        contents.require_no_other(&source)?;
        // As a start does: what is lost or damaged must not be moved as if it were all.
        contents.require_whole(&[])?;
        // A folder without a list gets one that knows all that is there.
        contents.record_begun()?;
        self.record = Record::read(folder)?;
        Ok(())
    }

    /// Refuses a server that would lose what it acknowledges or order texts otherwise, and one that
    /// holds something else.
    async fn require_free_target(&self, name: &str) -> Result<()> {
        if self.destination.to == Side::Folder {
            return Ok(());
        }
        let url = self.destination.url.as_str();
        let facts = inspect_postgres(url, SystemClock.now().microseconds()).await?;
        let database = &facts.database;
        ensure!(
            facts.is_durable,
            "{database} acknowledges what it may lose: set fsync, full_page_writes and synchronous_commit to on"
        );
        ensure!(
            matches!(facts.collation.as_str(), "C" | "POSIX"),
            "{database} orders texts by {}, so people may not be found by the beginnings of their names; make the \
             database with: CREATE DATABASE heliograph ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8' TEMPLATE template0",
            facts.collation
        );
        Ok(transfer::require_free_schemas(url, &schemas(), name).await?)
    }

    /// Refuses to finish a move otherwise than it was begun.
    async fn require_same_way(&self, switch: &Switch) -> Result<()> {
        ensure!(
            switch.to == self.destination.to,
            "a move to the {} is to be tidied up first: heliograph move databases --to {}",
            switch.to,
            switch.to
        );
        let url = self.destination.url.as_str();
        // The old schemas keep their names then.
        if url.is_empty() {
            return Ok(());
        }
        for spec in movable() {
            let found = transfer::schema_installation(url, spec.name).await?;
            let is_it = match switch.to {
                Side::Server => {
                    found.is_some() && found.as_deref() == self.record.installation(spec.name)
                }
                // An earlier run may have renamed it.
                Side::Folder => found.is_none() || found.as_deref() == self.record.left(spec.name),
            };
            ensure!(
                is_it,
                "the databases are, or were, on another server than this one; name that one to finish the move"
            );
        }
        Ok(())
    }
}

/// What they are called on a server.
fn schemas() -> Vec<&'static str> {
    movable().map(|spec| spec.name).collect()
}

/// A name that no other move has, of eight hexadecimal digits.
fn new_name() -> String {
    format!("{:08x}", rand::rng().next_u32())
}

/// Where a database's file is while a move makes it.
fn unfinished(configuration: &Configuration, spec: &DatabaseSpec) -> PathBuf {
    let name = format!("{}{}", spec.file, super::own_files::UNFINISHED);
    configuration.data_dir.join(name)
}

/// The migrations of a database on a server.
fn on_server(spec: &DatabaseSpec) -> Result<&'static infra_db::Migrator> {
    let migrations = spec.postgres_migrations;
    migrations.with_context(|| format!("{} is always in the folder", spec.name))
}
