//! A domain's own database: SQLite in one file, or a schema on a PostgreSQL server; with many
//! readers and one writer that commits in groups.
//!
//! Reads take a connection from a small pool ([`Database::reader`]). Writes are closures handed to
//! the one writer ([`Database::write`]): those that arrive while a commit is under way share the
//! next one, each inside a savepoint of its own, so that one `fsync` serves many requests and one
//! request's failure is only its own. A response means the commit is on disk
//! (`synchronous = FULL`), unless the database is one that can be made again
//! ([`Durability::OnSync`]).
//!
//! It does not hide SQL, and lets no domain see another's tables: each opens only its own file, or
//! has only its own schema in sight. Statements ([`query()`]) use `$1`-style placeholders and what
//! both engines have; beside its tables a domain has `json_each` on both.
//!
//! On either engine one process writes, the database's home (ADR 0026). On a server that is who
//! holds the lease, with the session that commits ([`Database::open_postgres`]).
//!
//! A statement that runs often says `LIMIT CAST($1 AS BIGINT)`: SQLite plans by the value of a bare
//! `LIMIT $1`, and so prepares the statement again each time a value is bound.

// Here is where everybody else is sent.
#![allow(clippy::disallowed_methods)]

mod commit;
mod connection;
pub mod cut;
mod encryption;
mod error;
mod examine;
mod home;
mod installation;
mod json;
#[doc(hidden)]
pub mod migration;
mod options;
mod plan;
mod postgres;
mod query;
mod reader;
mod row;
mod schema_state;
mod sqlite;
mod sync;
mod text;
mod text_bytes;
mod value;
mod writer;

pub mod transfer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use infra_resilience::HomeLease;
use tokio::sync::Notify;

use commit::Commits;
use postgres::{Address, Home, Purpose, Readers, Replicas};
use sqlite::ReadOptions;
use sync::Syncs;

pub use commit::{CommitMoment, CommitVersion, CommitWatch};
pub use connection::Connection;
pub use encryption::{Encryption, certificate_problem};
pub use error::DbError;
pub use examine::{Inspection, examine, inspect};
pub use futures::future::BoxFuture;
pub use home::Position;
pub use infra_db_macros::{Row, migrations};
pub use json::json_ids;
pub use options::{Durability, OpenOptions};
pub use plan::{query_plan, query_plan_for};
pub use postgres::{
    PostgresOptions, ReplicaFacts, ServerFacts, examine_postgres, inspect_postgres,
    inspect_replicas, postgres_label,
};
pub use query::{Query, ScalarQuery, Target, query, query_scalar};
pub use reader::Reader;
pub use row::{Column, Columns, Row};
pub use schema_state::DatabaseState;
pub use sqlx::migrate::Migrator;
pub use text::SqlText;
pub use text_bytes::TextBytes;
pub use value::Value;

/// How long a statement on SQLite waits for a lock that another process holds before it gives up.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(5);
/// The most connections that read concurrently.
const READERS_MAX: u32 = 4;
/// How long a read waits for a free connection.
const READER_WAIT_MAX: Duration = Duration::from_secs(5);
/// How long the end waits for reads that are under way.
const READERS_CLOSE_MAX: Duration = Duration::from_secs(2);
/// How long an unused reading connection is kept.
const READER_IDLE_MAX: Duration = Duration::from_secs(300);
/// The most connections to a database that this process has concurrently: the readers and the
/// writer.
pub const CONNECTIONS_MAX: u32 = READERS_MAX + 1;
/// The least that a connection keeps of the file in memory, in bytes.
const PAGE_CACHE_BYTES_MIN: u64 = 256 * 1024;
/// How many prepared statements a connection keeps: more than a domain has.
const STATEMENTS_KEPT: usize = 512;
/// The write-ahead log is cut back to this many bytes after a checkpoint.
const WAL_BYTES_KEPT: &str = "16777216";

/// One domain's database. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    /// The file, or the database on a server and its schema.
    path: Arc<PathBuf>,
    reader: Reader,
    writer: writer::Writer,
    commits: Arc<Commits>,
    syncs: Arc<Syncs>,
    lease: HomeLease,
    position: Option<Arc<AtomicI64>>,
    replicas: Option<Replicas>,
}

