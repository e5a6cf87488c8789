//! The shape of deployment that the servers under test have.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use testing_engines::{Nats, Postgres, Redis, S3, Shape};

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

/// What a new server under test is told besides: where its databases, its log of events, its
/// photos and its limits are, each its own on servers that all share.
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
            let photos = bucket(&BUCKET, &format!("photos-{number}"));
            let settings = settings.into_iter().chain(photos);
            settings
                .map(|(name, value)| (name.to_owned(), value))
                .collect()
        }
    }
}
