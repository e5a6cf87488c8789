//! The workspace as its manifests describe it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use cargo_metadata::{Metadata, MetadataCommand};

/// Folders that hold nothing of the project's own.
const FOREIGN_FOLDERS: &[&str] = &["target", "data", "node_modules"];

/// What cargo knows of the workspace and all it stands on.
pub(crate) fn metadata(root: &Path) -> Result<Metadata> {
    MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        // A check must not change what it checks: without this, cargo would bring Cargo.lock up to
        // date.
        .other_options(vec!["--locked".to_owned()])
        .exec()
        .context("asking cargo for its metadata (is Cargo.lock up to date?)")
}

/// Every file of the project with one of these extensions, sorted; paths are relative to the root.
pub(crate) fn files(root: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let mut files = all_files(root)?;
    files.retain(|path| {
        let mut extensions = extensions.iter();
        extensions.any(|extension| has_extension(path, extension))
    });
    Ok(files)
}

/// Every file of the project, sorted; paths are relative to the root.
pub(crate) fn all_files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            std::fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() {
                if !FOREIGN_FOLDERS.contains(&name.as_str()) && name != ".git" {
                    folders.push(path);
                }
            } else {
                found.push(path.strip_prefix(root)?.to_owned());
            }
        }
    }
    // Findings and copies come in the same order on every machine.
    found.sort();
    Ok(found)
}

pub(crate) fn read(root: &Path, file: &Path) -> Result<String> {
    std::fs::read_to_string(root.join(file)).with_context(|| format!("reading {}", file.display()))
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}
