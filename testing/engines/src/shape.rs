//! Which engines a run of the tests is about.

/// "engines" puts everything on servers; without it, it is in a folder.
const VARIABLE: &str = "HELIOGRAPH_TEST_SHAPE";

/// Where a server under test keeps what it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Everything is in a folder, and no server is started.
    Embedded,
    /// Domains on PostgreSQL, the log of events on NATS, photos in a bucket of SeaweedFS, limits on
    /// Redis.
    Engines,
}

impl Shape {
    /// What the environment says of this run of the tests.
    ///
    /// # Panics
    /// When it says what is none.
    #[must_use]
    pub fn of_this_run() -> Self {
        match std::env::var(VARIABLE).as_deref() {
            Ok("engines") => Self::Engines,
            Ok("embedded") | Err(_) => Self::Embedded,
            Ok(other) => panic!("{VARIABLE}={other}: it is `embedded` or `engines`"),
        }
    }
}
