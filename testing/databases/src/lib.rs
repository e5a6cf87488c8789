//! What a domain stands on in its tests, on the engines that the run is about: a database, which is
//! a file in the test's folder or one on a PostgreSQL server that all tests of a program share; and
//! a database on a Redis server that they share, or none. Two processes that want one database. And
//! what the statements of a domain cost there ([`plans`]).

mod contest;
pub mod plans;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

pub use contest::{Contest, compete};
use infra_db::{Database, PostgresOptions};
use infra_domain::DatabaseSpec;
use infra_redis::{LIMITS, RedisLimiter};
use infra_resilience::{Limiter, LocalLimiter};
pub use testing_engines::RedisDatabase;
use testing_engines::{Postgres, Redis, Shape};

/// One server for all tests of this process, if they are to use PostgreSQL.
static POSTGRES: LazyLock<Option<Postgres>> = LazyLock::new(Postgres::start);
/// The same of Redis.
static REDIS: LazyLock<Redis> = LazyLock::new(|| {
    Redis::start_with(&["--databases", REDIS_DATABASES])
        .expect("HELIOGRAPH_TEST_REDIS names the program redis-server")
});
/// More than the tests of a program take.
const REDIS_DATABASES: &str = "4096";
/// The database of each test's folder: who opens it again finds what was in it.
static URLS: LazyLock<Mutex<HashMap<PathBuf, String>>> = LazyLock::new(Mutex::default);

/// Opens the database of a domain, brought up to date, for the test that has this folder.
///
/// # Panics
/// When it cannot be opened, or the domain has no schema for PostgreSQL.
pub async fn open(spec: &DatabaseSpec, folder: &Path) -> Database {
    let opened = match Shape::of_this_run() {
        Shape::Embedded => Database::open(&folder.join(spec.file), spec.migrations).await,
        Shape::Engines => {
            let migrations = spec
                .postgres_migrations
                .expect("a domain has a schema on PostgreSQL");
            let url = url_of(folder);
            Database::open_postgres(&url, spec.name, migrations, PostgresOptions::default()).await
        }
    };
    opened.expect("the database can be opened")
}

/// Whether databases are files in this run. Only then may a second process have one open, and only
/// then are there older versions whose schema a test can begin with.
#[must_use]
pub fn are_files() -> bool {
    Shape::of_this_run() == Shape::Embedded
}

/// Who counts limits, by the test's own clock: nothing is counted yet.
///
/// # Panics
/// When Redis will not do.
pub async fn limiter() -> Arc<dyn Limiter> {
    match redis() {
        None => Arc::new(LocalLimiter::default()),
        Some(database) => {
            let redis = infra_redis::Redis::open(&database.url(), &[LIMITS]).await;
            let redis = redis.expect("Redis will do");
            // By the callers' time: a test that moves its clock moves the limits with it.
            Arc::new(RedisLimiter::new(redis, NonZeroU32::MIN).with_time_of_callers())
        }
    }
}

/// An empty database of Redis, if this run is about engines.
#[must_use]
pub fn redis() -> Option<RedisDatabase> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    match Shape::of_this_run() {
        Shape::Embedded => None,
        Shape::Engines => {
            // Never given again: what an earlier test has left is in another one.
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            Some(REDIS.database(number))
        }
    }
}

/// Runs a text of the test's own in its database on the server, and returns what `psql` prints.
fn run_on_server(folder: &Path, text: &str) -> String {
    let url = url_of(folder);
    let (_, database) = url.rsplit_once('/').expect("the URL ends in a name");
    let server = POSTGRES.as_ref().expect("it has the database");
    server.run_in(database, text)
}

fn url_of(folder: &Path) -> String {
    let mut urls = URLS.lock().expect("no test panics while it holds this");
    let number = urls.len();
    let url = urls.entry(folder.to_owned()).or_insert_with(|| {
        let server = POSTGRES.as_ref();
        let server =
            server.expect("HELIOGRAPH_TEST_POSTGRES names the folder of PostgreSQL's programs");
        server.create_database(&format!("test_{number}"))
    });
    url.clone()
}
