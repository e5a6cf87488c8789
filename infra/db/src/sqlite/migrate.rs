//! Migrations of a file. They are noted where sqlx notes them, and as it does, so that a file
//! which an older version has migrated is one like any other.

use std::collections::HashMap;
use std::time::Instant;

use rusqlite::{Connection, params};
use sqlx::migrate::{MigrateError, Migration};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
)";

/// Runs those that were not run yet, each in a transaction.
///
/// # Errors
/// When one fails, or those that were run are not among these.
pub(crate) fn migrate(
    connection: &Connection,
    migrations: &[Migration],
) -> Result<(), MigrateError> {
    connection.execute_batch(TABLE).map_err(failed)?;
    let applied = applied(connection).map_err(failed)?;
    let known = |version: &&i64| migrations.iter().any(|known| known.version == **version);
    if let Some(unknown) = applied.keys().filter(|version| !known(version)).min() {
        return Err(MigrateError::VersionMissing(*unknown));
    }
    let up = migrations.iter();
    for migration in up.filter(|migration| migration.migration_type.is_up_migration()) {
        match applied.get(&migration.version) {
            Some(checksum) if *checksum != *migration.checksum => {
                return Err(MigrateError::VersionMismatch(migration.version));
            }
            Some(_) => {}
            None => run(connection, migration).map_err(|error| {
                let text = format!("migration {}: {error}", migration.version);
                MigrateError::Source(text.into())
            })?,
        }
    }
    Ok(())
}

/// The checksum of each that was run.
fn applied(connection: &Connection) -> rusqlite::Result<HashMap<i64, Vec<u8>>> {
    let mut asked = connection.prepare("SELECT version, checksum FROM _sqlx_migrations")?;
    let rows = asked.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

fn run(connection: &Connection, migration: &Migration) -> rusqlite::Result<()> {
    let began = Instant::now();
    // With its note: a start that is cut off leaves both or neither.
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(migration.sql.as_str())?;
    let nanoseconds = i64::try_from(began.elapsed().as_nanos()).unwrap_or(i64::MAX);
    transaction.execute(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (?1, ?2, TRUE, ?3, ?4)",
        params![
            migration.version,
            migration.description,
            migration.checksum,
            nanoseconds
        ],
    )?;
    transaction.commit()
}

fn failed(error: rusqlite::Error) -> MigrateError {
    MigrateError::Source(Box::new(error))
}
