//! The folder that holds everything: whose it is at the moment, what is in it, and what is lost
//! from it.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use infra_db::{DatabaseState, examine};
use infra_domain::DatabaseSpec;
use infra_host::Ballast;

use super::databases::{specs, specs_in_folder};
use super::own_files::is_own_file;
use super::record::{BLOB_NAMES_GIVEN_UP, FILES_GIVEN_UP, Record};
use super::secret;
use super::{backups, permissions};
use crate::config::Configuration;

/// The lock of the process that serves.
pub(crate) const LOCK: &str = "heliograph.lock";
/// What addresses are signed with.
pub(crate) const SECRET: &str = secret::FILE;
/// Photos and their renditions.
pub(crate) const MEDIA: &str = "media";

/// The folder that holds everything, held by this process alone.
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Makes the folder when it is not there, takes hold of it, and takes from others what they
    /// should not reach.
    ///
    /// # Errors
    /// When it cannot be made or written to, or another process serves from it.
    pub fn hold(path: &Path) -> Result<Self> {
        fs::create_dir_all(path).with_context(|| {
            format!(
                "the data folder {} cannot be made; choose another with --data-dir",
                path.display()
            )
        })?;
        let lock_path = path.join(LOCK);
        // A lock of the system and no file that says so: it ends with the process, however that
        // ends.
        let lock = infra_host::open_lock(&lock_path)
            .with_context(|| format!("the data folder {} cannot be written to", path.display()))?;
        // Single writer (ADR 0026): anyone who holds this lock is the home of every database in the
        // folder.
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "another heliograph serves from {}; stop it first, or choose another folder with --data-dir",
                path.display()
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error)
                    .with_context(|| format!("{} cannot be locked", lock_path.display()));
            }
        }
        give(path, &lock_path)?;
        // Nobody else makes one while this holds the folder.
        Ballast::of(path).remove_unfinished();
        permissions::restrict(path);
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// The path of the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// What a folder holds, looked at without changing it.
pub(crate) struct Contents {
    folder: PathBuf,
    record: Record,
    states: Vec<(
        &'static DatabaseSpec,
        Result<DatabaseState, infra_db::DbError>,
    )>,
}

