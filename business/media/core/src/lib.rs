//! Media: uploads, originals, renditions, and what becomes of them.
//!
//! A file is stored as it arrives and refused by its first bytes and its header ([`uploads`]); a
//! worker makes its renditions ([`processing`]), which are served and deleted in the [`library`];
//! what nothing shows and what crashes leave is swept ([`jobs`]). Which item is worked on next is
//! described in `queue.rs`, how blobs and rows are kept in step in `blobs.rs`. Start reading at
//! [`state`], which has these parts, and [`service`], which has the calls.
//!
//! Originals are kept to the bit, for their owner; others get their pixels without metadata, where
//! a post lets them. It does not decide who may see a post: of what is not open it serves only what
//! a surface has seen a valid signature for.

mod blobs;
mod budget;
mod consumers;
mod dependencies;
mod error;
mod events;
mod forms;
mod integrity;
mod jobs;
mod ladder;
mod library;
mod overview;
mod processing;
mod queue;
mod rules;
mod service;
mod settings;
mod state;
mod store;
mod tasks;
mod uploads;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use business_media_gateway::Media;
use infra_bus::Consumer;
use infra_db::{Database, DbError, Migrator};
use infra_domain::{DatabaseSpec, Domain, Finding, NamedBlob};
use tokio_util::sync::CancellationToken;

use crate::service::MediaService;
use crate::state::State;

pub use dependencies::Dependencies;
pub use jobs::sweep::SweepReport;
pub use ladder::{LadderSettings, StepSettings};
pub use settings::{AlternateForm, Settings};

/// The schema of this domain's own database.
pub static MIGRATIONS: Migrator = infra_db::migrations!("./migrations");

/// The same tables in PostgreSQL. A change is written for both engines; a test of the program
/// compares what they come to.
pub static POSTGRES_MIGRATIONS: Migrator = infra_db::migrations!("./migrations/postgres");

/// The database of this domain.
pub static DATABASE: DatabaseSpec = DatabaseSpec {
    names_blobs: true,
    is_original: true,
    ..DatabaseSpec::new("media", "media.db", &MIGRATIONS).with_postgres(&POSTGRES_MIGRATIONS)
};

/// The media domain in this process.
pub struct MediaCore {
    state: Arc<State>,
    sweep_interval: Duration,
}

impl MediaCore {
    /// The domain on these dependencies.
    #[must_use]
    #[allow(clippy::needless_pass_by_value)] // as every domain takes what it stands on
    pub fn new(dependencies: Dependencies) -> Self {
        Self {
            state: Arc::new(State::new(&dependencies)),
            sweep_interval: dependencies.settings.sweep_interval(),
        }
    }

    /// Processes everything that is due, one after another, as [`Domain::run_jobs`] does several
    /// at a time. Returns how many attempts there were.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn drain_queue(&self) -> infra_kernel::Result<u64> {
        Ok(processing::dispatch::drain_queue(&self.state.processing).await?)
    }

    /// One round of the sweeping that [`Domain::run_jobs`] does, bounded in batches: deletes what
    /// nothing uses, and has forms made that items lack.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn sweep(&self) -> infra_kernel::Result<SweepReport> {
        Ok(jobs::sweep::sweep(&self.state).await?)
    }

    /// Deletes blobs that are on the queue to be deleted, and decides about nothing else. Returns
    /// how many.
    ///
    /// # Errors
    /// When the database is unavailable.
    pub async fn delete_queued_blobs(&self) -> infra_kernel::Result<u64> {
        Ok(self.state.blobs.sweep().await?)
    }
}

#[async_trait]
impl Domain for MediaCore {
    type Gateway = dyn Media;

    const DATABASE: &'static DatabaseSpec = &DATABASE;

    fn gateway(&self) -> Arc<dyn Media> {
        Arc::new(MediaService::new(Arc::clone(&self.state)))
    }

    fn consumers(&self) -> Vec<Consumer> {
        vec![
            consumers::wake_workers::consumer(Arc::clone(&self.state.queue)),
            consumers::forget_changed::consumer(Arc::clone(&self.state.library)),
        ]
    }

    /// Works on what waits and sweeps now and then; at the end, attempts that are under way are
    /// given a moment to end, or released. It takes over whatever another run was at.
    async fn run_jobs(&self, stop: CancellationToken) {
        jobs::run(&self.state, self.sweep_interval, stop).await;
    }

    async fn check(database: &Database) -> Result<Vec<Finding>, DbError> {
        overview::check(database).await
    }

    async fn has_blobs(database: &Database) -> Result<bool, DbError> {
        overview::has_files(database).await
    }

    async fn named_blobs(
        database: &Database,
        after: &str,
        limit: i64,
    ) -> Result<Vec<NamedBlob>, DbError> {
        overview::named_blobs(database, after, limit).await
    }
}
