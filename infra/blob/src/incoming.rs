//! The folder of a [`DirectoryStore`](crate::DirectoryStore) in which files are written before they
//! have a name.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::blocking::blocking;
use crate::{BlobError, Result};

/// Where blobs are written before they have a name.
pub(crate) const INCOMING: &str = "incoming";
/// How old an unfinished file must be before it is removed: older than any operation can be under
/// way in another process on the same directory.
const INCOMING_AGE_MAX: Duration = Duration::from_secs(3_600);

/// Makes a folder in which files can be begun, and removes what unfinished writes left in it.
pub(crate) async fn open_incoming(root: &Path) -> Result<()> {
    let root = root.to_owned();
    blocking("open its directory", move || {
        let incoming = root.join(INCOMING);
        fs::create_dir_all(&incoming)?;
        if let Some(folder) = root.parent() {
            // A command that root runs must leave nothing that the server cannot write to.
            infra_host::give_to_owner_of(folder, &root)?;
        }
        infra_host::give_to_owner_of(&root, &incoming)?;
        sweep(&incoming).map(|_| ())
    })
    .await
}

/// Says no to a file of so many bytes when less than this would stay free on the folder's disk.
pub(crate) async fn require_room(root: &Path, reserve_bytes: u64, bytes: u64) -> Result<()> {
    if reserve_bytes == 0 {
        return Ok(());
    }
    let root = root.to_owned();
    let available = blocking("look for room", move || infra_host::available_bytes(&root)).await?;
    if available < reserve_bytes.saturating_add(bytes) {
        return Err(BlobError::NoRoom { available });
    }
    Ok(())
}

/// Removes what nobody has gone on with in the folder. Returns how many files there were.
pub(crate) async fn remove_unfinished(root: &Path) -> Result<u64> {
    let incoming = root.join(INCOMING);
    blocking("remove unfinished files", move || sweep(&incoming)).await
}

/// Removes what nobody has written to for [`INCOMING_AGE_MAX`]. Returns how many files there were.
fn sweep(incoming: &Path) -> io::Result<u64> {
    let mut removed = 0_u64;
    for entry in fs::read_dir(incoming)? {
        let entry = entry?;
        let written = entry.metadata().and_then(|metadata| metadata.modified());
        // From the future after the clock was set back: then it is young.
        let age = written.map(|at| SystemTime::now().duration_since(at).unwrap_or_default());
        if age.is_ok_and(|age| age >= INCOMING_AGE_MAX) {
            match fs::remove_file(entry.path()) {
                // Its writer was slower than that, and is done.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                result => {
                    result?;
                    removed += 1;
                }
            }
        }
    }
    if removed > 0 {
        tracing::info!(removed, "removed files that unfinished writes left");
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::{BlobStore as _, DirectoryStore};

    #[tokio::test]
    async fn what_was_left_long_ago_is_removed_at_the_start_and_by_sweeping() {
        let folder = tempfile::tempdir().unwrap();
        let incoming = folder.path().join(INCOMING);
        fs::create_dir_all(&incoming).unwrap();
        let leave_old = || {
            let file = File::create(incoming.join("old")).unwrap();
            let old = SystemTime::now() - INCOMING_AGE_MAX - Duration::from_secs(60);
            file.set_modified(old).unwrap();
        };
        leave_old();
        File::create(incoming.join("new")).unwrap();
        let store = DirectoryStore::open(folder.path()).await.unwrap();
        assert!(!incoming.join("old").exists());
        leave_old();
        assert_eq!(store.remove_unfinished().await.unwrap(), 1);
        let left: Vec<_> = fs::read_dir(incoming)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["new"]);
    }
}
