//! What a database is to the domain that would open it, on either engine.

use sqlx::migrate::Migration;

/// What a file is, held against the migrations of the domain whose database it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseState {
    /// There is no file.
    Missing,
    /// There is nothing in it: no byte, or no table.
    Empty,
    /// It is the domain's.
    Ready {
        /// How many migrations are still to be run.
        pending: usize,
    },
    /// It was migrated by a newer version of the program.
    Newer,
    /// It is a database, and not this domain's.
    Foreign,
    /// It is no database, or not a whole one; with the reason.
    Damaged(String),
}

/// Holds the migrations that were run against those that are known.
pub(crate) fn compare(applied: &[(i64, Vec<u8>)], migrations: &[Migration]) -> DatabaseState {
    let known = || {
        migrations
            .iter()
            .filter(|migration| migration.migration_type.is_up_migration())
    };
    let last = known()
        .map(|migration| migration.version)
        .max()
        .unwrap_or(0);
    for (version, checksum) in applied.iter().filter(|(version, _)| *version <= last) {
        let same = |migration: &Migration| {
            migration.version == *version && migration.checksum.as_ref() == checksum.as_slice()
        };
        if !known().any(same) {
            return DatabaseState::Foreign;
        }
    }
    // After the comparison: a newer version of another domain is foreign.
    if applied.iter().any(|(version, _)| *version > last) {
        return DatabaseState::Newer;
    }
    DatabaseState::Ready {
        pending: known().count().saturating_sub(applied.len()),
    }
}
