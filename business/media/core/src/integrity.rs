//! Whether what is kept is whole, and what an operator can do where it is not: check and repair,
//! and the items that have failed.

pub(crate) mod check_media;
pub(crate) mod failed;

use std::sync::Arc;

use infra_db::Database;
use infra_kernel::{Clock, IdGenerator};

use crate::blobs::Blobs;
use crate::dependencies::Dependencies;
use crate::library::Library;
use crate::processing::Processing;
use crate::queue::Queue;

/// What checking and repairing share. It may be used in a process beside the one that serves.
pub(crate) struct Integrity {
    database: Database,
    blobs: Blobs,
    clock: Arc<dyn Clock>,
    ids: Arc<IdGenerator>,
    /// Hears of what was changed.
    library: Arc<Library>,
    /// Woken when something is to be retried.
    queue: Arc<Queue>,
    /// For renditions that a repair makes again, within the memory and the time that new ones have.
    processing: Arc<Processing>,
}

impl Integrity {
    pub(crate) fn new(
        dependencies: &Dependencies,
        blobs: Blobs,
        library: Arc<Library>,
        queue: Arc<Queue>,
        processing: Arc<Processing>,
    ) -> Self {
        Self {
            database: dependencies.database.clone(),
            blobs,
            clock: Arc::clone(&dependencies.clock),
            ids: Arc::clone(&dependencies.ids),
            library,
            queue,
            processing,
        }
    }
}
