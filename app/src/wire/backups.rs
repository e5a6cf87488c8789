//! What backups and restores have to do with the data folder: which of its files they take, and
//! what they leave in it.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use infra_domain::{DatabaseSpec, Finding};
use infra_kernel::{Clock as _, SystemClock};
use serde::{Deserialize, Serialize};

use super::data_folder::{Contents, Found};
use super::databases_lock::DatabasesLock;
use super::record;
use crate::config::Configuration;

/// What a restore has written that has not ended.
pub(crate) const RESTORE: &str = "restore.unfinished";
/// Copies of databases that are about to be encrypted.
pub(crate) const SCRATCH: &str = "backup.unfinished";
/// Held while a backup is made of the folder.
pub(crate) const LOCK: &str = "backup.lock";
/// When the last backup was made, and where it is.
pub(crate) const LAST: &str = "last-backup.json";
/// An older backup than this is warned of.
const AGE_MAX_US: i64 = 7 * 24 * 3_600 * 1_000_000;

/// Says no to a folder to which something is being restored: what is there is not all there is.
///
/// # Errors
/// A sentence that says what to do.
pub(crate) fn require_no_restore(folder: &Path) -> Result<()> {
    if folder.join(RESTORE).exists() {
        bail!(
            "{} was begun to be restored from a backup, and the restore has not ended: run `heliograph restore` again as \
             before, which continues; or remove everything in the folder",
            folder.display()
        );
    }
    Ok(())
}

/// The databases of a folder that belong in a backup: not those that are made again from the
/// others.
///
/// # Errors
/// When there is none, or one is not what it should be.
pub(crate) async fn databases(configuration: &Configuration) -> Result<(Contents, Vec<PathBuf>)> {
    let contents = Contents::look(configuration).await?;
    contents.require_no_other(configuration)?;
    contents.require_whole(&[])?;
    let kept = |(spec, found): (&'static DatabaseSpec, Found<'_>)| {
        let is_there = matches!(found, Found::Ready(_)) && !spec.is_read_model;
        is_there.then(|| configuration.data_dir.join(spec.file))
    };
    let databases: Vec<_> = contents.databases().filter_map(kept).collect();
    if databases.is_empty() {
        bail!(
            "there is nothing to back up in {}: it has no databases; name the right folder with --data-dir",
            configuration.data_dir.display()
        );
    }
    Ok((contents, databases))
}

/// The name of a small file, and what is in it.
pub(crate) type SmallFile = (&'static str, Vec<u8>);

/// The small files of a folder that belong in a backup, with what is in them, and the secret.
///
/// # Errors
/// When one cannot be read.
pub(crate) fn small_files(
    folder: &Path,
    databases: &[PathBuf],
) -> Result<(Vec<SmallFile>, Vec<u8>)> {
    let record = record::for_backup(folder, databases)?;
    let mut files = vec![(record::RECORD, record.into_bytes())];
    let path = folder.join(super::secret::FILE);
    let secret = match fs::read(&path) {
        // It is made at the first start that serves, which there may not have been yet.
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        secret => secret.with_context(|| format!("{} cannot be read", path.display()))?,
    };
    if !secret.is_empty() {
        files.push((super::secret::FILE, secret.clone()));
    }
    Ok((files, secret))
}

/// The names of small files that a data folder may have.
pub(crate) const SMALL_FILES: [&str; 2] = [record::RECORD, super::secret::FILE];

/// The folder, held against a second backup of it and against a move of its databases.
pub(crate) struct Held {
    _lock: File,
    _databases: DatabasesLock,
}

/// Takes hold of the folder.
///
/// # Errors
/// When there is another backup or a move, or the folder cannot be written to.
pub(crate) fn hold(folder: &Path) -> Result<Held> {
    // Before the second lock, and held as long: a move must not begin while files are copied.
    let databases = DatabasesLock::shared(folder)?;
    let path = folder.join(LOCK);
    let lock = infra_host::open_lock(&path)
        .with_context(|| format!("the data folder {} cannot be written to", folder.display()))?;
    // Else a lock that root made would keep the service's own backups out.
    infra_host::give_to_owner_of(folder, &path)?;
    match lock.try_lock() {
        Ok(()) => Ok(Held {
            _lock: lock,
            _databases: databases,
        }),
        Err(fs::TryLockError::WouldBlock) => bail!(
            "another backup of {} is being made; wait until it has ended",
            folder.display()
        ),
        Err(fs::TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("{} cannot be locked", path.display()))
        }
    }
}

/// The last backup of a data folder.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LastBackup {
    /// The name of its snapshot.
    pub(crate) snapshot: String,
    /// The folder of backups.
    pub(crate) target: PathBuf,
    /// When it was made, in microseconds since 1970.
    pub(crate) taken_at_us: i64,
    /// How many photos' files were lost when it was made.
    #[serde(default)]
    pub(crate) lost: u64,
}

impl LastBackup {
    /// Records it in the folder.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn record(&self, folder: &Path) -> Result<()> {
        let json = serde_json::to_vec_pretty(self)?;
        Ok(infra_host::replace(&folder.join(LAST), &json)?)
    }
}

/// How old the last backup is, if the folder knows of one.
pub(crate) fn finding(folder: &Path) -> Option<Finding> {
    let path = folder.join(LAST);
    let json = match fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        json => json.map_err(anyhow::Error::from),
    };
    let last: Result<LastBackup> = json.and_then(|json| Ok(serde_json::from_slice(&json)?));
    let last = match last {
        Ok(last) => last,
        Err(error) => {
            let path = path.display();
            return Some(Finding::Warning(format!(
                "{path} cannot be read ({error}); the next `heliograph backup` writes it again"
            )));
        }
    };
    let age_us = SystemClock.now().microseconds() - last.taken_at_us;
    let sentence = format!(
        "the last backup was made {} ago: {} in {}",
        duration(age_us),
        last.snapshot,
        last.target.display()
    );
    Some(if age_us > AGE_MAX_US {
        Finding::Warning(format!(
            "{sentence}; make another one with `heliograph backup`"
        ))
    } else if last.lost > 0 {
        Finding::Warning(format!(
            "{sentence}; photos' files that were lost already when it was made: {}; look at them with `heliograph media check`",
            last.lost
        ))
    } else {
        Finding::Good(sentence)
    })
}

/// A duration in the largest unit of which there are at least two.
fn duration(microseconds: i64) -> String {
    // The clock may have been set back since.
    let minutes = microseconds.max(0) / 60_000_000;
    match minutes {
        0..120 => format!("{minutes} minutes"),
        120..2_880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1_440),
    }
}