impl Database {
    /// Opens the file, makes it when it is not there, and brings its schema up to date.
    ///
    /// # Errors
    /// When the file cannot be opened, is not a database, or a migration fails; the error names the
    /// file.
    pub async fn open(path: &Path, migrations: &Migrator) -> Result<Self, DbError> {
        Self::open_with(path, migrations, OpenOptions::default()).await
    }

    /// The same with other options.
    ///
    /// # Errors
    /// As [`Self::open`] has them.
    pub async fn open_with(
        path: &Path,
        migrations: &Migrator,
        options: OpenOptions,
    ) -> Result<Self, DbError> {
        Self::start(path, migrations, options, None).await
    }

    /// The same, with something to wait for at each moment of each commit: for tests of crashes.
    ///
    /// # Errors
    /// As [`Self::open`] has them.
    pub async fn open_watched(
        path: &Path,
        migrations: &Migrator,
        watch: CommitWatch,
    ) -> Result<Self, DbError> {
        Self::start(path, migrations, OpenOptions::default(), Some(watch)).await
    }

    async fn start(
        path: &Path,
        migrations: &Migrator,
        options: OpenOptions,
        watch: Option<CommitWatch>,
    ) -> Result<Self, DbError> {
        let failed = |source| DbError::Open {
            path: path.to_owned(),
            source,
        };
        let page_cache_kib = options.page_cache_bytes.max(PAGE_CACHE_BYTES_MIN) / 1024;
        let file = path.to_owned();
        let migrations: Vec<_> = migrations.iter().cloned().collect();
        let opening = tokio::task::spawn_blocking(move || {
            sqlite::open_migrated(&file, &migrations, page_cache_kib, options.durability)
        });
        let opened = opening.await.map_err(|error| failed(error.into()))?;
        let connection = Connection::own(opened?);
        // Only now is the file there, whose path this resolves.
        let syncs = Syncs::new(path, options.durability).map_err(|error| failed(error.into()))?;
        let commits = Arc::new(Commits::default());
        let started = writer::Writer::start(path, connection, None, Arc::clone(&commits), watch);
        Ok(Self {
            path: Arc::new(path.to_owned()),
            reader: Reader::new(ReadOptions::beside_writer(path, page_cache_kib)),
            writer: started.map_err(|error| failed(error.into()))?,
            commits,
            syncs: Arc::new(syncs),
            lease: HomeLease::default(),
            position: None,
            replicas: None,
        })
    }

    /// Becomes the home of a domain whose database is a schema on a PostgreSQL server, makes the
    /// schema when it is not there, and brings it up to date.
    ///
    /// The URL may name several hosts (`postgres://account@one:5432,two/photos`), of which one is
    /// the primary. The database's encoding is UTF8, and its collation should be C.
    ///
    /// When the writing session is lost it is opened again, and writes fail for a while as
    /// transient if that takes longer than some seconds. None is answered as done that is not
    /// committed; of a commit whose result was lost the truth is found out before anything else
    /// is written.
    ///
    /// # Errors
    /// When there is no session, the server or the database is of a kind that is not supported,
    /// another process is the home, or a migration fails. The errors repeat no password.
    pub async fn open_postgres(
        url: &str,
        schema: &str,
        migrations: &Migrator,
        options: PostgresOptions,
    ) -> Result<Self, DbError> {
        Self::start_postgres(url, schema, migrations, options, Purpose::Use, None).await
    }

    /// The same for a schema that a move fills.
    async fn open_postgres_target(
        url: &str,
        schema: &str,
        migrations: &Migrator,
        options: PostgresOptions,
    ) -> Result<Self, DbError> {
        Self::start_postgres(url, schema, migrations, options, Purpose::Fill, None).await
    }

    /// The same, with something to wait for at each moment of each commit: for tests of crashes.
    ///
    /// # Errors
    /// As [`Self::open_postgres`] has them.
    pub async fn open_postgres_watched(
        url: &str,
        schema: &str,
        migrations: &Migrator,
        watch: CommitWatch,
    ) -> Result<Self, DbError> {
        let options = PostgresOptions::default();
        let watch = Some(watch);
        Self::start_postgres(url, schema, migrations, options, Purpose::Use, watch).await
    }

