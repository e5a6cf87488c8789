//! Looks a database over without changing it, its folder, or anything that another process has of
//! it.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use infra_resilience::HomeLease;
use rusqlite::Connection;
use sqlx::migrate::{Migration, Migrator};

use crate::postgres::{Address, Readers, check_schema};
use crate::schema_state::{DatabaseState, compare};
use crate::sqlite::ReadOptions;
use crate::writer::Writer;
use crate::{Database, DbError, Reader};

/// What a whole look at a database found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The file's size, in bytes, without its write-ahead log.
    pub bytes: u64,
    /// What SQLite's own check says; "ok" when all is well.
    pub integrity: String,
}

/// How to open a file for reading so that nothing is left beside it.
///
/// A reader of a database with a write-ahead log makes the log and its index when they are not
/// there, and cannot take them away again. Where neither is there, nobody has the database open and
/// the file is all there is of it, so SQLite is told that it does not change. A process that opens
/// it in that moment is not noticed: it takes a look at a database that is at rest.
pub(crate) fn for_reading(path: &Path) -> ReadOptions {
    let is_open = beside(path, "-shm").exists() || wal_bytes(path) > 0;
    ReadOptions::alone(path, !is_open)
}

/// The file of this ending beside a database: beside the file itself, where SQLite has it, when the
/// path is a link.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut name = path.into_os_string();
    name.push(ending);
    name.into()
}

/// The length of a database's write-ahead log, in bytes.
pub(crate) fn wal_bytes(path: &Path) -> u64 {
    fs::metadata(beside(path, "-wal")).map_or(0, |metadata| metadata.len())
}

/// Whether a write was cut off before the database had its write-ahead log, in the first moment of
/// its life: what is in the file is half of that write. Only who opens it for writing can undo
/// that, which is the next start, and there is nothing to read before.
fn has_journal(path: &Path) -> bool {
    fs::metadata(beside(path, "-journal")).is_ok_and(|metadata| metadata.len() > 0)
}

impl Database {
    /// Opens a database to look at it: nothing is made, migrated or written, and nothing is left
    /// beside the file. Every write is refused as to a closed database.
    #[must_use]
    pub fn open_read_only(path: &Path) -> Self {
        Self::of_reader(path.to_owned(), Reader::new(for_reading(path)))
    }

    /// The same of a domain whose database is a schema on a PostgreSQL server, beside its home or
    /// without one. Nobody is asked before something is read.
    ///
    /// # Errors
    /// When the URL is not understood. The error repeats no password.
    pub fn open_postgres_read_only(url: &str, schema: &str) -> Result<Self, DbError> {
        check_schema(schema)?;
        let address = Arc::new(Address::parse(url)?);
        let name = address.label_of(schema);
        // Who is not the home remembers nothing that a lease would have to bound.
        let readers = Readers::new(address, schema, HomeLease::default());
        Ok(Self::of_reader(name.into(), Reader::of_postgres(readers)))
    }

    fn of_reader(path: PathBuf, reader: Reader) -> Self {
        Self {
            path: Arc::new(path),
            reader,
            writer: Writer::closed(),
            commits: Arc::default(),
            syncs: Arc::default(),
            lease: HomeLease::default(),
            position: None,
            replicas: None,
        }
    }
}

/// Says what the file is, by its header and its list of migrations: quick, however large it is.
///
/// # Errors
/// When the file is there and cannot be opened or read.
pub async fn examine(path: &Path, migrations: &Migrator) -> Result<DatabaseState, DbError> {
    let migrations: Vec<_> = migrations.iter().cloned().collect();
    look(path, move |path| examine_file(path, &migrations)).await
}

