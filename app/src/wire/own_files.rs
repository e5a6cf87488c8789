//! The names that this program gives to files of the data folder.

use std::ffi::OsStr;

use infra_host::BALLAST;

use super::backups;
use super::data_folder::{LOCK, MEDIA, SECRET};
use super::databases::specs;
use super::record::RECORD;

/// How the file of a database ends that a move makes, until it is the database.
pub(super) const UNFINISHED: &str = ".moving";
/// What follows the name of a database's file that was moved to a server, before the move's name.
pub(super) const MOVED: &str = ".moved-";

/// Whether a name in the data folder is one that this program gives.
pub(crate) fn is_own_file(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    let others = [LOCK, RECORD, MEDIA, SECRET, BALLAST, "lost+found"];
    let of_backups = [
        backups::RESTORE,
        backups::SCRATCH,
        backups::LOCK,
        backups::LAST,
    ];
    // SQLite's files beside a database, and our own unfinished ones.
    let base = ["-wal", "-shm", "-journal", ".new"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(name);
    let database = base.strip_suffix(UNFINISHED).unwrap_or(base);
    let database = database
        .split_once(MOVED)
        .map_or(database, |(file, _)| file);
    others.contains(&base)
        || of_backups.contains(&base)
        // Its unfinished file has `.new` in the place of `.key`.
        || SECRET.strip_suffix(".key") == Some(base)
        || specs().any(|spec| spec.file == database)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_move_makes_is_ours() {
        for own in [
            "posts.db",
            "posts.db-wal",
            "posts.db.moving",
            "posts.db.moving-shm",
            "posts.db.moved-0a1b2c3d",
            "databases.list.new",
            "media",
        ] {
            assert!(is_own_file(OsStr::new(own)), "{own}");
        }
        for other in ["posts.db.copy", "photos.db.moving", "moving", ".moved-1"] {
            assert!(!is_own_file(OsStr::new(other)), "{other}");
        }
    }
}
