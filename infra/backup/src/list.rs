//! The list of the photos' files that a snapshot needs: a line each, in the order of their names.
//!
//! A line is the name, the length, and the hash of what is stored where that is not the name
//! itself. Lists are read from the beginning to the end, several side by side, and never held.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use infra_blob::PatientFile;

use crate::digest::{Digest, Hashing, Sum};
use crate::error::{failed, unreadable};
use crate::{BackupError, Result, batch};

/// Its name in a snapshot.
pub(crate) const LIST: &str = "photos.list";
/// The longest line that is read, in bytes: two hashes and a length take some 150.
const LINE_BYTES_MAX: u64 = 256;

/// A photo's file in a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) name: Digest,
    /// What lies there, which is not the content where it is encrypted.
    pub(crate) sum: Sum,
}

/// Writes a list, and hashes it on the way.
pub(crate) struct ListWriter {
    path: PathBuf,
    file: Hashing<BufWriter<File>>,
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}

impl ListWriter {
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).map_err(failed("written", path))?;
        Ok(Self {
            path: path.to_owned(),
            file: Hashing::new(BufWriter::new(file)),
            files: 0,
            bytes: 0,
        })
    }

    /// Adds a file whose name comes after those of all before it.
    pub(crate) fn add(&mut self, stored: Stored) -> Result<()> {
        let Stored { name, sum } = stored;
        let written = if sum.digest == name {
            writeln!(self.file, "{name} {}", sum.bytes)
        } else {
            writeln!(self.file, "{name} {} {}", sum.bytes, sum.digest)
        };
        written.map_err(failed("written", &self.path))?;
        self.files += 1;
        self.bytes += sum.bytes;
        Ok(())
    }

    /// Syncs the list, and returns what was written.
    pub(crate) fn finish(mut self) -> Result<Sum> {
        self.file.flush().map_err(failed("written", &self.path))?;
        batch::sync_file(&self.path)?;
        Ok(self.file.sum())
    }
}

/// Reads a list, one line ahead.
pub(crate) struct ListReader {
    path: PathBuf,
    file: BufReader<PatientFile>,
    /// The next file, which was read already.
    next: Option<Stored>,
}

impl ListReader {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let (file, _) = crate::files::open(path)?;
        let mut reader = Self {
            path: path.to_owned(),
            file: BufReader::new(file),
            next: None,
        };
        reader.next = reader.read()?;
        Ok(reader)
    }

    /// The next file; none at the end. An error where the names do not rise.
    pub(crate) fn next(&mut self) -> Result<Option<Stored>> {
        let Some(stored) = self.next else {
            return Ok(None);
        };
        self.next = self.read()?;
        // Who merges or searches lists rests on their order.
        if self.next.is_some_and(|next| next.name <= stored.name) {
            return Err(self.damaged("its lines are not in order"));
        }
        Ok(Some(stored))
    }

    /// The name of the next file.
    pub(crate) fn peek(&self) -> Option<Digest> {
        self.next.map(|next| next.name)
    }

    /// What the list says of this name, when it is asked for names in their order.
    pub(crate) fn find(&mut self, name: Digest) -> Result<Option<Stored>> {
        while self.peek().is_some_and(|next| next < name) {
            self.next()?;
        }
        Ok(self.next.filter(|next| next.name == name))
    }

    /// The same of a list that may be cut off or damaged: there it ends.
    pub(crate) fn find_readable(&mut self, name: Digest) -> Option<Sum> {
        let found = self.find(name);
        if found.is_err() {
            self.next = None;
        }
        Some(found.ok()??.sum)
    }

    fn read(&mut self) -> Result<Option<Stored>> {
        let mut line = String::new();
        // A damaged list may have no line break at all.
        let read = (&mut self.file).take(LINE_BYTES_MAX).read_line(&mut line);
        if read.map_err(unreadable(&self.path))? == 0 {
            return Ok(None);
        }
        let stored = line.strip_suffix('\n').and_then(parse);
        stored
            .map(Some)
            .ok_or_else(|| self.damaged(&format!("{:?} is no line of it", line.trim_end())))
    }

    fn damaged(&self, reason: &str) -> BackupError {
        BackupError::damaged(&self.path, reason)
    }
}

fn parse(line: &str) -> Option<Stored> {
    let mut parts = line.split(' ');
    let name: Digest = parts.next()?.parse().ok()?;
    let bytes = parts.next()?.parse().ok()?;
    let digest = parts.next().map_or(Ok(name), str::parse).ok()?;
    let sum = Sum { bytes, digest };
    parts.next().is_none().then_some(Stored { name, sum })
}

/// Several lists as one, each name once.
pub(crate) struct MergedLists(Vec<ListReader>);

impl MergedLists {
    pub(crate) fn new(lists: Vec<ListReader>) -> Self {
        Self(lists)
    }

    /// The next file of any of them, and what they say of it. That differs where an encrypted file
    /// was damaged and made again: encrypted twice, nothing is the same.
    pub(crate) fn next(&mut self) -> Result<Option<(Digest, Vec<Sum>)>> {
        let Some(name) = self.0.iter().filter_map(ListReader::peek).min() else {
            return Ok(None);
        };
        let mut sums = Vec::new();
        for list in &mut self.0 {
            if list.peek() == Some(name) {
                sums.extend(list.next()?.map(|stored| stored.sum));
            }
        }
        sums.dedup();
        Ok(Some((name, sums)))
    }

    /// Whether any of them has this name, when names are asked for in their order.
    pub(crate) fn has(&mut self, name: Digest) -> Result<bool> {
        let mut has = false;
        for list in &mut self.0 {
            has |= list.find(name)?.is_some();
        }
        Ok(has)
    }
}
