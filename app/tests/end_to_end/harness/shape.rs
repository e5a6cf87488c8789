//! The shape of deployment that the servers under test have.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use testing_engines::{Nats, Postgres, Redis, Shape};

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

/// What a new server under test is told besides: where its databases, its log of events and its
/// limits are,
/// each its own on servers that all share.
pub(super) fn settings() -> Vec<(String, String)> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    match Shape::of_this_run() {
        Shape::Embedded => Vec::new(),
        Shape::Engines => {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let settings = [
                (
                    "HELIOGRAPH_DATABASE_URL",
                    POSTGRES.create_database(&format!("photos_{number}")),
                ),
                ("HELIOGRAPH_BUS_URL", NATS.url()),
                ("HELIOGRAPH_JETSTREAM__MONITOR", NATS.monitor()),
                ("HELIOGRAPH_JETSTREAM__NAME", format!("photos-{number}")),
                ("HELIOGRAPH_REDIS_URL", format!("{}/{number}", REDIS.url())),
            ];
            let settings = settings.map(|(name, value)| (name.to_owned(), value));
            settings.into()
        }
    }
}
