//! A domain's database for its tests, on the engine that the run is about: a file in the test's
//! folder, or a database of its own on a PostgreSQL server that all tests of a program share.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use infra_db::{Database, PostgresOptions};
use infra_domain::DatabaseSpec;
use testing_engines::{Postgres, Shape};

/// One server for all tests of this process.
static POSTGRES: LazyLock<Postgres> = LazyLock::new(|| {
    Postgres::start().expect("HELIOGRAPH_TEST_POSTGRES names the folder of PostgreSQL's programs")
});
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

fn url_of(folder: &Path) -> String {
    let mut urls = URLS.lock().expect("no test panics while it holds this");
    let number = urls.len();
    let url = urls
        .entry(folder.to_owned())
        .or_insert_with(|| POSTGRES.create_database(&format!("test_{number}")));
    url.clone()
}