/// A database as it was found.
pub(crate) enum Found<'contents> {
    /// Sound as far as a quick look can tell; so many migrations wait for the next start.
    Ready(usize),
    /// Not there, and not expected to be.
    New,
    /// It was there, and is not any more, or has nothing in it any more.
    Lost,
    /// It was migrated by a newer version.
    Newer,
    /// It is not this domain's.
    Foreign,
    /// It is no whole database.
    Damaged(&'contents str),
    /// It could not be looked at.
    Unreadable(&'contents infra_db::DbError),
}

impl Contents {
    /// Looks at every database that is a file of the folder.
    ///
    /// # Errors
    /// When the list of what was made cannot be read, or the folder is being restored.
    pub(crate) async fn look(configuration: &Configuration) -> Result<Self> {
        let folder = configuration.data_dir.as_path();
        // Before anything is looked at: half of a restore would seem to be losses.
        backups::require_no_restore(folder)?;
        let record = Record::read(folder)?;
        let looks = specs_in_folder(configuration).map(|database| async move {
            let state = examine(&folder.join(database.file), database.migrations).await;
            (database, state)
        });
        Ok(Self {
            folder: folder.to_owned(),
            record,
            // Side by side: each waits for a disk.
            states: futures::future::join_all(looks).await,
        })
    }

    /// Each database and what was found.
    pub(crate) fn databases(&self) -> impl Iterator<Item = (&'static DatabaseSpec, Found<'_>)> {
        let is_there = |state: &Result<DatabaseState, _>| {
            !matches!(state, Ok(DatabaseState::Missing | DatabaseState::Empty))
        };
        // Without a list, as the first version left folders: all new, or some lost.
        let any_is_there = self.states.iter().any(|(_, state)| is_there(state));
        self.states.iter().map(move |(database, state)| {
            let found = match state {
                Ok(DatabaseState::Missing | DatabaseState::Empty)
                    if self.record.has(database, any_is_there) =>
                {
                    Found::Lost
                }
                Ok(DatabaseState::Missing | DatabaseState::Empty) => Found::New,
                Ok(DatabaseState::Ready { pending }) => Found::Ready(*pending),
                Ok(DatabaseState::Newer) => Found::Newer,
                Ok(DatabaseState::Foreign) => Found::Foreign,
                Ok(DatabaseState::Damaged(reason)) => Found::Damaged(reason),
                Err(error) => Found::Unreadable(error),
            };
            (*database, found)
        })
    }

    /// Says no to a folder from which something is lost or in which something is wrong. `accepted`
    /// names the domains that may begin with nothing.
    ///
    /// # Errors
    /// A sentence that names the first file, and what to do.
    pub(crate) fn require_whole(&self, accepted: &[String]) -> Result<()> {
        for (database, found) in self.databases() {
            let path = self.folder.join(database.file);
            match found {
                Found::Ready(_) | Found::New => {}
                Found::Lost if database.is_read_model => tracing::warn!(
                    database = %path.display(),
                    "a database was lost that is made again from the others"
                ),
                Found::Lost if accepted.iter().any(|domain| domain == database.name) => {
                    tracing::warn!(
                        database = %path.display(),
                        "a database was lost, and begins with nothing as the operator wishes"
                    );
                }
                found => bail!(problem(database, &path, &found)),
            }
        }
        Ok(())
    }

    /// Says no to a folder whose domains are elsewhere than the configuration says, in files or on
    /// a server: everything would seem lost.
    ///
    /// # Errors
    /// A sentence that names the first file, and what to do.
    pub(crate) fn require_no_other(&self, configuration: &Configuration) -> Result<()> {
        if let Some(switch) = self.record.switch() {
            bail!(
                "the databases of {} are moved, and what is left of the move is to be tidied up: run `heliograph move \
                 databases --to {}` once more",
                self.folder.display(),
                switch.to
            );
        }
        if configuration.database_url.is_empty() && self.record.has_server() {
            bail!(
                "the domains of {} are on a server: set `database_url` as it was, or choose another folder with --data-dir",
                self.folder.display()
            );
        }
        let is_used = |file| specs_in_folder(configuration).any(|spec| spec.file == file);
        let mut unused = specs().filter(|spec| !is_used(spec.file));
        let Some(found) = unused.find(|spec| self.folder.join(spec.file).exists()) else {
            return Ok(());
        };
        bail!(
            "{} holds what people have, and `database_url` names a server where it is not: move it there with `heliograph move \
             databases --to server`, unset `database_url`, or choose another folder with --data-dir",
            self.folder.join(found.file).display()
        )
    }

    /// Says no to a database on a server that is not the one which this folder was used with,
    /// unless the operator continues without what was in that one; and remembers which it is.
    ///
    /// # Errors
    /// A sentence that says what to do.
    pub(crate) fn require_known(
        &mut self,
        spec: &DatabaseSpec,
        installation: &str,
        accepted: &[String],
    ) -> Result<()> {
        let known = self.record.installation(spec.name);
        if known == Some(installation) {
            return Ok(());
        }
        if let Some(problem) = self.other_than(spec, installation) {
            let is_accepted = accepted.iter().any(|domain| domain == spec.name);
            if !is_accepted && !spec.is_read_model {
                bail!(problem);
            }
            // What that database named is named by nobody now, and may still be people's photos.
            if spec.names_blobs {
                self.record.add(&self.folder, &[BLOB_NAMES_GIVEN_UP])?;
            }
        }
        self.record
            .set_installation(&self.folder, spec.name, installation)
    }

    /// What is wrong with a database on a server, and what to do, where this folder was used with
    /// another one.
    pub(crate) fn other_than(&self, spec: &DatabaseSpec, installation: &str) -> Option<String> {
        let known = self.record.installation(spec.name)?;
        (known != installation).then(|| {
            format!(
                "the database that `database_url` names is not the one of {} that {} was used with: name that one, or restore it \
                 from a backup; or go on without all that was in it: heliograph serve --accept-lost {}",
                spec.name,
                self.folder.display(),
                spec.name
            )
        })
    }

    /// Records that databases are about to be made here: from now on only what is on the list can
    /// be lost. A first start that is cut off continues at the next.
    pub(crate) fn record_begun(&mut self) -> Result<()> {
        let is_first = self.record.made.is_none();
        let mut lines = Vec::new();
        for (database, found) in self.databases() {
            if is_first && !matches!(found, Found::New) {
                // Only what is there: what is new is listed when it is made, and not lost before.
                lines.push(database.file);
            }
            // It has been accepted, or nothing would begin.
            if matches!(found, Found::Lost) && database.names_blobs {
                lines.push(BLOB_NAMES_GIVEN_UP);
            }
        }
        self.record.add(&self.folder, &lines)
    }

    /// Records that every database was made.
    pub(crate) fn record_made(&mut self) -> Result<()> {
        let all: Vec<_> = self
            .states
            .iter()
            .map(|(database, _)| database.file)
            .collect();
        self.record.add(&self.folder, &all)
    }

    /// The list of what was made here.
    pub(super) fn record(&mut self) -> &mut Record {
        &mut self.record
    }

    /// Whether the operator continues without the photos' files that are lost, until there are
    /// files again.
    pub(crate) fn files_are_given_up(&self) -> bool {
        self.record.notes(FILES_GIVEN_UP)
    }

    /// Records that the operator continues without the photos' files, or that there are files
    /// again, which can be lost again.
    pub(crate) fn record_files(&mut self, are_given_up: bool) -> Result<()> {
        if are_given_up {
            return self.record.add(&self.folder, &[FILES_GIVEN_UP]);
        }
        if self.files_are_given_up() {
            return self.record.remove(&self.folder, FILES_GIVEN_UP);
        }
        Ok(())
    }
}

/// Gives everything of ours in the folder that root made to the folder's owner: databases, and what
/// SQLite keeps beside them. A command that root runs must not lock out the service.
///
/// # Errors
/// When something cannot be given.
pub(crate) fn give_all(folder: &Path) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries.flatten() {
        if is_own_file(&entry.file_name()) {
            give(folder, &entry.path())?;
        }
    }
    Ok(())
}

