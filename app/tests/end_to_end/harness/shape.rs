//! The shape of deployment that the servers under test have.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;
use testing_engines::{Nats, Objects, Postgres, Redis, S3, Shape};

use super::server::heliograph;

/// One server of each engine for all tests of this process.
static POSTGRES: LazyLock<Postgres> = LazyLock::new(|| {
    Postgres::start().expect("HELIOGRAPH_TEST_POSTGRES names the folder of PostgreSQL's programs")
});
static NATS: LazyLock<Nats> =
    LazyLock::new(|| Nats::start().expect("HELIOGRAPH_TEST_NATS names the program nats-server"));

static REDIS: LazyLock<Redis> = LazyLock::new(|| {
    Redis::start_with(&["--databases", "4096"])
        .expect("HELIOGRAPH_TEST_REDIS names the program redis-server")
});

static BUCKET: LazyLock<S3> =
    LazyLock::new(|| S3::start().expect("HELIOGRAPH_TEST_S3 names the program weed of SeaweedFS"));

/// The name of a database that has everything that a first start makes, to be copied: a copy takes
/// a fifth of the time. Its making is that first start.
static TEMPLATE: LazyLock<&str> = LazyLock::new(|| {
    let name = "template";
    let folder = TempDir::new().expect("a temporary folder");
    let mut migrate = heliograph();
    migrate.args(["migrate", "--data-dir"]).arg(folder.path());
    migrate.env("HELIOGRAPH_DATABASE_URL", POSTGRES.create_database(name));
    let made = migrate.output().expect("the program starts");
    assert!(made.status.success(), "the schemas are not made: {made:?}");
    name
});

/// What a server is told of photos that are in a bucket.
pub(crate) fn bucket(server: &S3, prefix: &str) -> [(&'static str, String); 4] {
    [
        ("HELIOGRAPH_MEDIA_URL", server.url(prefix)),
        ("HELIOGRAPH_S3__ENDPOINT", server.endpoint()),
        (
            "HELIOGRAPH_S3__ACCESS_KEY_ID",
            server.access_key_id().to_owned(),
        ),
        (
            "HELIOGRAPH_S3__SECRET_ACCESS_KEY",
            server.secret_access_key().to_owned(),
        ),
    ]
}

/// Where a server under test keeps what it has stored.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// In files of its data folder, unless its story has told it otherwise.
    Folder,
    /// In a database, a log, a bucket's folder and a Redis database with this number, on servers
    /// that all share.
    Engines(u32),
}

impl Place {
    /// That of a new server: its own.
    pub(super) fn next() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        match Shape::of_this_run() {
            Shape::Embedded => Self::Folder,
            Shape::Engines => Self::Engines(COUNT.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// What the server is told of it. Makes the database, which has to be done once.
    pub(super) fn make(self) -> Vec<(String, String)> {
        let Self::Engines(number) = self else {
            return Vec::new();
        };
        let from = ["--template", *TEMPLATE];
        let database = POSTGRES.create_database_with(&name(number), &from);
        let settings = [
            ("HELIOGRAPH_DATABASE_URL", database),
            ("HELIOGRAPH_BUS_URL", NATS.url()),
            ("HELIOGRAPH_JETSTREAM__MONITOR", NATS.monitor()),
            ("HELIOGRAPH_JETSTREAM__NAME", name(number)),
            ("HELIOGRAPH_REDIS_URL", format!("{}/{number}", REDIS.url())),
        ];
        let photos = bucket(&BUCKET, &name(number));
        let settings = settings.into_iter().chain(photos);
        settings
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// How many rows each table of its database on a server has, by schema and table.
    pub(super) fn rows(self) -> Option<BTreeMap<String, i64>> {
        let Self::Engines(number) = self else {
            return None;
        };
        let counted = POSTGRES.run_in(&name(number), COUNTS);
        let count = |line: &str| {
            let (table, count) = line.split_once('|').expect("a table and a count");
            (table.to_owned(), count.parse().expect("a count"))
        };
        Some(counted.lines().map(count).collect())
    }

    /// What it keeps in a bucket.
    pub(super) fn objects(self) -> Option<Objects> {
        match self {
            Self::Folder => None,
            Self::Engines(number) => Some(BUCKET.objects(&name(number))),
        }
    }
}

/// The rows of every table of the domains.
const COUNTS: &str = "SELECT table_schema || '.' || table_name, \
    (xpath('//n/text()', query_to_xml(format('SELECT count(*) AS n FROM %I.%I', table_schema, table_name), \
    false, true, '')))[1] FROM information_schema.tables \
    WHERE table_schema NOT IN ('pg_catalog', 'information_schema')";

fn name(number: u32) -> String {
    format!("photos-{number}")
}
