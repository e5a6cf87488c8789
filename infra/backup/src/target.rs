//! The folder that backups are in.
//!
//! ```text
//! heliograph-backup.json   what the folder is, of which installation, and to whom it is encrypted
//! lock                     held while a backup is made in it
//! incoming/                files that are being written
//! earlier.list             the list of a snapshot that was not finished, for the next attempt
//! files/ab/ab…             photos' files, each once for all snapshots
//! snapshots/TIME/          the databases of one moment, its list of files, its manifest
//! ```

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use infra_kernel::Timestamp;
use serde::{Deserialize, Serialize};

use crate::batch::{make_folder, remove_folder, write_small};
use crate::digest::Digest;
use crate::error::failed;
use crate::list::{LIST, ListReader};
use crate::manifest::{FORMAT, MANIFEST, Manifest};
use crate::{BackupError, Recipient, Result, files};

const MARK: &str = "heliograph-backup.json";
const LOCK: &str = "lock";
const EARLIER_LIST: &str = "earlier.list";
/// What may be in a folder that is to hold backups: the file system's own, and what a first backup
/// leaves that was cut off at once.
const HARMLESS: [&str; 3] = [LOCK, "heliograph-backup.json.new", "lost+found"];
/// The ending of a snapshot that is being made.
const UNFINISHED: &str = ".unfinished";
/// The ending of a snapshot that is being removed.
const REMOVED: &str = ".removed";

/// What a folder of backups says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    format: u32,
    /// Names the installation; empty when it has no secret to name it by.
    installation: String,
    /// In their order, whatever order they were given in.
    recipients: BTreeSet<String>,
}

impl Mark {
    pub(crate) fn new(installation: &str, recipients: &[Recipient]) -> Self {
        Self {
            format: FORMAT,
            installation: installation.to_owned(),
            recipients: recipients.iter().map(ToString::to_string).collect(),
        }
    }
}

/// A folder of backups, held so that nobody else changes it.
pub(crate) struct Target {
    root: PathBuf,
    pub(crate) is_encrypted: bool,
    _lock: Option<File>,
}

impl Target {
    /// Makes the folder, or takes one that has backups of the same installation for the same
    /// recipients.
    pub(crate) fn create(root: &Path, mark: &Mark) -> Result<Self> {
        fs::create_dir_all(root).map_err(failed("made", root))?;
        // Before the lock is made: a folder that is somebody else's gets none.
        let known = read_mark(root)?;
        if known.is_none() {
            require_empty(root)?;
        }
        let lock_path = root.join(LOCK);
        let lock = infra_host::open_lock(&lock_path).map_err(failed("written", &lock_path))?;
        hold(root, &lock_path, lock.try_lock())?;
        // Again, now that it is held: two first backups may have found it empty.
        match read_mark(root)? {
            Some(known) => require_same(root, &known, mark)?,
            None => {
                let json = serde_json::to_vec_pretty(mark).expect("plain data is JSON");
                write_small(&root.join(MARK), &json)?;
            }
        }
        for folder in ["files", "snapshots"] {
            make_folder(&root.join(folder), None)?;
        }
        Ok(Self {
            root: root.to_owned(),
            is_encrypted: !mark.recipients.is_empty(),
            _lock: Some(lock),
        })
    }

