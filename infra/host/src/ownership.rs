//! Whose the files are that root makes in somebody else's folder.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, lchown};
use std::path::Path;

const ROOT: u32 = 0;

/// Gives a file or folder that root has made in somebody else's folder to that folder's owner, as
/// SQLite does with the logs of databases: a command that root runs must not lock out the service.
/// Does nothing for others than root, and to what is somebody else's or has a second name
/// elsewhere.
///
/// # Errors
/// When the folder or the file is not there, or the file system has no owners.
pub fn give_to_owner_of(folder: &Path, path: &Path) -> io::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let (owner, made) = (fs::metadata(folder)?, fs::symlink_metadata(path)?);
    // A second name may lie where the folder's owner could not write: it must not be given with
    // this one.
    let has_other_names = !made.is_dir() && made.nlink() > 1;
    if owner.uid() == ROOT || made.uid() != ROOT || has_other_names {
        return Ok(());
    }
    // Of a link itself, never of what it leads to.
    lchown(path, Some(owner.uid()), Some(owner.gid()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_root_makes_goes_to_the_owner_of_the_folder() {
        const SOMEBODY: u32 = 65_534;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "x").unwrap();
        let before = fs::metadata(&path).unwrap().uid();
        give_to_owner_of(folder.path(), &path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().uid(), before);
        if !rustix::process::geteuid().is_root() {
            return;
        }
        lchown(folder.path(), Some(SOMEBODY), Some(SOMEBODY)).unwrap();
        let second = folder.path().join("second");
        fs::hard_link(&path, &second).unwrap();
        give_to_owner_of(folder.path(), &path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().uid(), ROOT);
        fs::remove_file(&second).unwrap();
        give_to_owner_of(folder.path(), &path).unwrap();
        let given = fs::metadata(&path).unwrap();
        assert_eq!((given.uid(), given.gid()), (SOMEBODY, SOMEBODY));
    }
}
