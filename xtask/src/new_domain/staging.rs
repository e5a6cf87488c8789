//! A copy of the tree, in which everything is tried before the tree itself is touched.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::workspace;

pub(super) struct Staging {
    folder: TempDir,
}

impl Staging {
    /// Copies all that is the project's own: some eight megabytes.
    pub(super) fn copy(root: &Path) -> Result<Self> {
        let folder = tempfile::tempdir().context("making a folder for a copy of the tree")?;
        for file in workspace::all_files(root)? {
            let target = folder.path().join(&file);
            fs::create_dir_all(target.parent().context("a file is in a folder")?)?;
            fs::copy(root.join(&file), target)
                .with_context(|| format!("copying {}", file.display()))?;
        }
        Ok(Self { folder })
    }

    pub(super) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Writes what differs from the tree into it, and returns which files that were. What was
    /// written is undone when something cannot be.
    pub(super) fn bring_back(self, root: &Path) -> Result<Vec<PathBuf>> {
        let mut changed = Vec::new();
        for file in workspace::all_files(self.root())? {
            let text = fs::read(self.root().join(&file))?;
            // None where the file is new: undoing removes it then.
            let before = fs::read(root.join(&file)).ok();
            if before.as_ref() != Some(&text) {
                changed.push(Change { file, text, before });
            }
        }
        for (index, change) in changed.iter().enumerate() {
            if let Err(error) = change.write(root) {
                // With the one that failed: it may be written in part.
                for written in &changed[..=index] {
                    written.undo(root);
                }
                let file = change.file.display();
                return Err(error).context(format!("writing {file}; nothing was changed"));
            }
        }
        Ok(changed.into_iter().map(|change| change.file).collect())
    }
}

struct Change {
    file: PathBuf,
    text: Vec<u8>,
    before: Option<Vec<u8>>,
}

impl Change {
    fn write(&self, root: &Path) -> Result<()> {
        let path = root.join(&self.file);
        fs::create_dir_all(path.parent().context("a file is in a folder")?)?;
        Ok(fs::write(path, &self.text)?)
    }

    /// As well as it can be done: the error that is reported is that of the writing.
    fn undo(&self, root: &Path) {
        let path = root.join(&self.file);
        if let Some(before) = &self.before {
            let _ = fs::write(path, before);
            return;
        }
        let _ = fs::remove_file(&path);
        // Folders that were made for it, from the inside outwards, as far as they are empty.
        for folder in self.file.ancestors().skip(1) {
            if folder.as_os_str().is_empty() || fs::remove_dir(root.join(folder)).is_err() {
                break;
            }
        }
    }
}