    /// Opens a folder of backups to read it. It need not be writable.
    pub(crate) fn open(root: &Path) -> Result<Self> {
        let mark = read_mark(root)?.ok_or_else(|| {
            BackupError::Refused(format!(
                "{} holds no backups: there is no {MARK} in it; name the folder that `heliograph backup` was given",
                root.display()
            ))
        })?;
        let lock_path = root.join(LOCK);
        // Without it, as in a copy of the folder, nobody is making a backup. Opened to read, which
        // is enough for a lock: backups may lie where nothing can be written.
        let lock = File::open(&lock_path).ok();
        if let Some(lock) = &lock {
            hold(root, &lock_path, lock.try_lock_shared())?;
        }
        Ok(Self {
            root: root.to_owned(),
            is_encrypted: !mark.recipients.is_empty(),
            _lock: lock,
        })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn incoming(&self) -> PathBuf {
        self.root.join("incoming")
    }

    /// The folder of the photos' files, in folders by the first byte of their names.
    pub(crate) fn files(&self) -> PathBuf {
        self.root.join("files")
    }

    /// The place of a photo's file.
    pub(crate) fn file(&self, name: Digest) -> PathBuf {
        let name = name.to_string();
        self.root.join("files").join(&name[..2]).join(name)
    }

    /// The folder of a snapshot.
    pub(crate) fn snapshot(&self, name: &str) -> PathBuf {
        self.root.join("snapshots").join(name)
    }

    /// The folder of a snapshot that is being made.
    pub(crate) fn unfinished(&self, name: &str) -> PathBuf {
        self.root
            .join("snapshots")
            .join(format!("{name}{UNFINISHED}"))
    }

    /// The names of all snapshots, the oldest first.
    pub(crate) fn snapshots(&self) -> Result<Vec<String>> {
        let mut names: Vec<_> = self
            .entries()?
            .into_iter()
            .filter(|name| is_snapshot(name))
            .collect();
        names.sort_unstable();
        Ok(names)
    }

    /// The snapshot of this name, or the last one.
    pub(crate) fn find(&self, name: Option<&str>) -> Result<String> {
        let mut snapshots = self.snapshots()?;
        let root = self.root.display();
        match name {
            None => snapshots.pop().ok_or_else(|| {
                BackupError::Refused(format!("{root} has no snapshot that was finished"))
            }),
            Some(name) if snapshots.iter().any(|known| known == name) => Ok(name.to_owned()),
            Some(name) => Err(BackupError::Refused(format!(
                "{root} has no snapshot {name:?}; it has: {}",
                snapshots.join(", ")
            ))),
        }
    }

    /// The list of files of a snapshot that was not finished.
    pub(crate) fn earlier_list(&self) -> PathBuf {
        self.root.join(EARLIER_LIST)
    }

    /// Removes what earlier runs did not finish making or removing.
    pub(crate) fn remove_unfinished(&self) -> Result<()> {
        for name in self.entries()? {
            let path = self.snapshot(&name);
            if name.ends_with(UNFINISHED) {
                self.discard(&path)?;
            } else if name.ends_with(REMOVED) {
                remove_folder(&path)?;
            }
        }
        Ok(())
    }

    /// Removes what there is of an unfinished snapshot but its list, which says what the files are
    /// that were copied for it.
    pub(crate) fn discard(&self, unfinished: &Path) -> Result<()> {
        let list = unfinished.join(LIST);
        match fs::rename(&list, self.earlier_list()) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(failed("moved", &list)(error));
            }
            _ => {}
        }
        remove_folder(unfinished)
    }

    /// Removes a snapshot: it is under its name whole, or not at all.
    pub(crate) fn remove_snapshot(&self, name: &str) -> Result<()> {
        let (path, removed) = (
            self.snapshot(name),
            self.snapshot(&format!("{name}{REMOVED}")),
        );
        // By a rename: a removal that is cut off must not leave half a snapshot under its name.
        fs::rename(&path, &removed).map_err(failed("removed", &path))?;
        remove_folder(&removed)
    }

    /// The list of photos' files of a snapshot, after it was found to be what was written.
    pub(crate) fn list(&self, name: &str, manifest: &Manifest) -> Result<ListReader> {
        let folder = self.snapshot(name);
        let manifest_path = folder.join(MANIFEST);
        let entry = manifest.files.iter().find(|file| file.name == LIST);
        let entry = entry.ok_or_else(|| {
            BackupError::damaged(&manifest_path, format!("it does not name {LIST}"))
        })?;
        let path = folder.join(LIST);
        files::check(&path, &[entry.sum(&manifest_path)?])?;
        ListReader::open(&path)
    }

    fn entries(&self) -> Result<Vec<String>> {
        let folder = self.root.join("snapshots");
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed("read", &folder))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed("read", &folder))?;
            // What is not UTF-8 is no name of ours.
            names.extend(entry.file_name().into_string().ok());
        }
        Ok(names)
    }
}

/// The name of a snapshot of this moment, which sorts after this one whatever the clock says.
pub(crate) fn snapshot_name(now: Timestamp, last: Option<&str>) -> String {
    let mut milliseconds = now.milliseconds();
    loop {
        let name = format_name(milliseconds);
        if last.is_none_or(|last| name.as_str() > last) {
            return name;
        }
        let after = last.and_then(parse_name).unwrap_or(milliseconds);
        // The clock was set back, or a snapshot was made within this millisecond.
        milliseconds = milliseconds.max(after) + 1;
    }
}

