//! The shape that all domains share, so that a composition can go over a list of them.
//!
//! A core implements [`Domain`]: its gateway, its database, what it consumes, its jobs, and what a
//! check-up finds in it. The composition makes each core from what it stands on, puts its gateway
//! into a [`GatewayRegistry`] for those that come after it, and keeps it as a [`Composed`], whose
//! type it need not know.
//!
//! It does not know what a core is made of: that differs, so the composition says it in an entry
//! for each domain. Nor does it know the bus, whose database is no domain's.

mod composed;
mod finding;
mod named_blob;
mod registry;
mod spec;

use std::sync::Arc;

use async_trait::async_trait;
use infra_bus::Consumer;
use infra_db::{Database, DbError};
use infra_rpc::Contract;
use tokio_util::sync::CancellationToken;

pub use composed::Composed;
pub use finding::Finding;
pub use named_blob::NamedBlob;
pub use registry::{CompositionError, GatewayRegistry};
pub use spec::DatabaseSpec;

/// A domain in this process. Only one may be open on a database at a time (ADR 0026).
#[async_trait]
pub trait Domain: Sized + Send + Sync + 'static {
    /// Its contract: `dyn Graph`.
    type Gateway: Contract + ?Sized;

    /// Its one database. One, because its transactions and its outbox are there; what needs another
    /// is another domain.
    const DATABASE: &'static DatabaseSpec;

    /// The domain as others call it: to be called in process, or served to other processes.
    fn gateway(&self) -> Arc<Self::Gateway>;

    /// The durable subscriptions, for the composition to run.
    fn consumers(&self) -> Vec<Consumer> {
        Vec::new()
    }

    /// Runs its timers until it is stopped. Of the processes that are open on one database only
    /// that with the worker's role runs this.
    async fn run_jobs(&self, stop: CancellationToken) {
        drop(stop);
    }

    /// What a check-up finds in its database, which is up to date and may be open read-only: no
    /// domain runs.
    ///
    /// # Errors
    /// When the database cannot be read.
    async fn check(_database: &Database) -> Result<Vec<Finding>, DbError> {
        Ok(Vec::new())
    }

    /// Whether its database names any file that must be in the blob store, so that an empty store
    /// is a lost one.
    ///
    /// # Errors
    /// When the database cannot be read.
    async fn has_blobs(_database: &Database) -> Result<bool, DbError> {
        Ok(false)
    }

    /// The files in the blob store that its database names, each once, in the order of their keys:
    /// those after this key, at most so many. With no more than these, all that it knows can be
    /// shown. The database may be open read-only.
    ///
    /// # Errors
    /// When the database cannot be read.
    async fn named_blobs(
        _database: &Database,
        _after: &str,
        _limit: i64,
    ) -> Result<Vec<NamedBlob>, DbError> {
        Ok(Vec::new())
    }
}
