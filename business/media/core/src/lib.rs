//! Media: uploads, originals, renditions, and what becomes of them.
//!
//! A file is stored as it arrives and refused by its first bytes and its header ([`service`]); a
//! worker makes its renditions, what nothing shows is deleted, and what crashes leave is swept
//! ([`jobs`]). Which item is worked on next is described in `queue.rs`, how blobs and rows are kept
//! in step in `blobs.rs`.
//!
//! Originals are kept to the bit, for their owner; others get their pixels without metadata, where
//! a post lets them. It does not decide who may see a post: of what is not open it serves only what
//! a surface has seen a valid signature for.

mod append_locks;
mod blobs;
mod budget;
mod caches;
mod checksum;
mod consumers;
mod error;
mod in_flight_uploads;
mod jobs;
mod ladder;
mod overview;
mod queue;
mod service;
mod settings;
mod store;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use async_trait::async_trait;
use business_media_codec::{ExternalCodecs, FormatSet, Ladder};
use business_media_gateway::{Media, MediaId};
use infra_blob::BlobStore;
use infra_bus::Consumer;
use infra_db::{BoxFuture, Connection, Database, DbError};
use infra_domain::{DatabaseSpec, Domain, Finding};
use infra_kernel::{Clock, IdGenerator};
use sqlx::migrate::Migrator;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::append_locks::AppendLocks;
use crate::blobs::Blobs;
use crate::budget::MemoryBudget;
use crate::caches::Caches;
use crate::error::MediaError;
use crate::in_flight_uploads::InFlightUploads;
use crate::queue::Queue;
use crate::service::{Service, Switches};

pub use jobs::SweepReport;
pub use ladder::{LadderSettings, StepSettings};
pub use settings::{AlternateForm, Settings};

/// The schema of this domain's own database.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The database of this domain.
pub static DATABASE: DatabaseSpec = DatabaseSpec {
    names_blobs: true,
    is_original: true,
    ..DatabaseSpec::new("media", "media.db", &MIGRATIONS)
};

/// Items whose end of processing waiters may be late to hear of before they have to look for
/// themselves.
const PROCESSED_QUEUE_MAX: usize = 1_024;

/// What the domain stands on.
pub struct Dependencies {
    /// Its own database, opened with [`MIGRATIONS`].
    pub database: Database,
    /// Where bytes are kept; nothing else may be kept there.
    pub blobs: Arc<dyn BlobStore>,
    /// The source of the current time.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: Arc<IdGenerator>,
    /// The codecs of another process, where there are some.
    pub external_codecs: Option<Arc<dyn ExternalCodecs>>,
    /// What an operator set.
    pub settings: Settings,
}

/// The media domain in this process.
pub struct MediaCore {
    core: Arc<Core>,
}

/// What every part of the domain shares.
struct Core {
    database: Database,
    blobs: Blobs,
    clock: Arc<dyn Clock>,
    ids: Arc<IdGenerator>,
    external_codecs: Option<Arc<dyn ExternalCodecs>>,
    settings: Settings,
    ladder: Ladder,
    budget: MemoryBudget,
    queue: Queue,
    caches: Caches,
    switches: Switches,
    append_locks: AppendLocks,
    in_flight_uploads: InFlightUploads,
    /// The last item that was looked at for forms which it lacks.
    backfilled_to: AtomicI64,
    /// Announces which items became ready or failed in this process.
    processed: broadcast::Sender<MediaId>,
}

impl Core {
    /// The formats that can be read on this machine, whether they are taken or not.
    fn readable_formats(&self) -> FormatSet {
        let here = FormatSet::read_here();
        let external_codecs = self
            .external_codecs
            .iter()
            .flat_map(|external_codecs| external_codecs.reads());
        FormatSet::new(here.formats().iter().copied().chain(external_codecs))
    }

