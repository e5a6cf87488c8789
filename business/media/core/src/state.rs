//! What the domain's calls, consumers and jobs share: its parts.
//!
//! Each part holds what it touches and nothing more, and reaches another only by what that offers.
//! A part knows those above it in this list and none below:
//!
//! - [`Blobs`]: files, and the notes that keep them in step with the rows that use them;
//! - [`Library`]: the photos that there are, the caches of them, and who waits for them;
//! - [`Queue`]: which item is worked on next, and who has it;
//! - [`Processing`]: that work, within a budget of memory;
//! - [`Formats`] and [`Uploads`]: what is taken, and how it comes in;
//! - [`Integrity`]: checking, repairing, retrying.

use std::sync::Arc;

use crate::blobs::Blobs;
use crate::budget::MemoryBudget;
use crate::dependencies::Dependencies;
use crate::integrity::Integrity;
use crate::library::Library;
use crate::processing::Processing;
use crate::queue::Queue;
use crate::uploads::Uploads;
use crate::uploads::formats::Formats;

/// The parts of the domain.
pub(crate) struct State {
    pub(crate) blobs: Blobs,
    pub(crate) library: Arc<Library>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) processing: Arc<Processing>,
    pub(crate) formats: Arc<Formats>,
    pub(crate) uploads: Arc<Uploads>,
    pub(crate) integrity: Arc<Integrity>,
}

impl State {
    pub(crate) fn new(dependencies: &Dependencies) -> Self {
        let settings = &dependencies.settings;
        let budget = MemoryBudget::new(settings.memory_bytes_max, settings.upload_bytes_max);
        let blobs = Blobs::new(dependencies);
        let files = || (blobs.clone(), budget.clone());
        let library = Library::new(dependencies, blobs.clone(), budget.clone());
        let library = Arc::new(library);
        let queue = Arc::new(Queue::new(dependencies, library.clone()));
        let processing = Processing::new(dependencies, files(), library.clone(), queue.clone());
        let processing = Arc::new(processing);
        let formats = Arc::new(Formats::new(dependencies));
        let uploads = Uploads::new(
            dependencies,
            files(),
            library.clone(),
            queue.clone(),
            formats.clone(),
        );
        let integrity = Integrity::new(
            dependencies,
            blobs.clone(),
            library.clone(),
            queue.clone(),
            processing.clone(),
        );
        Self {
            blobs,
            library,
            queue,
            processing,
            formats,
            uploads: Arc::new(uploads),
            integrity: Arc::new(integrity),
        }
    }
}
