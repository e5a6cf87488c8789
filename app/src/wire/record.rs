//! The list of what was made in the data folder, and of what its operator continues without.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use infra_domain::DatabaseSpec;

use super::databases::specs;
use super::moving::Side;

/// The list of the databases that were made here.
pub(crate) const RECORD: &str = "databases.list";
const RECORD_HEAD: &str = "# The databases that were made in this folder, so that one that is lost is known from one that a new version adds.\n";
/// How a line of the list begins that says where a domain's database is: its name and what the
/// database is known by follow.
const ON_SERVER: &str = "postgres ";
/// Lines of the list that say what the operator continues without, so that saying it once is
/// enough.
pub(super) const FILES_GIVEN_UP: &str = "lost photos";
pub(super) const BLOB_NAMES_GIVEN_UP: &str = "lost media";

/// How lines begin that say what the bucket is known by which the photos are in, and which others
/// they were in or are about to be: no installation but this one has used those.
const IN_BUCKET: &str = "photos s3 ";
const KNOWN_BUCKET: &str = "photos known ";
/// How the line begins that says how far a copy of the photos is: what its target is known by, and
/// the last key that is there and was read, follow.
const COPIED: &str = "photos copied ";
const PHOTOS: &str = "photos ";
/// How the line begins, in a backup alone, that says what the bucket is known by which the photos
/// were in that were backed up.
const BACKED_UP: &str = "photos backed-up ";
/// What a copy into the folder has as its target.
pub(super) const FOLDER: &str = "folder";

/// How the lines begin that name a move of the databases: one that may have begun to copy, and one
/// after which the databases are on the other side (which side follows the name), and which has
/// something left to do.
const MOVING: &str = "moving ";
const MOVED: &str = "moved ";
/// What stands before the line of a database on a server that such a move has left, until nothing
/// is to do there either.
const LEFT: &str = "left ";

/// A move of the databases that has something left to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Switch {
    pub(super) name: String,
    pub(super) to: Side,
}

/// Which databases were made in a folder. Without the list, as the first version left it, all that
/// it had are taken to have been made as soon as one is there.
pub(super) struct Record {
    pub(super) made: Option<BTreeSet<String>>,
}

