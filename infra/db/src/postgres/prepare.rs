//! What a home finds in the database that it begins in, and makes of it.

use sqlx::AssertSqlSafe;
use sqlx::migrate::Migrator;

use super::{Address, STATEMENT_MAX, Session, millis, one, optional};
use crate::DbError;

/// What every domain's schema has beside its own tables, made before its migrations.
///
/// `json_each` is what SQLite has under this name: of ids with one argument, of texts with a path.
/// The planner puts the functions' bodies in place of their calls.
const FOUNDATION: &str = "
    CREATE TABLE IF NOT EXISTS _heliograph_home (
        singleton BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (singleton), epoch BIGINT NOT NULL,
        installation UUID NOT NULL DEFAULT gen_random_uuid()
    );
    CREATE TABLE IF NOT EXISTS _heliograph_commits (id BIGINT PRIMARY KEY);
    CREATE OR REPLACE FUNCTION json_each(list text) RETURNS TABLE (key bigint, value bigint)
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT place - 1, CAST(element AS bigint)
            FROM json_array_elements_text(CAST(list AS json))
            WITH ORDINALITY AS listed (element, place)
        $$;
    CREATE OR REPLACE FUNCTION json_each(list text, path text)
        RETURNS TABLE (key bigint, value text)
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT place - 1, element
            FROM json_array_elements_text(CAST(list AS json))
            WITH ORDINALITY AS listed (element, place)
        $$";

/// Refuses what would be silently wrong, and says what is only worse than it could be.
pub(super) async fn check_database(
    session: &mut Session,
    address: &Address,
) -> Result<(), DbError> {
    const ASKED: &str = "SELECT CAST(pg_encoding_to_char(encoding) AS TEXT), CAST(datcollate AS TEXT), \
        current_setting('synchronous_commit'), current_setting('fsync') \
        FROM pg_database WHERE datname = current_database()";
    let found: (String, String, String, String) = one(session, ASKED, None).await?;
    let (encoding, collation, synchronous_commit, fsync) = found;
    if encoding != "UTF8" {
        return Err(address.refuse(format!(
            "the database's encoding is {encoding}; make one with ENCODING 'UTF8'"
        )));
    }
    let database = address.label();
    if !matches!(collation.as_str(), "C" | "POSIX") {
        tracing::warn!(%database, %collation, "the database's collation is not C: texts are ordered otherwise than on SQLite, and an upgrade of the system may break its indexes");
    }
    if fsync != "on" {
        tracing::warn!(%database, "the server runs with fsync = off: it loses what was committed when it crashes");
    }
    if synchronous_commit == "off" {
        session.run("SET synchronous_commit = on").await?;
    }
    Ok(())
}

/// Refuses a schema that a move has not filled yet: it may hold half of what it should.
pub(super) async fn refuse_target(
    session: &mut Session,
    address: &Address,
    schema: &str,
) -> Result<(), DbError> {
    const ASKED: &str = "SELECT CAST(relname AS TEXT) FROM pg_class \
        JOIN pg_namespace ON pg_namespace.oid = relnamespace \
        WHERE nspname = $1 AND relname = '_heliograph_move'";
    let found: Option<(String,)> = optional(session, ASKED, Some(schema)).await?;
    match found {
        None => Ok(()),
        Some(_) => Err(address.refuse(format!(
            "databases are being moved into its schema {schema}; run `heliograph move databases` again to finish that"
        ))),
    }
}

/// Makes the schema if it is not there, and runs the migrations. Nobody else does so at this time:
/// the lease is held.
pub(super) async fn prepare_schema(
    session: &mut Session,
    address: &Address,
    schema: &str,
    migrations: &Migrator,
) -> Result<(), DbError> {
    // Not `IF NOT EXISTS`, for which an account needs the right to make schemas even then.
    let known = "SELECT CAST(nspname AS TEXT) FROM pg_namespace WHERE nspname = $1";
    let known: Option<(String,)> = optional(session, known, Some(schema)).await?;
    if known.is_none() {
        let text = format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\"");
        session.run(AssertSqlSafe(text)).await?;
    }
    session.run(FOUNDATION).await?;
    // A migration may take as long as it takes, but waits for nobody's lock.
    session.run("SET statement_timeout = 0").await?;
    let mut migrator = Migrator::with_migrations(migrations.iter().cloned().collect());
    migrator.set_locking(false);
    // `run` wants a connection that is lent for any time, which cannot be said of a borrowed one.
    let migrated = migrator.run_direct(None, session.begin()?, false).await;
    migrated.map_err(|source| DbError::Migrate {
        path: format!("{} schema {schema}", address.label()).into(),
        source: Box::new(source),
    })?;
    session.end(Ok(()))?;
    let restore = format!("SET statement_timeout = {}", millis(STATEMENT_MAX));
    session.run(AssertSqlSafe(restore)).await?;
    Ok(())
}
