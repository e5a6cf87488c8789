//! Being the home of a domain on a PostgreSQL server.
//!
//! The lease is an advisory lock of the session that writes: who loses the session cannot commit,
//! and only one session has it. It is polled for; a session that waits within the server for the
//! lock would hold a snapshot all the time. Each process that becomes the home counts the epoch up,
//! so one that comes back after a lost session sees whether somebody else was the home meanwhile.

use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, FromRow};
use tokio::time::Instant;

use super::{
    Address, Marks, PostgresOptions, Role, STATEMENT_MAX, Session, bounded, check_schema, millis,
    session_settings,
};
use crate::DbError;

/// How long between two attempts to get the lease.
const LEASE_POLL: Duration = Duration::from_millis(100);
/// How long one session that was restored waits for the lease before the next is tried.
const LEASE_WAIT_MAX: Duration = Duration::from_secs(5);
/// The first and the longest wait between two attempts to reach the server.
const RETRY_MIN: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(1);

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

/// What is known of a domain's home, to be it again after a lost session.
#[derive(Debug)]
pub(crate) struct Home {
    address: Arc<Address>,
    schema: String,
    settings: String,
    epoch: i64,
    backend: Backend,
}

/// The server's process of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Backend {
    id: i64,
    /// Ids come again.
    started: String,
}

/// A session of the home after one that was lost.
pub(crate) struct Restored {
    pub(crate) session: Session,
    pub(crate) marks: Marks,
    /// Whether the group whose result was lost is committed.
    pub(crate) is_committed: bool,
}

/// Why this process is not the home any more, and cannot become it again without a new start.
#[derive(Debug)]
pub(crate) struct Fenced(pub(crate) String);

/// What a schema is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be used.
    Use,
    /// To be filled by a move.
    Fill,
}

enum Attempt {
    Fenced(Fenced),
    Failed(DbError),
}

impl From<DbError> for Attempt {
    fn from(error: DbError) -> Self {
        Self::Failed(error)
    }
}

impl Home {
    /// Becomes the home, and brings the schema up to date.
    pub(crate) async fn open(
        address: Arc<Address>,
        schema: &str,
        migrations: &Migrator,
        options: PostgresOptions,
        purpose: Purpose,
    ) -> Result<(Self, Session, Marks), DbError> {
        check_schema(schema)?;
        let settings = session_settings(schema, Role::Writer);
        let give_up_at = Instant::now() + options.home_wait;
        let mut session = connect_until(&address, &settings, give_up_at).await?;
        check_database(&mut session, &address).await?;
        if !take_lease(&mut session, schema, give_up_at).await? {
            return Err(DbError::HeldElsewhere {
                database: format!("{} schema {schema}", address.label()),
            });
        }
        if purpose == Purpose::Use {
            refuse_target(&mut session, &address, schema).await?;
        }
        prepare_schema(&mut session, &address, schema, migrations).await?;
        let epoch = begin_epoch(&mut session).await?;
        let backend = backend(&mut session).await?;
        let home = Self {
            address,
            schema: schema.to_owned(),
            settings,
            epoch,
            backend,
        };
        Ok((home, session, Marks::new(epoch)))
    }

