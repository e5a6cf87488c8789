//! Where a restore has what is unfinished, with a mark that says of which snapshot it is.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::batch::{self, make_folder, write_small};
use crate::error::failed;
use crate::manifest::Manifest;
use crate::{BackupError, Result};

const MARK: &str = "restore.json";

/// Of which snapshot a workplace is.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    snapshot: String,
    manifest: String,
}

/// Makes the workplace in this data folder, or takes that of an earlier try of the same.
pub(crate) fn begin(
    workplace: &Path,
    folder: &Path,
    snapshot: &str,
    manifest: &Manifest,
) -> Result<()> {
    let mark = Mark {
        snapshot: snapshot.to_owned(),
        manifest: manifest.digest(),
    };
    let path = workplace.join(MARK);
    match fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        json => return require_same(folder, &json.map_err(failed("read", &path))?, &mark),
    }
    make_folder(workplace, Some(folder))?;
    let json = serde_json::to_vec(&mark).expect("plain data is JSON");
    // The mark before anything else in it: without one, a later restore could go on with another's.
    write_small(&path, &json)?;
    batch::sync(folder)
}

/// Refuses to continue the restore of another snapshot.
fn require_same(folder: &Path, json: &[u8], mark: &Mark) -> Result<()> {
    let known: Option<Mark> = serde_json::from_slice(json).ok();
    if known.as_ref() == Some(mark) {
        return Ok(());
    }
    let known = known.map_or(String::new(), |known| known.snapshot);
    Err(BackupError::Refused(format!(
        "another snapshot ({known:?}) was begun to be restored to {}: restore that one (--snapshot), or remove all that is in \
         the folder and try again",
        folder.display()
    )))
}

/// Removes it. The mark goes last: without it, another snapshot could be restored over this one.
pub(crate) fn remove(workplace: &Path) -> Result<()> {
    let failed = || failed("removed", workplace);
    for entry in fs::read_dir(workplace).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        if entry.file_name() != MARK {
            fs::remove_file(entry.path()).map_err(failed())?;
        }
    }
    fs::remove_dir_all(workplace).map_err(failed())
}
