//! What a directory store holds, page by page.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::incoming::INCOMING;
use crate::{BlobKey, Page, Stored};

/// The most strange names that one page reports: more would say nothing new.
pub(crate) const FOREIGN_FILES_MAX: usize = 100;
/// What file systems put at the top of their own accord.
const NOT_STRANGE: [&str; 2] = [INCOMING, "lost+found"];

/// Walks the folders in order. No more is held than the names in one folder of each level and the
/// page.
pub(crate) fn page(root: &Path, after: Option<BlobKey>, limit: usize) -> io::Result<Page> {
    let after = after.map(|key| key.to_string());
    let mut walk = Walk {
        root: root.to_owned(),
        after,
        limit,
        page: Page::default(),
    };
    walk.level(root, "")?;
    Ok(walk.page)
}

struct Walk {
    root: PathBuf,
    after: Option<String>,
    limit: usize,
    page: Page,
}

impl Walk {
    fn is_full(&self) -> bool {
        self.page.blobs.len() >= self.limit
    }

    /// Walks a folder whose blobs' names all begin with `prefix`.
    fn level(&mut self, folder: &Path, prefix: &str) -> io::Result<()> {
        for (name, path) in names(folder)? {
            if self.is_full() {
                return Ok(());
            }
            let begin = if prefix.len() < 4 {
                format!("{prefix}{name}")
            } else {
                name.clone()
            };
            let belongs = match prefix.len() {
                0 | 2 => is_folder_name(&name) && path.is_dir(),
                _ => name.starts_with(prefix) && name.parse::<BlobKey>().is_ok(),
            };
            if !belongs {
                self.foreign_file(&path, prefix, &name);
            } else if prefix.len() == 4 {
                self.blob(&path, &name)?;
            // A folder whose names all come before the page is not even opened.
            } else if !self.is_behind(&begin) {
                self.level(&path, &begin)?;
            }
        }
        Ok(())
    }

    /// Whether everything that begins like this comes before the page.
    fn is_behind(&self, begin: &str) -> bool {
        let after = self.after.as_deref();
        after.is_some_and(|after| after.get(..begin.len()).is_some_and(|start| begin < start))
    }

    fn blob(&mut self, path: &Path, name: &str) -> io::Result<()> {
        if self.after.as_deref().is_some_and(|after| name <= after) {
            return Ok(());
        }
        let metadata = match fs::metadata(path) {
            // Deleted since its folder was read.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            metadata => metadata?,
        };
        if let Ok(key) = name.parse() {
            let bytes = metadata.len();
            self.page.blobs.push(Stored { key, bytes });
        }
        Ok(())
    }

    /// Whether an earlier page came by this name: the walk is in the order of names, in the folders
    /// of each level.
    fn was_passed(&self, prefix: &str, name: &str) -> bool {
        let Some(inside) = self
            .after
            .as_deref()
            .and_then(|after| after.strip_prefix(prefix))
        else {
            return false;
        };
        let here = match prefix.len() {
            0 | 2 => inside.get(..2).unwrap_or(inside),
            _ => self.after.as_deref().unwrap_or_default(),
        };
        name < here
    }

    fn foreign_file(&mut self, path: &Path, prefix: &str, name: &str) {
        let expected = prefix.is_empty() && NOT_STRANGE.contains(&name);
        if !expected
            && !self.was_passed(prefix, name)
            && self.page.foreign_files.len() < FOREIGN_FILES_MAX
        {
            let shown = path.strip_prefix(&self.root).unwrap_or(path);
            self.page.foreign_files.push(shown.display().to_string());
        }
    }
}

fn is_folder_name(name: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    name.len() == 2 && name.bytes().all(is_digit)
}

/// What a folder holds, in order; nothing when it is gone.
fn names(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        names.push((name, entry.path()));
    }
    names.sort_unstable();
    Ok(names)
}