    /// Gets a session and the lease again, however long it takes, and finds out what became of the
    /// group with this mark. The pauses between attempts are bounded; who calls bounds the whole.
    pub(crate) async fn restore(
        &mut self,
        mut marks: Marks,
        undecided: Option<i64>,
    ) -> Result<Restored, Fenced> {
        let mut pause = RETRY_MIN;
        let lost_at = Instant::now();
        tracing::warn!(database = %self.address.label(), schema = %self.schema, "the writing session was lost; a new one is opened");
        loop {
            match self.try_restore(marks.last(), undecided).await {
                Ok((session, is_committed)) => {
                    tracing::info!(
                        database = %self.address.label(),
                        schema = %self.schema,
                        lost_ms = u64::try_from(lost_at.elapsed().as_millis()).unwrap_or(u64::MAX),
                        "the writing session is restored"
                    );
                    if let Some(mark) = undecided.filter(|_| is_committed) {
                        marks.committed(mark);
                    }
                    return Ok(Restored {
                        session,
                        marks,
                        is_committed,
                    });
                }
                Err(Attempt::Fenced(fenced)) => return Err(fenced),
                Err(Attempt::Failed(error)) => {
                    tracing::debug!(%error, "the writing session is not restored yet");
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(RETRY_MAX);
        }
    }

    async fn try_restore(
        &mut self,
        last: Option<i64>,
        undecided: Option<i64>,
    ) -> Result<(Session, bool), Attempt> {
        let mut session = self.address.connect(&self.settings).await?;
        end_backend(&mut session, &self.backend).await?;
        let give_up_at = Instant::now() + LEASE_WAIT_MAX;
        if !take_lease(&mut session, &self.schema, give_up_at).await? {
            let error = self.address.refuse("the lease is held".to_owned());
            return Err(Attempt::Failed(error));
        }
        // From here on the lost session has ended, for it had the lease: what it has committed is
        // committed, and nothing more will be.
        if let Some(reason) = self.fence(&mut session, last).await? {
            return Err(Attempt::Fenced(Fenced(reason)));
        }
        let is_committed = match undecided {
            Some(mark) => is_marked(&mut session, mark).await?,
            None => false,
        };
        self.backend = backend(&mut session).await?;
        Ok((session, is_committed))
    }

    /// Why what this process remembers of the database does not hold any more, if that is so.
    async fn fence(
        &self,
        session: &mut Session,
        last: Option<i64>,
    ) -> Result<Option<String>, DbError> {
        let epoch: Option<(i64,)> =
            optional(session, "SELECT epoch FROM _heliograph_home", None).await?;
        if epoch != Some((self.epoch,)) {
            return Ok(Some("another process was the home meanwhile".to_owned()));
        }
        if let Some(last) = last
            && !is_marked(session, last).await?
        {
            let text = "the server has lost commits that it had acknowledged: it is a standby that was promoted too early, or a copy";
            return Ok(Some(text.to_owned()));
        }
        Ok(None)
    }
}

/// Connects, and for a while again where that may help: a server may be starting.
async fn connect_until(
    address: &Address,
    settings: &str,
    give_up_at: Instant,
) -> Result<Session, DbError> {
    loop {
        match address.connect(settings).await {
            Err(error) if error.is_transient() && Instant::now() < give_up_at => {
                tokio::time::sleep(LEASE_POLL).await;
            }
            connected => return connected,
        }
    }
}

/// Refuses what would be silently wrong, and says what is only worse than it could be.
async fn check_database(session: &mut Session, address: &Address) -> Result<(), DbError> {
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

/// Polls for the lease until then; whether it has it.
async fn take_lease(
    session: &mut Session,
    schema: &str,
    give_up_at: Instant,
) -> Result<bool, DbError> {
    // Advisory locks are of one database already.
    const TAKE: &str = "SELECT pg_try_advisory_lock(hashtextextended('heliograph home ' || current_database() || ' ' || $1, 0))";
    loop {
        let (is_taken,): (bool,) = one(session, TAKE, Some(schema)).await?;
        if is_taken || Instant::now() >= give_up_at {
            return Ok(is_taken);
        }
        tokio::time::sleep(LEASE_POLL).await;
    }
}

/// Refuses a schema that a move has not filled yet: it may hold half of what it should.
async fn refuse_target(
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
async fn prepare_schema(
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

/// Counts the homes up, and forgets the marks of the one before: it asks for none of them.
async fn begin_epoch(session: &mut Session) -> Result<i64, DbError> {
    const BEGIN: &str = "WITH forgotten AS (DELETE FROM _heliograph_commits) \
        INSERT INTO _heliograph_home (epoch) VALUES (1) \
        ON CONFLICT (singleton) DO UPDATE SET epoch = _heliograph_home.epoch + 1 RETURNING epoch";
    let (epoch,): (i64,) = one(session, BEGIN, None).await?;
    Ok(epoch)
}

async fn is_marked(session: &mut Session, mark: i64) -> Result<bool, DbError> {
    let text = format!("SELECT id FROM _heliograph_commits WHERE id = {mark}");
    let asked = sqlx::raw_sql(AssertSqlSafe(text));
    let result = bounded(asked.fetch_optional(session.begin()?)).await;
    Ok(session.end(result)?.is_some())
}

async fn backend(session: &mut Session) -> Result<Backend, DbError> {
    const ASKED: &str = "SELECT CAST(pid AS BIGINT), CAST(backend_start AS TEXT) \
        FROM pg_stat_activity WHERE pid = pg_backend_pid()";
    let (id, started) = one(session, ASKED, None).await?;
    Ok(Backend { id, started })
}

/// Ends the lost session's process, where the server has not noticed yet that the session is lost.
async fn end_backend(session: &mut Session, lost: &Backend) -> Result<(), DbError> {
    let text = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE pid = {} AND CAST(backend_start AS TEXT) = $1",
        lost.id
    );
    let text = crate::SqlText::assembled(&text).into_sqlx();
    let query = sqlx::query(text).bind(lost.started.as_str());
    let result = bounded(query.execute(session.begin()?)).await;
    session.end(result).map(drop)
}

async fn one<T>(
    session: &mut Session,
    text: &'static str,
    value: Option<&str>,
) -> Result<T, DbError>
where
    T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    let row = optional(session, text, value).await?;
    row.ok_or_else(|| sqlx::Error::RowNotFound.into())
}

pub(crate) async fn optional<T>(
    session: &mut Session,
    text: &'static str,
    value: Option<&str>,
) -> Result<Option<T>, DbError>
where
    T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    let mut query = sqlx::query(text);
    if let Some(value) = value {
        query = query.bind(value);
    }
    let result = bounded(query.fetch_optional(session.begin()?)).await;
    match session.end(result)? {
        Some(row) => Ok(Some(T::from_row(&row)?)),
        None => Ok(None),
    }
}
