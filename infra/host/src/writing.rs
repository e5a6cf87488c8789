//! Writing into a folder that somebody else may write to, too: a link that leads elsewhere is never
//! followed, as root would write there in the name of who made the link.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

use crate::give_to_owner_of;

/// Opens a file that is there to be locked, and makes it when it is not.
///
/// # Errors
/// When it cannot be opened or made, or is a link.
pub fn open_lock(path: &Path) -> io::Result<File> {
    File::options()
        .write(true)
        .create(true)
        // What is in it stays: a lock needs a file, and no content.
        .truncate(false)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)
}

/// Makes a file, in place of one that is there or of a link.
///
/// # Errors
/// When what is there cannot be removed, or the file cannot be made.
pub fn create_new_in_place(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    File::create_new(path)
}

/// Writes a small file, which is as before or whole whenever the machine loses its power: beside
/// its place, then to it. What root writes is given to the folder's owner.
///
/// # Errors
/// When it cannot be written.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let unfinished = path.with_added_extension("new");
    let mut file = create_new_in_place(&unfinished)?;
    file.write_all(content)?;
    // Before the rename: a name that is on disk before its content would be an empty file.
    file.sync_all()?;
    let Some(folder) = path.parent() else {
        return fs::rename(&unfinished, path);
    };
    // Before it has its name: who finds it there may read it.
    give_to_owner_of(folder, &unfinished)?;
    fs::rename(&unfinished, path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn nothing_is_written_where_a_link_leads() {
        let folder = tempfile::tempdir().unwrap();
        let (victim, path) = (folder.path().join("victim"), folder.path().join("file"));
        fs::write(&victim, "precious").unwrap();
        symlink(&victim, &path).unwrap();
        assert!(open_lock(&path).is_err());
        symlink(&victim, folder.path().join("file.new")).unwrap();
        replace(&path, b"content").unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
        assert_eq!(fs::read_to_string(&path).unwrap(), "content");
        assert!(!fs::symlink_metadata(&path).unwrap().is_symlink());
        open_lock(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "content");
    }
}
