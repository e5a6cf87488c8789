//! Being the home of a domain on a PostgreSQL server.
//!
//! The lease is an advisory lock of the session that writes: who loses the session cannot commit,
//! and only one session has it. It is polled for; a session that waits within the server for the
//! lock would hold a snapshot all the time. Each process that becomes the home counts the epoch up,
//! so one that comes back after a lost session sees whether somebody else was the home meanwhile.

use std::sync::Arc;
use std::time::Duration;

use infra_kernel::Error;
use infra_resilience::{HOME_LEASE, HomeLease, Outage};
use sqlx::AssertSqlSafe;
use sqlx::migrate::Migrator;
use tokio::time::Instant;

use super::prepare::{check_database, prepare_schema, refuse_target};
use super::{
    Address, Marks, PostgresOptions, Role, Session, bounded, check_schema, one, session_settings,
};
use crate::{BoxFuture, DbError};

/// How long between two attempts to get the lease.
const LEASE_POLL: Duration = Duration::from_millis(100);
/// How long one session that was restored waits for the lease before the next is tried.
const LEASE_WAIT_MAX: Duration = Duration::from_secs(5);
/// The first and the longest wait between two attempts to reach the server.
const RETRY_MIN: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(1);

/// What is known of a domain's home, to be it again after a lost session.
#[derive(Debug)]
pub(crate) struct Home {
    address: Arc<Address>,
    schema: String,
    settings: String,
    epoch: i64,
    backend: Backend,
    lease: HomeLease,
    /// Until then the home before this one may answer from what it remembers. None when it has said
    /// that it does not.
    writes_from: Option<Instant>,
}

