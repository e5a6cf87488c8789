//! The shape of deployment that the servers under test have.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use testing_engines::Postgres;

/// "postgres" puts every server's domains on PostgreSQL, a database each; without it they are
/// files.
const SHAPE: &str = "HELIOGRAPH_TEST_SHAPE";

/// One server for all tests of this process.
static POSTGRES: LazyLock<Postgres> = LazyLock::new(|| {
    Postgres::start().expect("HELIOGRAPH_TEST_POSTGRES names the folder of PostgreSQL's programs")
});

/// What a new server under test is told besides: where its databases are.
pub(super) fn settings() -> Vec<(String, String)> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    match std::env::var(SHAPE).as_deref() {
        Ok("postgres") => {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let url = POSTGRES.create_database(&format!("photos_{number}"));
            vec![("HELIOGRAPH_DATABASE_URL".to_owned(), url)]
        }
        Ok("embedded") | Err(_) => Vec::new(),
        Ok(other) => panic!("{SHAPE}={other}: it is `embedded` or `postgres`"),
    }
}
