//! Removes snapshots that are too many, and the photos' files that no other one needs.

use std::fs;
use std::io::ErrorKind;

use crate::digest::Digest;
use crate::error::failed;
use crate::list::MergedLists;
use crate::manifest::Manifest;
use crate::target::Target;
use crate::{BackupError, OnStep, Phase, Result, Step, batch};

/// How many snapshots can be kept: of each the list of files is open while they are compared, and
/// many systems let a process have 1,024 files open.
pub const KEEP_MAX: usize = 500;

/// What was removed, as far as it came.
#[derive(Debug, Default)]
pub struct Pruned {
    /// The names of snapshots.
    pub snapshots: Vec<String>,
    /// How many photos' files.
    pub files: u64,
    /// The bytes that these files had on the disk.
    pub bytes: u64,
    /// Why not all was removed that nothing needs: something could not be read or removed, or a
    /// snapshot that is kept is damaged, so that nobody knows which files it needs.
    pub failed: Option<BackupError>,
}

/// Keeps so many snapshots. A run that is cut off anywhere leaves those that are kept whole.
pub(crate) fn prune(target: &Target, keep: usize, on_step: OnStep<'_>) -> Pruned {
    let mut pruned = Pruned::default();
    pruned.failed = remove(target, keep, &mut pruned, on_step).err();
    pruned
}

fn remove(target: &Target, keep: usize, pruned: &mut Pruned, on_step: OnStep<'_>) -> Result<()> {
    let snapshots = target.snapshots()?;
    let (too_many, kept) = snapshots.split_at(snapshots.len().saturating_sub(keep));
    for name in too_many {
        target.remove_snapshot(name)?;
        pruned.snapshots.push(name.clone());
    }
    if !too_many.is_empty() {
        // None may come back after a loss of power when its files are gone.
        batch::sync(target.root())?;
    }
    remove_files(target, open_lists(target, kept)?, pruned, on_step)
}

fn open_lists(target: &Target, kept: &[String]) -> Result<MergedLists> {
    let open = |name: &String| {
        let manifest = Manifest::read(&target.snapshot(name))?;
        target.list(name, &manifest)
    };
    Ok(MergedLists::new(
        kept.iter().map(open).collect::<Result<_>>()?,
    ))
}

/// Walks over all files in the order of their names, beside the lists.
fn remove_files(
    target: &Target,
    mut needed: MergedLists,
    pruned: &mut Pruned,
    on_step: OnStep<'_>,
) -> Result<()> {
    for first in 0..=u8::MAX {
        let folder = target.files().join(format!("{first:02x}"));
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            entries => entries.map_err(failed("read", &folder))?,
        };
        let mut names: Vec<Digest> = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed("read", &folder))?.file_name();
            // What has another name is not ours to remove.
            names.extend(name.to_str().and_then(|name| name.parse::<Digest>().ok()));
        }
        names.sort_unstable();
        for name in names {
            if needed.has(name)? {
                continue;
            }
            let path = target.file(name);
            let bytes = fs::metadata(&path).map_err(failed("read", &path))?.len();
            fs::remove_file(&path).map_err(failed("removed", &path))?;
            pruned.files += 1;
            pruned.bytes += bytes;
            on_step(Step {
                phase: Phase::Removing,
                files: pruned.files,
                of_files: 0,
                bytes: pruned.bytes,
            });
        }
    }
    Ok(())
}
