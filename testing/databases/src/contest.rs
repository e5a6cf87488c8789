//! Two processes that want one database on PostgreSQL, of which one is its home (ADR 0026).

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use infra_db::{Database, DbError, Migrator, PostgresOptions};
use infra_domain::DatabaseSpec;
use infra_kernel::{Error, ErrorCode};
use infra_resilience::HomeLease;
use testing_engines::Link;

use crate::{POSTGRES, are_files};

/// How many writes of a process are under way at a time.
const LANES: usize = 4;
/// How many writes each process is to have acknowledged.
const WRITES: usize = 60;
/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(30);
/// The pause between two looks, and after a refusal.
const PAUSE: Duration = Duration::from_millis(2);
/// How long somebody waits who pages on while the network is cut.
const PAGE_MAX: Duration = Duration::from_millis(500);
/// What a server does that notices at once that somebody is cut off.
const END_SESSIONS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
    WHERE application_name = 'heliograph' AND datname = current_database()";

/// A database that two processes want, the first by a network that can be cut.
pub struct Contest {
    schema: &'static str,
    migrations: &'static Migrator,
    name: String,
    link: Link,
}

impl Contest {
    /// Over a new database of this domain; none in a run that is about files.
    ///
    /// # Panics
    /// When the domain has no schema for PostgreSQL.
    #[must_use]
    pub fn of(spec: &DatabaseSpec) -> Option<Self> {
        if are_files() {
            return None;
        }
        let migrations = spec.postgres_migrations;
        Self::over(spec.name, migrations.expect("a domain has a schema there"))
    }

    /// Over a new database with this schema; none where tests are not to use PostgreSQL.
    #[must_use]
    pub fn over(schema: &'static str, migrations: &'static Migrator) -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let server = POSTGRES.as_ref()?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("contest_{number}");
        let _ = server.create_database(&name);
        Some(Self {
            schema,
            migrations,
            name,
            link: server.link(),
        })
    }

    /// The first process becomes the home, and a second one is refused while it is.
    ///
    /// # Panics
    /// When the first cannot, or the second can.
    pub async fn first(&self) -> Database {
        let by_link = self.link.url(&self.url());
        let first = self.open(&by_link, PATIENCE).await;
        let first = first.expect("the first process becomes the home");
        let second = self.open(&self.url(), Duration::ZERO).await;
        let refused = second.map(drop);
        assert!(
            matches!(refused, Err(DbError::HeldElsewhere { .. })),
            "a second process beside the home: {refused:?}"
        );
        first
    }

    /// The network to the first is cut and its sessions end; a second process becomes the home.
    /// Then the network is whole again, and the first tries to go on.
    ///
    /// # Panics
    /// When the second cannot.
    pub async fn take_over(&self) -> Database {
        self.link.cut();
        if let Some(server) = &*POSTGRES {
            server.run_in(&self.name, END_SESSIONS);
        }
        let second = self.open(&self.url(), PATIENCE).await;
        self.link.heal();
        second.expect("a second process becomes the home")
    }

    /// The second process ends. The first, which may have the lease again, is not the home of what
    /// it knew, and never writes again. Returns the database as a third process opens it.
    ///
    /// # Panics
    /// When the first does not learn it, or the database cannot be opened.
    pub async fn end(&self, first: &Database, second: &Database) -> Database {
        assert!(!first.lease().holds(Instant::now()), "both could answer");
        second.close().await;
        let lost = tokio::time::timeout(PATIENCE, first.home_lost()).await;
        assert!(lost.is_ok(), "the first does not learn that it was not it");
        let written = first.write::<(), DbError, _>(|_| Box::pin(async { Ok(()) }));
        let refused = written.await;
        assert!(matches!(refused, Err(DbError::HomeLost)), "{refused:?}");
        let third = self.open(&self.url(), PATIENCE).await;
        third.expect("a third process becomes the home")
    }

    async fn open(&self, url: &str, home_wait: Duration) -> Result<Database, DbError> {
        let options = PostgresOptions { home_wait };
        Database::open_postgres(url, self.schema, self.migrations, options).await
    }

    fn url(&self) -> String {
        let server = POSTGRES.as_ref().expect("it was there at the beginning");
        server.url(&self.name)
    }
}

