//! What a backup asks about copies of the databases, asked of the domains.

use std::fs;
use std::path::Path;

use infra_backup::{BackupError, Installation, NamedBlob, Result};
use infra_db::{Database, DatabaseState, DbError, examine, inspect};
use infra_domain::DatabaseSpec;
use tokio::runtime::Handle;

use crate::wire::compose::{DOMAINS, Entry};
use crate::wire::databases;
use crate::wire::restored_photos::{self, RestoredBucket};

/// How many keys are asked for at once.
const PAGE: i64 = 5_000;
/// A copy of a copy, brought up to date to be asked.
const UP_TO_DATE: &str = "up-to-date.db";

/// The copies of the databases in a folder.
pub(super) struct Copies<'b> {
    runtime: Handle,
    /// Where photos are restored to that are not in the folder.
    bucket: Option<&'b RestoredBucket>,
}

impl<'b> Copies<'b> {
    pub(super) const fn new(runtime: Handle) -> Self {
        Self {
            runtime,
            bucket: None,
        }
    }

    /// The same for a restore.
    pub(super) const fn restored_with(runtime: Handle, bucket: Option<&'b RestoredBucket>) -> Self {
        Self { runtime, bucket }
    }
}

impl Installation for Copies<'_> {
    fn check_copies(&self, folder: &Path) -> Result<()> {
        for spec in databases::specs() {
            let path = folder.join(spec.file);
            if path.exists() {
                // On a thread that may wait (`in_background`).
                self.runtime.block_on(check(spec, &path))?;
            }
        }
        Ok(())
    }

    fn restored(&self, folder: &Path) -> Result<()> {
        let path = folder.join(databases::BUS.file);
        if path.exists() {
            self.runtime.block_on(renew_installation(&path))?;
        }
        let noted = match self.bucket {
            Some(bucket) => self.runtime.block_on(bucket.take(folder)),
            None => restored_photos::note_in_folder(folder),
        };
        noted.map_err(|error| BackupError::Refused(format!("{error:#}")))
    }

    fn named_blobs(
        &self,
        folder: &Path,
        page: &mut dyn FnMut(Vec<NamedBlob>) -> Result<()>,
    ) -> Result<()> {
        for entry in DOMAINS {
            if entry.database.names_blobs && folder.join(entry.database.file).exists() {
                self.runtime.block_on(named_by(entry, folder, page))?;
            }
        }
        Ok(())
    }
}

/// Has the bus's database be of a new installation: the log of events on servers has gone on since
/// the snapshot, and consumers would not handle again what they had handled by then.
async fn renew_installation(path: &Path) -> Result<()> {
    let file = databases::BUS.file;
    let database = Database::open(path, databases::BUS.migrations).await;
    let database = database.map_err(failed(file))?;
    let renewed = infra_bus::renew_installation(&database).await;
    // Closed also after a failure: a log beside the file would belong to it and not be moved along.
    let is_whole = database.close().await;
    renewed.map_err(failed(file))?;
    match is_whole {
        true => Ok(()),
        false => Err(BackupError::Refused(format!(
            "{file} could not be closed in order; run the restore again, which continues"
        ))),
    }
}

async fn check(spec: &DatabaseSpec, path: &Path) -> Result<()> {
    let file = spec.file;
    let refuse = |sentence: String| Err(BackupError::Refused(sentence));
    match examine(path, spec.migrations).await.map_err(failed(file))? {
        DatabaseState::Ready { .. } => {}
        DatabaseState::Newer => {
            return refuse(format!(
                "{file} was brought up to date by a newer heliograph than this one ({}); use that version",
                env!("CARGO_PKG_VERSION")
            ));
        }
        DatabaseState::Damaged(reason) => return refuse(damaged(file, &reason)),
        other => {
            return refuse(format!(
                "{file} is not the database of {}: {other:?}",
                spec.name
            ));
        }
    }
    let found = inspect(path).await.map_err(failed(file))?;
    if found.integrity != "ok" {
        return refuse(damaged(file, &found.integrity));
    }
    Ok(())
}

fn damaged(file: &str, reason: &str) -> String {
    format!(
        "{file} is damaged ({reason}), and nothing was made of it: look at it with `heliograph doctor`; earlier snapshots are \
         as they were"
    )
}

fn failed(file: &str) -> impl FnOnce(DbError) -> BackupError {
    let what = format!("{file} cannot be read");
    move |error| BackupError::Caller(what, Box::new(error))
}

async fn named_by(
    entry: &Entry,
    folder: &Path,
    page: &mut dyn FnMut(Vec<NamedBlob>) -> Result<()>,
) -> Result<()> {
    let spec = entry.database;
    let database = open_up_to_date(spec, folder).await?;
    let read = read_pages(entry, &database, page).await;
    database.close().await;
    for ending in ["", "-wal", "-shm"] {
        // It is there only if the copy was not up to date.
        let _ = fs::remove_file(folder.join(format!("{UP_TO_DATE}{ending}")));
    }
    read
}

/// The copy, read-only. One that waits for migrations is copied again, and these are run: the
/// program asks in the words of its own version.
async fn open_up_to_date(spec: &DatabaseSpec, folder: &Path) -> Result<Database> {
    let (path, up_to_date) = (folder.join(spec.file), folder.join(UP_TO_DATE));
    match examine(&path, spec.migrations)
        .await
        .map_err(failed(spec.file))?
    {
        DatabaseState::Ready { pending: 1.. } => {}
        _ => return Ok(Database::open_read_only(&path)),
    }
    fs::copy(&path, &up_to_date).map_err(|error| {
        BackupError::Caller(
            format!("{} cannot be written", up_to_date.display()),
            Box::new(error),
        )
    })?;
    let opened = Database::open(&up_to_date, spec.migrations).await;
    opened.map_err(failed(spec.file))
}

async fn read_pages(
    entry: &Entry,
    database: &Database,
    page: &mut dyn FnMut(Vec<NamedBlob>) -> Result<()>,
) -> Result<()> {
    let file = entry.database.file;
    let mut after = String::new();
    loop {
        let named = (entry.named_blobs)(database, after, PAGE).await;
        let named = named.map_err(failed(file))?;
        let Some(last) = named.last() else {
            return Ok(());
        };
        after = last.key.clone();
        let blob = |named: &infra_domain::NamedBlob| {
            named.key.parse().map(|key| NamedBlob {
                key,
                is_lost: named.is_lost,
            })
        };
        let blobs: std::result::Result<Vec<_>, _> = named.iter().map(blob).collect();
        let blobs = blobs.map_err(|error| {
            BackupError::Caller(
                format!("{file} names a file in a way that cannot be"),
                Box::new(error),
            )
        })?;
        page(blobs)?;
    }
}
