//! The data folder is its owner's alone: it holds password hashes, e-mail addresses and every photo
//! as it was sent.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::own_files::is_own_file;

/// What nobody but the owner may do.
const OTHERS: u32 = 0o077;

/// Makes everything that this process makes from here on readable by its owner alone, whatever the
/// shell or the service manager had set. To be called before there are threads.
pub fn restrict_to_owner() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(OTHERS));
}

/// Where others than the owner may reach into the data folder, outermost first: the folder, or,
/// where it must stay open because other things are in it, what is in it of ours.
///
/// # Errors
/// When the folder cannot be read.
pub fn exposed(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let metadata = fs::metadata(folder)?;
    // In a closed folder what is in it need not be looked at: nobody gets there.
    let is_closed = metadata.mode() & OTHERS == 0;
    let can_be_closed = !is_closed && is_for_us_alone(folder, &metadata, is_own_file)?;
    let mut exposed = Vec::new();
    if can_be_closed {
        exposed.push(folder.to_owned());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !is_own_file(&entry.file_name()) {
            continue;
        }
        if entry.file_type()?.is_symlink() {
            // What a link leads to, `media` on another disk, is guarded by no folder of ours.
            exposed.extend(exposed_behind(&entry.path())?);
        } else if !(is_closed || can_be_closed) && is_open(&entry.path()) {
            exposed.push(entry.path());
        }
    }
    // A folder before what is in it.
    exposed.sort();
    Ok(exposed)
}

/// The same for what a link leads to: a file; a folder of photos; or, where other things are in it,
/// those of its folders that hold photos.
fn exposed_behind(link: &Path) -> io::Result<Vec<PathBuf>> {
    let metadata = match fs::metadata(link) {
        Ok(metadata) if metadata.mode() & OTHERS != 0 => metadata,
        _ => return Ok(Vec::new()),
    };
    if !metadata.is_dir() || is_for_us_alone(link, &metadata, is_of_photos)? {
        return Ok(vec![link.to_owned()]);
    }
    let mut exposed = Vec::new();
    for entry in fs::read_dir(link)? {
        let entry = entry?;
        let is_folder = entry.file_type()?.is_dir();
        if is_folder && is_of_photos(&entry.file_name()) && is_open(&entry.path()) {
            exposed.push(entry.path());
        }
    }
    Ok(exposed)
}

/// What links of ours lead to and others may look into, because other things are in it, too: a pool
/// that has to stay open, and of which only the folders of photos are closed.
fn open_pools(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut pools = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_link = is_own_file(&entry.file_name()) && entry.file_type()?.is_symlink();
        let target = is_link.then(|| entry.path().canonicalize()).transpose();
        // A link that leads nowhere is told of by anyone who needs it.
        let Ok(Some(target)) = target else {
            continue;
        };
        if target.is_dir() && is_open(&target) {
            pools.push(target);
        }
    }
    Ok(pools)
}

/// Whether a folder of the photos' store has this name: two hexadecimal digits, or that of
/// unfinished files.
fn is_of_photos(name: &OsStr) -> bool {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let name = name.as_encoded_bytes();
    name == b"incoming" || (name.len() == 2 && name.iter().all(is_digit))
}

fn is_open(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.mode() & OTHERS != 0)
}

/// Takes from others what [`exposed`] finds, and says so in the log. What belongs to somebody else
/// cannot be repaired, and is only reported.
pub fn restrict(folder: &Path) {
    let exposed = match exposed(folder) {
        Ok(exposed) => exposed,
        Err(error) => {
            tracing::warn!(%error, folder = %folder.display(), "who may read the data folder cannot be determined");
            return;
        }
    };
    for path in exposed {
        match close(&path) {
            Ok(()) => tracing::info!(
                path = %path.display(),
                "others than its owner could read this; now they cannot"
            ),
            Err(error) => tracing::warn!(
                %error,
                path = %path.display(),
                "others than its owner may read this, and that cannot be changed"
            ),
        }
    }
    for pool in open_pools(folder).unwrap_or_default() {
        tracing::warn!(
            path = %pool.display(),
            "this linked folder stays open to others, because other things are in it; only its folders of photos are closed"
        );
    }
}