/// Whether the time of a name is a minute or more after this moment.
pub(crate) fn is_ahead(name: &str, now: Timestamp) -> bool {
    parse_name(name).is_some_and(|time| time >= now.milliseconds() + 60_000)
}

const NAME_FORMAT: &str = "%Y-%m-%dT%H-%M-%S.%3fZ";

fn format_name(milliseconds: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(milliseconds).unwrap_or(jiff::Timestamp::MAX);
    time.strftime(NAME_FORMAT).to_string()
}

fn parse_name(name: &str) -> Option<i64> {
    let parsed = jiff::civil::DateTime::strptime(NAME_FORMAT, name).ok()?;
    let time = parsed.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(time.timestamp().as_millisecond())
}

fn is_snapshot(name: &str) -> bool {
    // The other way round, too: one moment has one name.
    parse_name(name).is_some_and(|time| format_name(time) == name)
}

fn read_mark(root: &Path) -> Result<Option<Mark>> {
    let path = root.join(MARK);
    // Not following links: one that leads nowhere must not count as nothing, and be written
    // through.
    if fs::symlink_metadata(&path).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Ok(None);
    }
    let json = files::read_small(&path)?;
    let mark: Mark = serde_json::from_slice(&json)
        .map_err(|error| BackupError::damaged(&path, error.to_string()))?;
    if mark.format != FORMAT {
        return Err(BackupError::Refused(format!(
            "{} is of format {}, and this heliograph ({}) knows format {FORMAT}: use the version that made it",
            path.display(),
            mark.format,
            env!("CARGO_PKG_VERSION")
        )));
    }
    Ok(Some(mark))
}

fn require_empty(root: &Path) -> Result<()> {
    for entry in fs::read_dir(root).map_err(failed("read", root))? {
        let name = entry.map_err(failed("read", root))?.file_name();
        if !HARMLESS.iter().any(|harmless| name == *harmless) {
            return Err(BackupError::Refused(format!(
                "{} is neither empty nor a folder of backups: there is {name:?} in it; choose another folder",
                root.display()
            )));
        }
    }
    Ok(())
}

fn require_same(root: &Path, known: &Mark, mark: &Mark) -> Result<()> {
    let root = root.display();
    // One without a name is of an installation that had no secret yet.
    let is_other = !known.installation.is_empty()
        && !mark.installation.is_empty()
        && known.installation != mark.installation;
    let sentence = if is_other {
        format!("{root} holds backups of another installation; choose another folder")
    } else if known.recipients.is_empty() && !mark.recipients.is_empty() {
        format!(
            "{root} holds backups that are not encrypted; choose another folder for those that are"
        )
    } else if known.recipients != mark.recipients {
        format!(
            "{root} holds backups that are encrypted to {}; give the same with --recipient, or choose another folder",
            Vec::from_iter(known.recipients.clone()).join(", ")
        )
    } else {
        return Ok(());
    };
    Err(BackupError::Refused(sentence))
}

fn hold(root: &Path, lock: &Path, held: std::result::Result<(), TryLockError>) -> Result<()> {
    match held {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(BackupError::Refused(format!(
            "another command works with the backups in {}; wait until it has ended",
            root.display()
        ))),
        Err(TryLockError::Error(error)) => Err(failed("locked", lock)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_named_by_its_time_and_sorts_after_those_before_it() {
        let now = Timestamp::from_milliseconds(1_796_000_000_123);
        let first = snapshot_name(now, None);
        assert!(
            is_snapshot(&first) && first.starts_with("2026-11-30T"),
            "{first}"
        );
        let mut last = first;
        // Also with a clock that was put back by an hour, and across the end of a second.
        for _ in 0..2_000 {
            let back = Timestamp::from_milliseconds(now.milliseconds() - 3_600_000);
            let next = snapshot_name(back, Some(&last));
            assert!(next > last && is_snapshot(&next), "{next} after {last}");
            assert!(is_ahead(&next, back) && !is_ahead(&next, now));
            last = next;
        }
    }

    #[test]
    fn nothing_else_is_a_snapshot() {
        for name in [
            "",
            "..",
            "2026-11-30",
            "2026-11-30T01-02-03.123Z.unfinished",
            "2026-11-30T01-02-03.123Z/..",
        ] {
            assert!(!is_snapshot(name), "{name}");
        }
    }
}