fn examine_file(path: &Path, migrations: &[Migration]) -> Result<DatabaseState, OpenError> {
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(DatabaseState::Missing),
        metadata => metadata?,
    };
    if !metadata.is_file() {
        return Ok(DatabaseState::Damaged("it is no file".to_owned()));
    }
    if metadata.len() == 0 {
        return Ok(DatabaseState::Empty);
    }
    if has_journal(path) {
        let pending = migrations.len();
        return Ok(DatabaseState::Ready { pending });
    }
    if let Some(reason) = cut_short(path, metadata.len())? {
        return Ok(DatabaseState::Damaged(reason));
    }
    let looked = for_reading(path)
        .open()
        .and_then(|connection| state(&connection, migrations));
    looked.or_else(|error| match damage(&error) {
        Some(reason) => Ok(DatabaseState::Damaged(reason)),
        None => Err(error.into()),
    })
}

/// Runs SQLite's `quick_check`: every page is read once.
///
/// # Errors
/// When the file is not there, cannot be read, or is no database.
pub async fn inspect(path: &Path) -> Result<Inspection, DbError> {
    let inspected = look(path, |path| {
        let bytes = fs::metadata(path)?.len();
        let connection = for_reading(path).open()?;
        // One fault is enough to know that it is not whole.
        let check = "PRAGMA quick_check(1)";
        let integrity = connection.query_row(check, [], |row| row.get(0))?;
        Ok(Inspection { bytes, integrity })
    });
    inspected.await
}

/// Why a file could not be looked at.
type OpenError = Box<dyn std::error::Error + Send + Sync>;

/// Looks at a file in a thread that may wait.
async fn look<T: Send + 'static>(
    path: &Path,
    look: impl FnOnce(&Path) -> Result<T, OpenError> + Send + 'static,
) -> Result<T, DbError> {
    let looked_at = path.to_owned();
    let looked = tokio::task::spawn_blocking(move || look(&looked_at));
    let looked = looked.await.unwrap_or_else(|error| Err(error.into()));
    looked.map_err(|source| DbError::Open {
        path: path.to_owned(),
        source,
    })
}

/// SQLite's words for a file that is no database (NOTADB) or no whole one (CORRUPT).
fn damage(error: &rusqlite::Error) -> Option<String> {
    let code = error.sqlite_error_code()?;
    let is_damage = matches!(
        code,
        rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt
    );
    is_damage.then(|| error.to_string())
}

fn state(connection: &Connection, migrations: &[Migration]) -> rusqlite::Result<DatabaseState> {
    let mut asked = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table'")?;
    let tables = asked.query_map([], |row| row.get::<_, String>(0))?;
    let tables: Vec<_> = tables.collect::<Result<_, _>>()?;
    if tables.is_empty() {
        return Ok(DatabaseState::Empty);
    }
    if !tables.iter().any(|name| name == "_sqlx_migrations") {
        return Ok(DatabaseState::Foreign);
    }
    let mut asked = connection.prepare("SELECT version, checksum FROM _sqlx_migrations")?;
    let applied = asked.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let applied: Vec<(i64, Vec<u8>)> = applied.collect::<Result<_, _>>()?;
    // A first start that was cut off before its first migration.
    if applied.is_empty() && tables.len() == 1 {
        return Ok(DatabaseState::Empty);
    }
    Ok(compare(&applied, migrations))
}

/// Whether pages are missing at the end of the file, by what its header says
/// (sqlite.org/fileformat.html). With something in the log that cannot be told: pages may be there
/// only.
fn cut_short(path: &Path, bytes: u64) -> std::io::Result<Option<String>> {
    const HEADER_BYTES: usize = 100;
    let mut header = [0; HEADER_BYTES];
    if wal_bytes(path) > 0 || File::open(path)?.read_exact(&mut header).is_err() {
        return Ok(None);
    }
    let number = |at: usize| {
        let four = [header[at], header[at + 1], header[at + 2], header[at + 3]];
        u64::from(u32::from_be_bytes(four))
    };
    // The number of pages holds when the file has not been changed since by a version of SQLite
    // that did not write it.
    if !header.starts_with(b"SQLite format 3\0") || number(24) != number(92) {
        return Ok(None);
    }
    let page_bytes = match u64::from(u16::from_be_bytes([header[16], header[17]])) {
        1 => 65_536,
        bytes => bytes,
    };
    let whole = number(28) * page_bytes;
    Ok((bytes < whole).then(|| format!("it is cut short: {bytes} of {whole} bytes")))
}
