//! The work on what was uploaded: renditions of every item, and smaller forms of them when nothing
//! else waits.
//!
//! What is next is the queue's decision (`queue.rs`); here it is done (`dispatch.rs`), within the
//! memory and the time that a picture may take.

pub(crate) mod backfill_alternates;
pub(crate) mod dispatch;
mod encoder_memory;
mod estimate;
mod failed_attempt;
mod make_alternates;
mod make_renditions;
pub(crate) mod process_again;
mod thread;
mod verdict;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::{Duration, Instant};

use business_media_codec::{Encoding, ExternalCodecs, Job, Ladder, Limits};
use infra_db::Database;
use infra_kernel::{Clock, IdGenerator};

use crate::blobs::Blobs;
use crate::budget::MemoryBudget;
use crate::dependencies::Dependencies;
use crate::library::Library;
use crate::queue::Queue;

/// What work on pictures shares.
pub(crate) struct Processing {
    database: Database,
    blobs: Blobs,
    clock: Arc<dyn Clock>,
    ids: Arc<IdGenerator>,
    /// Hears what has become of items.
    library: Arc<Library>,
    queue: Arc<Queue>,
    budget: MemoryBudget,
    codecs: Arc<Codecs>,
    /// The forms that an operator wants beside JPEG.
    alternates: Vec<Encoding>,
    /// The last item that was looked at for forms which it lacks.
    backfilled_to: AtomicI64,
}

impl Processing {
    pub(crate) fn new(
        dependencies: &Dependencies,
        (blobs, budget): (Blobs, MemoryBudget),
        library: Arc<Library>,
        queue: Arc<Queue>,
    ) -> Self {
        let wanted = dependencies.settings.alternates.iter();
        Self {
            database: dependencies.database.clone(),
            blobs,
            clock: Arc::clone(&dependencies.clock),
            ids: Arc::clone(&dependencies.ids),
            library,
            queue,
            budget,
            codecs: Arc::new(Codecs::new(dependencies)),
            alternates: wanted.map(|form| Encoding::from(*form)).collect(),
            backfilled_to: AtomicI64::new(0),
        }
    }

    /// The forms that are wanted and can be written here.
    fn alternate_encodings(&self) -> Vec<Encoding> {
        let Some(external) = &self.codecs.external else {
            return Vec::new();
        };
        let writes = external.writes();
        let wanted = self.alternates.iter().copied();
        wanted
            .filter(|encoding| writes.contains(encoding))
            .collect()
    }
}

/// What pictures are read and written with, and within which bounds.
struct Codecs {
    /// The codecs of another process, where there are some.
    external: Option<Arc<dyn ExternalCodecs>>,
    limits: Limits,
    ladder: Ladder,
    job_time_max: Duration,
}

impl Codecs {
    fn new(dependencies: &Dependencies) -> Self {
        let settings = &dependencies.settings;
        Self {
            external: dependencies.external_codecs.clone(),
            limits: settings.limits(),
            ladder: settings.ladder.ladder(),
            job_time_max: settings.job_time_max(),
        }
    }

    /// Work on one picture that begins now.
    fn job(&self) -> Job<'_> {
        Job {
            external_codecs: self.external.as_deref(),
            deadline: Instant::now() + self.job_time_max,
            ..Job::new(&self.limits, &self.ladder)
        }
    }
}