fn give(folder: &Path, path: &Path) -> Result<()> {
    match infra_host::give_to_owner_of(folder, path) {
        // SQLite has taken it away in between.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        given => given
            .with_context(|| format!("{} cannot be given to the folder's owner", path.display())),
    }
}

/// What is wrong with a database, and what to do. Empty when nothing is.
pub(crate) fn problem(database: &DatabaseSpec, path: &Path, found: &Found<'_>) -> String {
    let (file, domain) = (path.display(), database.name);
    match found {
        Found::Ready(_) | Found::New => String::new(),
        Found::Lost if database.is_read_model => {
            format!("{file} is lost; it is made again from the others at the next start")
        }
        Found::Lost => format!(
            "{file} is lost: it was made here, and is not there any more or is empty. Restore it from a backup, with the \
             -wal file that belongs to it; or go on without all that was in it: heliograph serve --accept-lost {domain}"
        ),
        Found::Newer => format!(
            "{file} was brought up to date by a newer heliograph than this one ({}); run that version, or restore the whole \
             folder from a backup that is older than the upgrade",
            env!("CARGO_PKG_VERSION")
        ),
        Found::Foreign => format!(
            "{file} is a database, but not the one of {domain}; put the right one in its place, from a backup if need be"
        ),
        Found::Damaged(reason) if database.is_read_model => format!(
            "{file} is damaged ({reason}); remove it while nothing serves, and it is made again from the others"
        ),
        Found::Damaged(reason) => {
            format!("{file} is damaged ({reason}); stop the server and restore it from a backup")
        }
        Found::Unreadable(error) => format!("{file} cannot be read: {}", causes(error)),
    }
}

/// An error with its causes on one line.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