impl Record {
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(RECORD);
        let text = match fs::read_to_string(&path) {
            // Nothing, not an empty list: a folder of the first version has databases and no list.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self { made: None }),
            text => text.with_context(|| format!("{} cannot be read", path.display()))?,
        };
        let names = text.lines().map(str::trim);
        let made = names
            .filter(|name| !name.is_empty() && !name.starts_with('#'))
            .map(str::to_owned);
        Ok(Self {
            made: Some(made.collect()),
        })
    }

    pub(super) fn has(&self, database: &DatabaseSpec, any_is_there: bool) -> bool {
        match &self.made {
            Some(made) => made.contains(database.file),
            None => any_is_there && database.is_original,
        }
    }

    /// What this domain's database on a server was known by when it was last used from here.
    pub(super) fn installation(&self, domain: &str) -> Option<&str> {
        self.find_on_server(domain, "")
    }

    /// The same of one that was left by a move which is not finished.
    pub(super) fn left(&self, domain: &str) -> Option<&str> {
        self.find_on_server(domain, LEFT)
    }

    fn find_on_server(&self, domain: &str, before: &str) -> Option<&str> {
        let mut lines = self.made.iter().flatten();
        lines.find_map(|line| {
            let on_server = line.strip_prefix(before)?.strip_prefix(ON_SERVER)?;
            let (name, id) = on_server.split_once(' ')?;
            (name == domain).then_some(id)
        })
    }

    /// Whether any domain's database was on a server.
    pub(super) fn has_server(&self) -> bool {
        let mut lines = self.made.iter().flatten();
        lines.any(|line| line.starts_with(ON_SERVER))
    }

    /// Notes by what a domain's database on a server is known.
    pub(super) fn set_installation(&mut self, folder: &Path, domain: &str, id: &str) -> Result<()> {
        let mut names = self.made.clone().unwrap_or_default();
        let earlier = format!("{ON_SERVER}{domain} ");
        names.retain(|line| !line.starts_with(&earlier));
        names.insert(format!("{earlier}{id}"));
        self.write(folder, names)
    }

    /// The name of the last move of the databases that was begun here.
    pub(super) fn move_name(&self) -> Option<&str> {
        let mut lines = self.made.iter().flatten();
        lines.find_map(|line| line.strip_prefix(MOVING))
    }

    /// Notes that a move with this name begins to copy.
    pub(super) fn begin_move(&mut self, folder: &Path, name: &str) -> Result<()> {
        self.add(folder, &[format!("{MOVING}{name}").as_str()])
    }

    /// The move after which the databases are on the other side, and which is not finished.
    pub(super) fn switch(&self) -> Option<Switch> {
        let mut lines = self.made.iter().flatten();
        lines.find_map(|line| {
            let (name, to) = line.strip_prefix(MOVED)?.split_once(' ')?;
            let to = Side::ALL.into_iter().find(|side| side.to_string() == to)?;
            Some(Switch {
                name: name.to_owned(),
                to,
            })
        })
    }

    /// Notes, all of it or nothing, that the databases of these domains are on the other side now:
    /// for a server, with what each is known by there.
    pub(super) fn switch_to(
        &mut self,
        folder: &Path,
        switch: &Switch,
        moved: &[(&DatabaseSpec, Option<String>)],
    ) -> Result<()> {
        let mut lines = self.made.clone().unwrap_or_default();
        lines.remove(&format!("{MOVING}{}", switch.name));
        // One write for all: there is no moment at which some domains are on one side and some on
        // the other.
        lines.insert(format!("{MOVED}{} {}", switch.name, switch.to));
        for (spec, installation) in moved {
            let on_server = format!("{ON_SERVER}{} ", spec.name);
            let left = lines.extract_if(.., |line| line.starts_with(&on_server));
            let left: Vec<_> = left.map(|line| format!("{LEFT}{line}")).collect();
            lines.extend(left);
            lines.remove(spec.file);
            lines.insert(match installation {
                Some(id) => format!("{on_server}{id}"),
                None => spec.file.to_owned(),
            });
        }
        self.write(folder, lines)
    }

    /// Notes that nothing is left to do of a move.
    pub(super) fn finish_move(&mut self, folder: &Path, switch: &Switch) -> Result<()> {
        let mut lines = self.made.clone().unwrap_or_default();
        lines.remove(&format!("{MOVED}{} {}", switch.name, switch.to));
        lines.retain(|line| !line.starts_with(LEFT));
        self.write(folder, lines)
    }

    fn line(&self, begin: &str) -> Option<&str> {
        let mut lines = self.made.iter().flatten();
        lines.find_map(|line| line.strip_prefix(begin))
    }

    /// What the bucket is known by which the photos are in; nothing when they are in the folder.
    pub(super) fn bucket(&self) -> Option<&str> {
        self.line(IN_BUCKET)
    }

    /// Whether a bucket is one that this folder has used or is about to use.
    pub(super) fn knows_bucket(&self, id: &str) -> bool {
        self.bucket() == Some(id) || self.notes(&format!("{KNOWN_BUCKET}{id}"))
    }

    /// Notes what a bucket is about to be known by.
    pub(super) fn note_bucket(&mut self, folder: &Path, id: &str) -> Result<()> {
        self.add(folder, &[format!("{KNOWN_BUCKET}{id}").as_str()])
    }

    /// Notes, all of it or nothing, that the photos are in this bucket now, or in the folder, and
    /// that no copy is under way.
    pub(super) fn set_bucket(&mut self, folder: &Path, id: Option<&str>) -> Result<()> {
        let mut lines = self.made.clone().unwrap_or_default();
        let before = self.bucket().map(|id| format!("{KNOWN_BUCKET}{id}"));
        let ended = [IN_BUCKET, COPIED, BACKED_UP];
        lines.retain(|line| !ended.iter().any(|begin| line.starts_with(begin)));
        // The one that is left stays known, so that the photos may be moved back to it.
        lines.extend(before);
        if let Some(id) = id {
            // It has a line of its own now, and one is enough.
            lines.remove(&format!("{KNOWN_BUCKET}{id}"));
            lines.insert(format!("{IN_BUCKET}{id}"));
        }
        self.write(folder, lines)
    }

    /// What the bucket is known by which the photos were in when the list was backed up. Nothing
    /// but a restore asks.
    pub(super) fn backed_up_bucket(&self) -> Option<&str> {
        self.line(BACKED_UP)
    }

    /// The last key that a copy of the photos to this target has come to.
    pub(super) fn copied(&self, target: &str) -> Option<&str> {
        let (known, key) = self.line(COPIED)?.split_once(' ')?;
        (known == target).then_some(key)
    }

    /// Notes that a copy of the photos to this target has come to this key.
    pub(super) fn note_copied(&mut self, folder: &Path, target: &str, key: &str) -> Result<()> {
        let mut lines = self.made.clone().unwrap_or_default();
        lines.retain(|line| !line.starts_with(COPIED));
        lines.insert(format!("{COPIED}{target} {key}"));
        self.write(folder, lines)
    }

    pub(super) fn notes(&self, line: &str) -> bool {
        self.made.as_ref().is_some_and(|made| made.contains(line))
    }

    /// Adds these to the list, whole or not at all.
    pub(super) fn add(&mut self, folder: &Path, lines: &[&str]) -> Result<()> {
        let mut names = self.made.clone().unwrap_or_default();
        names.extend(lines.iter().map(|line| (*line).to_owned()));
        self.write(folder, names)
    }

    /// Takes one off the list.
    pub(super) fn remove(&mut self, folder: &Path, line: &str) -> Result<()> {
        let mut names = self.made.clone().unwrap_or_default();
        names.remove(line);
        self.write(folder, names)
    }

    fn write(&mut self, folder: &Path, names: BTreeSet<String>) -> Result<()> {
        // Each start comes here, and most have nothing to say.
        if self.made.as_ref() == Some(&names) {
            return Ok(());
        }
        let text = text_of(&names);
        let path = folder.join(RECORD);
        // By a rename: a switch that is half written would lose both sides.
        let written = infra_host::replace(&path, text.as_bytes());
        written.with_context(|| format!("{} cannot be written", path.display()))?;
        // Only when it is on the disk: what is noted here is acted on.
        self.made = Some(names);
        Ok(())
    }
}