    /// Runs a write, and when it is committed what follows from it: invalidating what is cached,
    /// waking who waits.
    async fn write_then<T, F>(
        self: &Arc<Self>,
        work: F,
        after_commit: impl FnOnce(&Self, &T) + Send + 'static,
    ) -> Result<T, MediaError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, MediaError>>
            + Send
            + 'static,
    {
        let core = Arc::clone(self);
        let hook = move |value: &T, _| after_commit(&core, value);
        self.database.write_then(work, hook).await
    }

    /// Says that an item's processing ended: to the caches, and to the waiters.
    fn publish_processed(&self, id: MediaId) {
        self.caches.invalidate(&[id], &[]);
        // Nobody may be waiting.
        let _ = self.processed.send(id);
    }
}

/// Runs a change to its end even when its caller stops waiting: for what is more than one write,
/// such as files and the rows that name them. What only has to follow a commit is its hook
/// ([`Core::write_then`]).
async fn run_to_completion<T: Send + 'static>(
    change: impl Future<Output = Result<T, MediaError>> + Send + 'static,
) -> Result<T, MediaError> {
    tokio::spawn(change.in_current_span()).await?
}

impl MediaCore {
    /// The domain on these dependencies.
    #[must_use]
    pub fn new(dependencies: Dependencies) -> Self {
        let Dependencies {
            database,
            blobs,
            clock,
            ids,
            external_codecs,
            settings,
        } = dependencies;
        let core = Core {
            blobs: Blobs::new(
                blobs,
                database.clone(),
                Arc::clone(&clock),
                Arc::clone(&ids),
            ),
            budget: MemoryBudget::new(settings.memory_bytes_max, settings.upload_bytes_max),
            queue: Queue::new(ids.next_raw().cast_signed(), settings.worker_count()),
            external_codecs,
            caches: Caches::new(settings.rendition_cache_bytes),
            append_locks: AppendLocks::default(),
            in_flight_uploads: InFlightUploads::default(),
            backfilled_to: AtomicI64::new(0),
            ladder: settings.ladder.ladder(),
            switches: Switches::default(),
            processed: broadcast::Sender::new(PROCESSED_QUEUE_MAX),
            database,
            clock,
            ids,
            settings,
        };
        Self {
            core: Arc::new(core),
        }
    }

    /// Processes everything that is due, one after another, as [`Domain::run_jobs`] does several
    /// at a time. Returns how many attempts there were.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn drain_queue(&self) -> infra_kernel::Result<u64> {
        Ok(self.core.drain_queue().await?)
    }

    /// One round of the sweeping that [`Domain::run_jobs`] does, bounded in batches: deletes what
    /// nothing uses, and has forms made that items lack.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn sweep(&self) -> infra_kernel::Result<SweepReport> {
        Ok(jobs::sweep::sweep(&self.core).await?)
    }

    /// Deletes blobs that are on the queue to be deleted, and decides about nothing else. Returns
    /// how many.
    ///
    /// # Errors
    /// When the database is unavailable.
    pub async fn delete_queued_blobs(&self) -> infra_kernel::Result<u64> {
        Ok(self.core.blobs.sweep().await?)
    }
}

#[async_trait]
impl Domain for MediaCore {
    type Gateway = dyn Media;

    const DATABASE: &'static DatabaseSpec = &DATABASE;

    fn gateway(&self) -> Arc<dyn Media> {
        Arc::new(Service {
            core: Arc::clone(&self.core),
        })
    }

    fn consumers(&self) -> Vec<Consumer> {
        vec![
            consumers::wake_workers::consumer(Arc::clone(&self.core)),
            consumers::forget_changed::consumer(Arc::clone(&self.core)),
        ]
    }

    /// Works on what waits and sweeps now and then; at the end, attempts that are under way are
    /// given a moment to end, or released. It takes over whatever another run was at.
    async fn run_jobs(&self, stop: CancellationToken) {
        jobs::run(&self.core, stop).await;
    }

    async fn check(database: &Database) -> Result<Vec<Finding>, DbError> {
        overview::check(database).await
    }

    async fn has_blobs(database: &Database) -> Result<bool, DbError> {
        overview::has_files(database).await
    }
}
