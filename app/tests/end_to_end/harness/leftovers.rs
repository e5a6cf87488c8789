//! What lies in a data folder: files and rows, to tell whether something was left behind.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

/// Files outside the databases and the message log, with their sizes, but for the ballast, which
/// comes by itself.
pub(crate) fn files(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        // A folder may go while it is looked at.
        for entry in std::fs::read_dir(&next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(about) = entry.metadata() {
                found.insert(path, about.len());
            }
        }
    }
    found.retain(|path, _| !is_database(path) && path.file_stem() != Some("ballast".as_ref()));
    found
}

/// The files that hold photos: what is not a database, a log of messages, a lock or a setting.
pub(crate) fn photo_files(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let mut found = files(folder);
    found.retain(|path, _| {
        let inside = path
            .strip_prefix(folder)
            .unwrap_or(path)
            .to_string_lossy()
            .into_owned();
        !inside.contains("bus")
            && !inside.contains("log")
            && !inside.ends_with(".lock")
            && inside.contains('/')
    });
    found
}

/// How many rows every table of the domains has, by database and table.
pub(crate) fn rows(folder: &Path) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    for database in databases(folder) {
        if database.file_stem().is_some_and(|name| name == "bus") {
            continue;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = Connection::open_with_flags(&database, flags).expect("a database opens");
        let mut asked = connection
            .prepare(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
            )
            .expect("tables can be listed");
        let tables = asked.query_map([], |row| row.get::<_, String>(0)).unwrap();
        for table in tables.map(Result::unwrap) {
            let text = format!("SELECT count(*) FROM \"{table}\"");
            let count = connection
                .query_row(&text, [], |row| row.get(0))
                .expect("rows can be counted");
            let name = database.file_stem().unwrap_or_default().to_string_lossy();
            counts.insert(format!("{name}.{table}"), count);
        }
    }
    assert!(!counts.is_empty(), "no database in {}", folder.display());
    counts
}

/// The databases of a data folder.
pub(crate) fn databases(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next)
            .expect("a folder can be listed")
            .flatten()
        {
            let path = entry.path();
            let extension = path
                .extension()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if ["db", "sqlite", "sqlite3"].contains(&extension.as_str()) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn is_database(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    [".db", ".sqlite", ".sqlite3"].iter().any(|ending| {
        name.ends_with(ending)
            || name.ends_with(&format!("{ending}-wal"))
            || name.ends_with(&format!("{ending}-shm"))
    })
}
