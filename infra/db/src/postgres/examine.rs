//! A look at a domain's schema by who is not its home: nothing is made, migrated or written.

use sqlx::migrate::{Migration, Migrator};

use super::{Address, Role, Session, bounded, check_schema, one, session_settings};
use crate::schema_state::compare;
use crate::{BoxFuture, DatabaseState, DbError};

/// Says what a schema on a PostgreSQL server is, by its tables and its list of migrations. A home
/// that serves from it is in nobody's way.
///
/// # Errors
/// When there is no session with the server, or its account may not look.
pub async fn examine_postgres(
    url: &str,
    schema: &str,
    migrations: &Migrator,
) -> Result<DatabaseState, DbError> {
    let migrations: Vec<_> = migrations.iter().cloned().collect();
    examine_schema(url, schema, migrations).await
}

fn examine_schema<'a>(
    url: &'a str,
    schema: &'a str,
    migrations: Vec<Migration>,
) -> BoxFuture<'a, Result<DatabaseState, DbError>> {
    Box::pin(async move {
        check_schema(schema)?;
        let settings = session_settings(schema, Role::Reader);
        let mut session = Address::parse(url)?.connect(&settings).await?;
        let state = look(&mut session, schema, &migrations).await;
        if let Err(error) = session.close().await {
            tracing::debug!(%error, "a session that looked did not close cleanly");
        }
        state
    })
}

async fn look(
    session: &mut Session,
    schema: &str,
    migrations: &[Migration],
) -> Result<DatabaseState, DbError> {
    // What every schema has beside its domain's tables tells nothing of whose it is.
    const TABLES: &str = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1), \
        (SELECT count(*) FROM pg_tables WHERE schemaname = $1 AND NOT starts_with(tablename::text, '_heliograph_')), \
        EXISTS (SELECT FROM pg_tables WHERE schemaname = $1 AND tablename = '_sqlx_migrations')";
    let (is_there, tables, is_migrated): (bool, i64, bool) =
        one(session, TABLES, Some(schema)).await?;
    if !is_there {
        return Ok(DatabaseState::Missing);
    }
    if tables == 0 {
        return Ok(DatabaseState::Empty);
    }
    if !is_migrated {
        return Ok(DatabaseState::Foreign);
    }
    let asked = sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations");
    let applied = bounded(asked.fetch_all(session.begin()?)).await;
    let applied: Vec<(i64, Vec<u8>)> = session.end(applied)?;
    // A first start that was cut off before its first migration.
    if applied.is_empty() && tables == 1 {
        return Ok(DatabaseState::Empty);
    }
    Ok(compare(&applied, migrations))
}
