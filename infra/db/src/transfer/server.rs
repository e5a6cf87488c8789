//! What a move does on a server beside the rows: schemas that are made, released and renamed.

use sqlx::AssertSqlSafe;

use super::{MARKS, TransferError};
use crate::DbError;
use crate::postgres::{Address, Session, bounded, check_schema, optional};

/// What a schema is to a move.
enum Found {
    /// It is not there.
    Nothing,
    /// It is there and has no table.
    Empty,
    /// It is the target of this move, or of another one.
    Target { is_own: bool },
    /// It has tables, and no mark of a move: a domain may be there.
    Used,
}

impl Found {
    /// Refuses what is not free for this move, by the schema and the server.
    fn require_free(&self, schema: &str, server: &str) -> Result<(), TransferError> {
        let problem = match self {
            Self::Nothing | Self::Empty | Self::Target { is_own: true } => return Ok(()),
            Self::Target { is_own: false } => {
                "is the target of another move, which is not finished; finish that one, \
                 or drop the schema, or name another database"
            }
            Self::Used => {
                "already holds tables; name a database in which no Heliograph is, or drop the schema"
            }
        };
        Err(TransferError::NotEmpty(format!(
            "the schema {schema} of {server} {problem}"
        )))
    }
}

/// Refuses schemas of which one holds something that is not of the move with this name.
///
/// # Errors
/// When one does, or the server cannot be asked.
pub async fn require_free_schemas(
    url: &str,
    schemas: &[&str],
    name: &str,
) -> Result<(), TransferError> {
    let address = Address::parse(url)?;
    let mut session = address.connect("").await?;
    for schema in schemas {
        let found = find(&mut session, schema, name).await?;
        found.require_free(schema, address.label())?;
    }
    Ok(close(session).await?)
}

/// Makes schemas the targets of the move with this name, all of them or none: nobody else opens
/// one of them then.
///
/// # Errors
/// As [`require_free_schemas`] has them, and when the account may not make schemas.
pub async fn claim_schemas(url: &str, schemas: &[&str], name: &str) -> Result<(), TransferError> {
    let address = Address::parse(url)?;
    let mut session = address.connect("").await?;
    // In one transaction: a schema with a mark is ours, and one without is empty; and nobody who
    // opens all of them makes his own of some, whichever he tries first.
    let mut text = String::from("BEGIN; ");
    for schema in schemas {
        let found = find(&mut session, schema, name).await?;
        found.require_free(schema, address.label())?;
        if matches!(found, Found::Nothing) {
            text.push_str(&format!("CREATE SCHEMA \"{schema}\"; "));
        }
        if !matches!(found, Found::Target { .. }) {
            // Several statements in one trip take no bound values.
            let name = literal(name);
            text.push_str(&format!(
                "CREATE TABLE \"{schema}\".{MARKS} \
                 (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL); \
                 INSERT INTO \"{schema}\".{MARKS} (name, value) VALUES ('', {name}); "
            ));
        }
    }
    text.push_str("COMMIT");
    session.run(AssertSqlSafe(text)).await?;
    Ok(close(session).await?)
}

/// Makes targets databases as any other, all of them or none. Those that are so already stay.
///
/// # Errors
/// When the server refuses.
pub async fn release_schemas(url: &str, schemas: &[&str]) -> Result<(), DbError> {
    let address = Address::parse(url)?;
    let mut session = address.connect("").await?;
    // Of a table that is not there, as in a second run, no notice is wanted.
    let mut text = String::from("SET client_min_messages = warning; BEGIN; ");
    for schema in schemas {
        check_schema(schema)?;
        text.push_str(&format!("DROP TABLE IF EXISTS \"{schema}\".{MARKS}; "));
    }
    text.push_str("COMMIT");
    session.run(AssertSqlSafe(text)).await?;
    close(session).await
}

/// Gives a schema another name, so that nobody takes it for the domain's. One that is not there any
/// more has been renamed before. Returns whether it was there.
///
/// # Errors
/// When the account may not rename it.
pub async fn rename_schema(url: &str, schema: &str, name: &str) -> Result<bool, DbError> {
    check_schema(schema)?;
    check_schema(name)?;
    let address = Address::parse(url)?;
    let mut session = address.connect("").await?;
    let is_there = exists(&mut session, schema).await?;
    if is_there {
        let text = format!("ALTER SCHEMA \"{schema}\" RENAME TO \"{name}\"");
        session.run(AssertSqlSafe(text)).await?;
    }
    close(session).await?;
    Ok(is_there)
}

/// What the database in a schema is known by, if there is one.
///
/// # Errors
/// When the server cannot be asked.
pub async fn schema_installation(url: &str, schema: &str) -> Result<Option<String>, DbError> {
    check_schema(schema)?;
    let address = Address::parse(url)?;
    let mut session = address.connect("").await?;
    let mut installation = None;
    if exists(&mut session, schema).await? {
        let text =
            format!("SELECT CAST(installation AS TEXT) FROM \"{schema}\"._heliograph_home LIMIT 1");
        installation = scalar(&mut session, text).await?;
    }
    close(session).await?;
    Ok(installation)
}

async fn scalar(session: &mut Session, text: String) -> Result<Option<String>, DbError> {
    let asked = sqlx::query_scalar(AssertSqlSafe(text));
    let result = bounded(asked.fetch_optional(session.begin()?)).await;
    session.end(result)
}

async fn find(session: &mut Session, schema: &str, name: &str) -> Result<Found, TransferError> {
    check_schema(schema)?;
    if !exists(session, schema).await? {
        return Ok(Found::Nothing);
    }
    const MARKED: &str = "SELECT CAST(relname AS TEXT) FROM pg_class \
        JOIN pg_namespace ON pg_namespace.oid = relnamespace \
        WHERE nspname = $1 AND relname = '_heliograph_move'";
    const ANY: &str = "SELECT CAST(relname AS TEXT) FROM pg_class \
        JOIN pg_namespace ON pg_namespace.oid = relnamespace \
        WHERE nspname = $1 AND relkind IN ('r', 'p', 'v', 'm', 'f') LIMIT 1";
    if let Some((_,)) = optional::<(String,)>(session, MARKED, Some(schema)).await? {
        let text = format!("SELECT value FROM \"{schema}\".{MARKS} WHERE name = '' LIMIT 1");
        let owner = scalar(session, text).await?;
        let is_own = owner.as_deref() == Some(name);
        return Ok(Found::Target { is_own });
    }
    let any: Option<(String,)> = optional(session, ANY, Some(schema)).await?;
    Ok(if any.is_some() {
        Found::Used
    } else {
        Found::Empty
    })
}

async fn exists(session: &mut Session, schema: &str) -> Result<bool, DbError> {
    let known = "SELECT CAST(nspname AS TEXT) FROM pg_namespace WHERE nspname = $1";
    let known: Option<(String,)> = optional(session, known, Some(schema)).await?;
    Ok(known.is_some())
}

async fn close(session: Session) -> Result<(), DbError> {
    Ok(session.close().await?)
}

/// A text within a statement.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