fn close(path: &Path) -> io::Result<()> {
    let mut permissions = match fs::metadata(path) {
        // SQLite has taken it away in between.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        metadata => metadata?.permissions(),
    };
    // What the owner may do stays as it is.
    permissions.set_mode(permissions.mode() & !OTHERS);
    fs::set_permissions(path, permissions)
}

/// Whether the folder holds nothing but what is ours. In a home folder, `/srv` or the like, other
/// things would stop working with a closed folder; a sticky one is made for many.
fn is_for_us_alone(
    folder: &Path,
    metadata: &Metadata,
    is_own_file: impl Fn(&OsStr) -> bool,
) -> io::Result<bool> {
    const STICKY: u32 = 0o1000;
    if metadata.mode() & STICKY != 0 {
        return Ok(false);
    }
    for entry in fs::read_dir(folder)? {
        if !is_own_file(&entry?.file_name()) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            fs::write(&path, "x").unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
        }
        fs::create_dir(folder.path().join("media")).unwrap();
        fs::set_permissions(
            folder.path().join("media"),
            fs::Permissions::from_mode(0o755),
        )
        .unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        folder
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn a_folder_of_ours_is_closed() {
        let folder = folder_with(&["accounts.db", "accounts.db-wal", "heliograph.lock"]);
        assert_eq!(exposed(folder.path()).unwrap(), [folder.path()]);
        restrict(folder.path());
        assert_eq!(mode(folder.path()), 0o700);
        assert_eq!(exposed(folder.path()).unwrap(), Vec::<PathBuf>::new());
    }

    #[test]
    fn in_a_folder_with_other_things_only_ours_are_closed() {
        let folder = folder_with(&["accounts.db", "accounts.db-wal", "index.html"]);
        restrict(folder.path());
        assert_eq!(mode(folder.path()), 0o755);
        assert_eq!(mode(&folder.path().join("index.html")), 0o644);
        assert_eq!(mode(&folder.path().join("accounts.db")), 0o600);
        assert_eq!(mode(&folder.path().join("accounts.db-wal")), 0o600);
        assert_eq!(mode(&folder.path().join("media")), 0o700);
        assert_eq!(exposed(folder.path()).unwrap(), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_folder_for_many_stays_so() {
        let folder = folder_with(&["accounts.db"]);
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        restrict(folder.path());
        assert_eq!(mode(folder.path()), 0o1777);
        assert_eq!(mode(&folder.path().join("accounts.db")), 0o600);
    }

    #[test]
    fn a_linked_folder_with_other_things_in_it_stays_open_and_its_photos_do_not() {
        let (folder, pool) = (folder_with(&["accounts.db"]), folder_with(&["film.mkv"]));
        let media = folder.path().join("media");
        fs::remove_dir(&media).unwrap();
        std::os::unix::fs::symlink(pool.path(), &media).unwrap();
        for name in ["ab", "incoming", "backups", "no"] {
            let path = pool.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        restrict(folder.path());
        let modes = ["", "ab", "incoming", "backups", "no", "film.mkv"]
            .map(|name| mode(&pool.path().join(name)));
        assert_eq!(modes, [0o755, 0o700, 0o700, 0o755, 0o755, 0o644]);
        assert_eq!(exposed(folder.path()).unwrap(), Vec::<PathBuf>::new());
        let pool_itself = pool.path().canonicalize().unwrap();
        assert_eq!(open_pools(folder.path()).unwrap(), [pool_itself]);

        for other in ["film.mkv", "media", "backups", "no"] {
            let path = pool.path().join(other);
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
        }
        restrict(folder.path());
        assert_eq!(mode(pool.path()), 0o700);
        assert_eq!(open_pools(folder.path()).unwrap(), Vec::<PathBuf>::new());
    }

    #[test]
    fn links_are_followed() {
        let (folder, elsewhere) = (folder_with(&["accounts.db"]), folder_with(&["file"]));
        let file = elsewhere.path().join("file");
        std::os::unix::fs::symlink(&file, folder.path().join("posts.db")).unwrap();
        let link = elsewhere.path().join("link");
        std::os::unix::fs::symlink(folder.path(), &link).unwrap();
        restrict(&link);
        assert_eq!(mode(folder.path()), 0o700);
        assert_eq!(mode(&file), 0o600);
    }
}