    async fn start_postgres(
        url: &str,
        schema: &str,
        migrations: &Migrator,
        options: PostgresOptions,
        purpose: Purpose,
        watch: Option<CommitWatch>,
    ) -> Result<Self, DbError> {
        let address = Arc::new(Address::parse(url)?);
        let name = PathBuf::from(address.label_of(schema));
        let opened = Home::open(Arc::clone(&address), schema, migrations, options, purpose);
        let (home, session, marks) = opened.await?;
        let position = Some(marks.position());
        let (connection, lease) = (Connection::of_home(session, marks), home.lease());
        let commits = Arc::new(Commits::default());
        let commits_of_writer = Arc::clone(&commits);
        let writer = writer::Writer::start(&name, connection, Some(home), commits_of_writer, watch);
        let writer = writer.map_err(|error| DbError::Open {
            path: name.clone(),
            source: error.into(),
        })?;
        Ok(Self {
            path: Arc::new(name),
            reader: Reader::of_postgres(Readers::new(address, schema, lease.clone())),
            writer,
            commits,
            // Every commit is durable before it is answered.
            syncs: Arc::default(),
            lease,
            position,
            replicas: None,
        })
    }

    /// Where the database is: its file, or a name for logs when it is on a server.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Connections to read with: `query.fetch_all(database.reader())`.
    #[must_use]
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Runs a piece of work in a transaction and returns when it is committed and on disk. When the
    /// work fails, all it wrote is undone, and the other work of the same group is not.
    ///
    /// Work passes on the errors of its statements: after some of them (a full disk) SQLite has
    /// undone the transaction by itself, and what is written after that would stand alone; and
    /// after any of them PostgreSQL refuses all that follows, so that work which goes on is
    /// undone.
    ///
    /// The work runs to its end even when the caller stops waiting: a caller that went away does
    /// not know whether it was done, as with any commit whose result is lost.
    ///
    /// # Errors
    /// The work's own, or the database's when it could not be committed.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + std::error::Error + Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    {
        self.writer.write(work, |_, _| {}).await
    }

    /// As [`Self::write`], with a hook for what must follow the commit: invalidating a cache,
    /// waking who waits.
    ///
    /// The hook runs exactly when the work was committed, before its caller is answered, also when
    /// the caller has gone away. Hooks run one after the other in the order of the commits, in the
    /// writer itself: a hook is short, waits for nothing, and writes nothing. When it panics, the
    /// write stands and its caller is answered.
    ///
    /// # Errors
    /// As [`Self::write`] has them; the hook has not run then.
    pub async fn write_then<T, E, F, H>(&self, work: F, after_commit: H) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + std::error::Error + Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
        H: FnOnce(&T, CommitVersion) + Send + 'static,
    {
        self.writer.write(work, after_commit).await
    }

    /// The version of the last commit of this process. It is at least that of every write whose
    /// caller was answered, and at most that of what a read which begins afterwards sees.
    #[must_use]
    pub fn commit_version(&self) -> CommitVersion {
        self.commits.last()
    }

    /// Makes durable what was committed before, where the commit has not. Everything whose caller
    /// was answered is included, and what an earlier process has left. Who decides by what it has
    /// read that nothing is to be written, and syncs then, has to read within a write: a commit can
    /// be read a moment before it counts here.
    ///
    /// # Errors
    /// When the disk refuses; what was committed stays committed, and may be lost with the power.
    /// The next call writes it again, so it may succeed.
    pub async fn sync(&self) -> Result<(), DbError> {
        self.syncs.sync(&self.commits).await
    }

    /// Wakes after commits: the relay of an outbox waits here instead of asking again and again.
    /// Only one may wait.
    #[must_use]
    pub fn commits(&self) -> Arc<Notify> {
        self.commits.signal()
    }

    /// Finishes the writes that were handed in, then closes every connection, so that all there is
    /// is in the one file and none of it in the log beside it. Reads that do not end within two
    /// seconds, and other processes that read, are not waited for longer; then the log may stay,
    /// and belongs to the file, and the log says which it is. Returns whether everything is closed.
    pub async fn close(&self) -> bool {
        let is_finished = self.writer.finish().await;
        // Before the writer: the last connection of all takes the log away, and a reader cannot.
        let closing = tokio::time::timeout(READERS_CLOSE_MAX, self.reader.close());
        let are_readers_closed = closing.await.is_ok();
        if !are_readers_closed {
            tracing::warn!(
                database = %self.path.display(),
                lent = self.reader.lent(),
                "reads did not end in time; their connections stay open to the end of the process"
            );
        }
        let is_writer_closed = self.writer.close().await;
        is_finished && are_readers_closed && is_writer_closed
    }
}