fn text_of(names: &BTreeSet<String>) -> String {
    let mut text = RECORD_HEAD.to_owned();
    for name in names {
        text.push_str(name);
        text.push('\n');
    }
    text
}

/// The text of the list for a backup of these databases: without those that are made again from
/// the others, so that they are new where the backup is restored, and not lost.
///
/// # Errors
/// When the list cannot be read.
pub(crate) fn for_backup(folder: &Path, databases: &[PathBuf]) -> Result<String> {
    let record = Record::read(folder)?;
    let bucket = record.bucket().map(|id| format!("{BACKED_UP}{id}"));
    let mut names = record.made.unwrap_or_default();
    let files = databases.iter().filter_map(|path| path.file_name());
    names.extend(files.map(|name| name.to_string_lossy().into_owned()));
    let is_made_again = |name: &String| specs().any(|spec| spec.is_read_model && spec.file == name);
    // A move that was begun here has nothing to do with where this is restored. Nor has a bucket
    // that its photos were in: only who says so may restore to that one.
    names.retain(|name| {
        !is_made_again(name) && !name.starts_with(MOVING) && !name.starts_with(PHOTOS)
    });
    names.extend(bucket);
    Ok(text_of(&names))
}

/// Whether the database that named the photos' files was lost and started over here: what nothing
/// names may then be a photo.
///
/// # Errors
/// When the list cannot be read.
pub(crate) fn blob_names_are_given_up(folder: &Path) -> Result<bool> {
    Ok(Record::read(folder)?.notes(BLOB_NAMES_GIVEN_UP))
}

/// Records that what nothing names was deleted by the operator's wish: from here on it is a
/// leftover.
///
/// # Errors
/// When the list cannot be read or written.
pub(crate) fn record_unnamed_deleted(folder: &Path) -> Result<()> {
    let mut record = Record::read(folder)?;
    if record.notes(BLOB_NAMES_GIVEN_UP) {
        record.remove(folder, BLOB_NAMES_GIVEN_UP)?;
    }
    Ok(())
}