/// The server's process of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Backend {
    id: i64,
    /// When it began: the system gives the ids of processes again.
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
    /// To be used by the domain; refused while a move fills it.
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
    ///
    /// Behind a pointer, as is all that connects: it is not compiled into every domain.
    pub(crate) fn open<'a>(
        address: Arc<Address>,
        schema: &'a str,
        migrations: &'a Migrator,
        options: PostgresOptions,
        purpose: Purpose,
    ) -> BoxFuture<'a, Result<(Self, Session, Marks), DbError>> {
        Box::pin(Self::take_over(
            address, schema, migrations, options, purpose,
        ))
    }

    async fn take_over(
        address: Arc<Address>,
        schema: &str,
        migrations: &Migrator,
        options: PostgresOptions,
        purpose: Purpose,
    ) -> Result<(Self, Session, Marks), DbError> {
        // Its name becomes a part of statements.
        check_schema(schema)?;
        let settings = session_settings(schema, Role::Writer);
        let give_up_at = Instant::now() + options.home_wait;
        let mut session = connect_until(&address, &settings, give_up_at).await?;
        // Before the lease: a database that will not do is not held.
        check_database(&mut session, &address).await?;
        if !take_lease(&mut session, schema, give_up_at).await? {
            return Err(DbError::HeldElsewhere {
                database: address.label_of(schema),
            });
        }
        // From here: the home before could renew its lease only while it held the lock.
        let last_home_ends = Instant::now() + HOME_LEASE;
        if purpose == Purpose::Use {
            // Under the lease, which a move that fills the schema holds, too.
            refuse_target(&mut session, &address, schema).await?;
        }
        prepare_schema(&mut session, &address, schema, migrations).await?;
        let lease = HomeLease::expired();
        // The epoch is a commit, and shows what a heartbeat shows.
        let sent_at = Instant::now();
        let (epoch, is_released) = begin_epoch(&mut session).await?;
        lease.renew(sent_at.into_std());
        let marks = Marks::new(epoch, lease.clone());
        let home = Self {
            address,
            schema: schema.to_owned(),
            settings,
            epoch,
            backend: backend(&mut session).await?,
            lease,
            writes_from: (!is_released).then_some(last_home_ends),
        };
        Ok((home, session, marks))
    }

    /// The lease of what this process remembers of the database.
    pub(crate) fn lease(&self) -> HomeLease {
        self.lease.clone()
    }

    /// When the first write may be committed, if not at once.
    pub(crate) const fn writes_from(&self) -> Option<Instant> {
        self.writes_from
    }

    /// Gets a session and the lease again, however long it takes, and finds out what became of the
    /// group with this mark. The pauses between attempts are bounded; who calls bounds the whole.
    pub(crate) async fn restore(
        &mut self,
        mut marks: Marks,
        undecided: Option<i64>,
    ) -> Result<Restored, Fenced> {
        let mut pause = RETRY_MIN;
        let mut outage = Outage::begin(Instant::now().into_std());
        tracing::warn!(database = %self.address.label(), schema = %self.schema, "the writing session was lost; a new one is opened");
        loop {
            match self.try_restore(marks.last(), undecided).await {
                Ok((session, is_committed)) => {
                    self.tell_restored(&outage);
                    match undecided {
                        Some(mark) if is_committed => marks.committed(mark),
                        Some(mark) => marks.lost(mark),
                        None => {}
                    }
                    return Ok(Restored {
                        session,
                        marks,
                        is_committed,
                    });
                }
                Err(Attempt::Fenced(fenced)) => {
                    // No read and no cache answers from now on, before the process has ended.
                    self.lease.expire();
                    return Err(fenced);
                }
                Err(Attempt::Failed(error)) => {
                    self.tell_lost(&mut outage, error);
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(RETRY_MAX);
        }
    }

    /// Without this line an operator would see that a session was lost, and never why there is no
    /// other one.
    fn tell_lost(&self, outage: &mut Outage, error: DbError) {
        let now = Instant::now().into_std();
        let cause = Error::from(error).causes();
        if outage.is_to_be_told(now) {
            tracing::warn!(
                database = %self.address.label(),
                schema = %self.schema,
                lost_s = outage.lasted(now).as_secs(),
                cause,
                "the writing session is still lost, and writes are refused; it is retried every second"
            );
        } else {
            tracing::debug!(cause, "the writing session is not restored yet");
        }
    }

    fn tell_restored(&self, outage: &Outage) {
        let lost_for = outage.lasted(Instant::now().into_std());
        tracing::info!(
            database = %self.address.label(),
            schema = %self.schema,
            lost_ms = u64::try_from(lost_for.as_millis()).unwrap_or(u64::MAX),
            "the writing session is restored"
        );
    }

    async fn try_restore(
        &mut self,
        last: Option<i64>,
        undecided: Option<i64>,
    ) -> Result<(Session, bool), Attempt> {
        // All hosts again: that of the lost session may not be the primary any more.
        let mut session = self.address.connect_to_latest(&self.settings).await?;
        end_backend(&mut session, &self.backend).await?;
        let give_up_at = Instant::now() + LEASE_WAIT_MAX;
        if !take_lease(&mut session, &self.schema, give_up_at).await? {
            let error = self.address.refuse("the lease is held".to_owned());
            return Err(Attempt::Failed(error));
        }
        // Before anything that may fail: the next attempt needs to end this one's, too.
        self.backend = backend(&mut session).await?;
        // From here on the lost session has ended, for it had the lease: what it has committed is
        // committed, and nothing more will be.
        if let Some(reason) = self.fence(&mut session, last).await? {
            return Err(Attempt::Fenced(Fenced(reason)));
        }
        // Only now: before the lost session had ended, a missing mark could yet come.
        let is_committed = match undecided {
            Some(mark) => is_marked(&mut session, mark).await?,
            None => false,
        };
        let sent_at = Instant::now();
        // Before anyone is answered: the mark alone may be on this server and on no standby.
        prove_home(&mut session).await?;
        self.lease.renew(sent_at.into_std());
        Ok((session, is_committed))
    }

    /// Why what this process remembers of the database does not hold any more, if that is so.
    async fn fence(
        &self,
        session: &mut Session,
        last: Option<i64>,
    ) -> Result<Option<String>, DbError> {
        let epoch: Option<(i64,)> =
            super::optional(session, "SELECT epoch FROM _heliograph_home", None).await?;
        // The lock alone proves nothing here: it was free between the two sessions.
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
        match address.connect_to_latest(settings).await {
            Err(error) if error.is_transient() && Instant::now() < give_up_at => {
                tokio::time::sleep(LEASE_POLL).await;
            }
            connected => return connected,
        }
    }
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
        // Asked at least once, however late it is.
        if is_taken || Instant::now() >= give_up_at {
            return Ok(is_taken);
        }
        tokio::time::sleep(LEASE_POLL).await;
    }
}

/// Counts the homes up, and forgets the marks of the one before: it asks for none of them. Returns
/// the epoch, and whether the home before has taken leave, which leaves no mark.
async fn begin_epoch(session: &mut Session) -> Result<(i64, bool), DbError> {
    const BEGIN: &str = "WITH forgotten AS (DELETE FROM _heliograph_commits RETURNING id) \
        INSERT INTO _heliograph_home (epoch) VALUES (1) \
        ON CONFLICT (singleton) DO UPDATE SET epoch = _heliograph_home.epoch + 1 \
        RETURNING epoch, NOT EXISTS (SELECT FROM forgotten)";
    session.run("BEGIN").await?;
    let (epoch, is_released) = one(session, BEGIN, None).await?;
    let first = Marks::first(epoch);
    let text = format!("INSERT INTO _heliograph_commits (id) VALUES ({first}); COMMIT");
    session.run(AssertSqlSafe(text)).await?;
    Ok((epoch, is_released))
}

/// Commits something, which returns when all that is committed here is where this server's commits
/// have to be. So no standby that they wait for has been promoted before; and what a session has
/// left that waited for one, and was ended, is not here alone: such a commit is shown by its
/// server, and lost when the standby is promoted.
///
/// A message in the server's log that nobody reads: unlike a row it needs no room in a table, so
/// that a full disk leaves the home what it is.
pub(crate) async fn prove_home(session: &mut Session) -> Result<(), DbError> {
    const PROVE: &str = "SELECT pg_logical_emit_message(true, 'heliograph', '')";
    session.run(PROVE).await.map(drop)
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