/// Has two processes write a domain as fast as they can, of which one takes over from the other,
/// and somebody page through what they number.
///
/// `service` is the domain as one process has it, `write` its write of this number, which collides
/// with no other, and `ids` the statement that lists, in order, the ids above `$1` that were made
/// in those writes. Nothing that was acknowledged may be missing, nothing may be written by the
/// first process beside the second, and who pages on from the newest id must miss none. Returns the
/// database as a third process opens it.
///
/// # Panics
/// When it is not so.
pub async fn compete<S, E: Into<Error>>(
    contest: &Contest,
    service: impl Fn(Database) -> S,
    write: impl AsyncFn(&S, u64) -> Result<(), E>,
    ids: &'static str,
) -> Database {
    let first = contest.first().await;
    let course = Course::begin(&first);
    let takes_over = async {
        course
            .until("the first writes", || course.first.taken() >= WRITES)
            .await;
        let second = contest.take_over().await;
        let seconds = service(second.clone());
        let _ = course.second_home.set(second.clone());
        let is_shown = || course.second.taken() >= WRITES && course.first.refused() > 0;
        let ends = async {
            course
                .until("the second writes, and the first cannot", is_shown)
                .await;
            course.is_over.store(true, Ordering::SeqCst);
        };
        tokio::join!(course.write_on(&course.second, &seconds, &write), ends);
        second
    };
    let firsts = service(first.clone());
    let (second, (), mut paged) = tokio::join!(
        takes_over,
        course.write_on(&course.first, &firsts, &write),
        course.page_on(&first, ids),
    );
    assert_eq!(course.second.refused(), 0, "the home was refused something");
    let newest = paged.last().copied().unwrap_or(0);
    let rest = page(&second, ids, newest).await;
    paged.extend(rest.expect("the home can be read"));
    let all = page(&second, ids, 0).await.expect("the home can be read");
    assert_eq!(paged, all, "who pages on has missed something");
    let taken = course.first.taken() + course.second.taken();
    let known = taken..=taken + course.first.refused();
    assert!(known.contains(&all.len()), "{} of {known:?}", all.len());
    contest.end(&first, &second).await
}

/// What became of the writes of one process.
#[derive(Default)]
struct Tally {
    taken: AtomicUsize,
    refused: AtomicUsize,
}

impl Tally {
    fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }
}

/// How far the two have come.
struct Course {
    /// Until when the first answers from what it remembers.
    first_lease: HomeLease,
    first: Tally,
    second: Tally,
    /// Once there is one.
    second_home: OnceLock<Database>,
    next: AtomicU64,
    is_over: AtomicBool,
}

impl Course {
    fn begin(first: &Database) -> Self {
        Self {
            first_lease: first.lease(),
            first: Tally::default(),
            second: Tally::default(),
            second_home: OnceLock::new(),
            next: AtomicU64::new(1),
            is_over: AtomicBool::new(false),
        }
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < PATIENCE, "it never came true: {what}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn write_on<S, E: Into<Error>>(
        &self,
        tally: &Tally,
        service: &S,
        write: &impl AsyncFn(&S, u64) -> Result<(), E>,
    ) {
        let lane = async || {
            while !self.is_over() {
                self.write_one(tally, service, write).await;
            }
        };
        futures::future::join_all((0..LANES).map(|_| lane())).await;
    }

    async fn write_one<S, E: Into<Error>>(
        &self,
        tally: &Tally,
        service: &S,
        write: &impl AsyncFn(&S, u64) -> Result<(), E>,
    ) {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let is_second = std::ptr::eq(tally, &self.second);
        let is_beside = !is_second && self.second_home.get().is_some();
        let Err(error) = write(service, number).await else {
            assert!(!is_beside, "the first process has written beside the home");
            let could_answer = is_second && self.first_lease.holds(Instant::now());
            assert!(
                !could_answer,
                "the first remembers what the home has changed"
            );
            tally.taken.fetch_add(1, Ordering::SeqCst);
            return;
        };
        let error: Error = error.into();
        assert_eq!(error.code(), ErrorCode::Unavailable, "{}", error.causes());
        tally.refused.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(PAUSE).await;
    }

    /// Pages on from the newest id, again and again; all that it was shown.
    async fn page_on(&self, first: &Database, ids: &'static str) -> Vec<i64> {
        let mut paged = Vec::new();
        loop {
            let is_last = self.is_over();
            let home = self.second_home.get().unwrap_or(first);
            let newest = paged.last().copied().unwrap_or(0);
            paged.extend(page(home, ids, newest).await.unwrap_or_default());
            if is_last {
                return paged;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// The ids above this one; nothing when the database cannot be read just now.
async fn page(database: &Database, ids: &'static str, newest: i64) -> Option<Vec<i64>> {
    let page = infra_db::query_scalar(ids).bind(newest);
    let page = page.fetch_all(database.reader());
    tokio::time::timeout(PAGE_MAX, page).await.ok()?.ok()
}
