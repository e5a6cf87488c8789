//! What a home finds in the database that it begins in, and makes of it.

use sqlx::AssertSqlSafe;
use sqlx::migrate::{Migration, Migrator};

use super::{Address, LOCK_MAX, STATEMENT_MAX, Session, bounded, millis, one, optional};
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
    // This one, unlike `fsync`, a session can set for itself.
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
    let label = address.label_of(schema);
    // A migration may take as long as it takes.
    session.run("SET statement_timeout = 0").await?;
    let all: Vec<Migration> = migrations.iter().cloned().collect();
    let outside = all.iter().filter(|migration| migration.no_tx);
    let outside: Vec<i64> = outside.map(|migration| migration.version).collect();
    if is_any_pending(session, schema, &outside).await? {
        wait_for_locks(session, true).await?;
        drop_unfinished_indexes(session, schema).await?;
        for stage in stages(&all) {
            let waits = stage.last().is_some_and(|last| last.no_tx);
            wait_for_locks(session, waits).await?;
            // What an even newer version has run is refused below, by all of them.
            migrate(session, &label, stage, true).await?;
        }
        wait_for_locks(session, false).await?;
    }
    migrate(session, &label, &all, false).await?;
    let restore = format!("SET statement_timeout = {}", millis(STATEMENT_MAX));
    session.run(AssertSqlSafe(restore)).await?;
    Ok(())
}

/// The migrations up to each place where those that need a transaction meet those that need none,
/// and all of them.
fn stages(all: &[Migration]) -> impl Iterator<Item = &[Migration]> {
    let ends = (1..=all.len()).filter(|end| {
        all.get(*end)
            .is_none_or(|next| next.no_tx != all[*end - 1].no_tx)
    });
    ends.map(|end| &all[..end])
}

/// How long what comes next waits for others. An index that is made beside others' writes waits, in
/// the end, for every transaction that is older, such as that of a `pg_dump`, and holds up nobody
/// meanwhile. Everything else waits hardly for a lock: others' statements would queue behind it.
async fn wait_for_locks(session: &mut Session, for_any_time: bool) -> Result<(), DbError> {
    let bound = match for_any_time {
        true => "0".to_owned(),
        false => millis(LOCK_MAX),
    };
    let text = format!("SET lock_timeout = {bound}");
    session.run(AssertSqlSafe(text)).await.map(drop)
}

/// Runs those of these migrations that are pending.
async fn migrate(
    session: &mut Session,
    label: &str,
    migrations: &[Migration],
    ignores_others: bool,
) -> Result<(), DbError> {
    let mut migrator = Migrator::with_migrations(migrations.to_vec());
    migrator.set_locking(false);
    migrator.set_ignore_missing(ignores_others);
    // `run` wants a connection that is lent for any time, which cannot be said of a borrowed one.
    let migrated = migrator.run_direct(None, session.begin()?, false).await;
    migrated.map_err(|source| DbError::Migrate {
        path: label.into(),
        source: Box::new(source),
    })?;
    session.end(Ok(()))
}

/// Whether one of these migrations without a transaction is still to be run, which an earlier start
/// may have begun. Where none is, an index that is not valid is somebody else's, or is being made
/// just now.
async fn is_any_pending(
    session: &mut Session,
    schema: &str,
    outside: &[i64],
) -> Result<bool, DbError> {
    const IS_MIGRATED: &str = "SELECT EXISTS (SELECT FROM pg_tables \
        WHERE schemaname = $1 AND tablename = '_sqlx_migrations')";
    if outside.is_empty() {
        return Ok(false);
    }
    let (is_migrated,): (bool,) = one(session, IS_MIGRATED, Some(schema)).await?;
    if !is_migrated {
        return Ok(true);
    }
    let asked = sqlx::query_as("SELECT version FROM _sqlx_migrations WHERE success");
    let done = bounded(asked.fetch_all(session.begin()?)).await;
    let done: Vec<(i64,)> = session.end(done)?;
    Ok(outside.iter().any(|version| !done.contains(&(*version,))))
}

/// Drops what an index has left that was to be made beside others' writes and was not: it serves
/// nothing, costs each write, and has the name that the next attempt needs. What the server itself
/// makes while an operator has an index rebuilt is the operator's.
async fn drop_unfinished_indexes(session: &mut Session, schema: &str) -> Result<(), DbError> {
    const UNFINISHED: &str = "SELECT CAST(relname AS TEXT) FROM pg_index \
        JOIN pg_class ON pg_class.oid = indexrelid \
        JOIN pg_namespace ON pg_namespace.oid = relnamespace \
        WHERE nspname = $1 AND NOT indisvalid AND relname !~ '_cc(new|old)[0-9]*$' LIMIT 1";
    while let Some((name,)) = optional::<(String,)>(session, UNFINISHED, Some(schema)).await? {
        tracing::warn!(
            schema,
            index = name,
            "an index was not finished; it is made again"
        );
        let drop = format!(
            "DROP INDEX CONCURRENTLY \"{schema}\".\"{}\"",
            name.replace('"', "\"\"")
        );
        // Not bounded as other trips are: it waits as the making of an index does.
        let dropped = sqlx::raw_sql(AssertSqlSafe(drop)).execute(session.begin()?);
        let dropped = dropped.await.map(|_| ());
        session.end(dropped)?;
    }
    Ok(())
}
