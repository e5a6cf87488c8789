//! Files on their way in: in one request or in parts, until each is an item that waits for its
//! renditions.

mod admission;
pub(crate) mod append;
mod append_locks;
pub(crate) mod begin;
mod checksum;
mod finish;
pub(crate) mod formats;
mod gather;
pub(crate) mod get;
mod in_flight;
mod quota;
mod receive;
pub(crate) mod session;
mod take_file;
pub(crate) mod upload;

use std::sync::Arc;

use business_media_gateway::{Capabilities, DESCRIPTION_CHARACTERS_MAX};
use infra_db::Database;
use infra_kernel::{Clock, IdGenerator, Timestamp};

use crate::blobs::Blobs;
use crate::budget::MemoryBudget;
use crate::dependencies::Dependencies;
use crate::error::MediaError;
use crate::library::Library;
use crate::queue::Queue;
use crate::settings::Settings;
use crate::uploads::append_locks::AppendLocks;
use crate::uploads::formats::Formats;
use crate::uploads::in_flight::InFlightUploads;

/// What all uploads to this process share: bounds, locks, and where files go.
pub(crate) struct Uploads {
    database: Database,
    blobs: Blobs,
    clock: Arc<dyn Clock>,
    ids: Arc<IdGenerator>,
    /// Where the photos are that uploads have become.
    library: Arc<Library>,
    /// Woken when there is another item to work on, and charged with what reading headers cost.
    queue: Arc<Queue>,
    formats: Arc<Formats>,
    budget: MemoryBudget,
    append_locks: AppendLocks,
    in_flight: InFlightUploads,
    settings: Settings,
}

impl Uploads {
    pub(crate) fn new(
        dependencies: &Dependencies,
        (blobs, budget): (Blobs, MemoryBudget),
        library: Arc<Library>,
        queue: Arc<Queue>,
        formats: Arc<Formats>,
    ) -> Self {
        Self {
            database: dependencies.database.clone(),
            blobs,
            clock: Arc::clone(&dependencies.clock),
            ids: Arc::clone(&dependencies.ids),
            library,
            queue,
            formats,
            budget,
            append_locks: AppendLocks::default(),
            in_flight: InFlightUploads::default(),
            settings: dependencies.settings.clone(),
        }
    }

    /// When an upload that is begun or finished now is forgotten.
    fn session_end(&self) -> Timestamp {
        let lifetime = self.settings.upload_session_lifetime();
        self.clock.now().plus(lifetime)
    }

    /// What may be uploaded.
    pub(crate) async fn capabilities(&self) -> Result<Capabilities, MediaError> {
        let formats = self.formats.accepted().await?;
        let content_types = formats.formats().iter();
        Ok(Capabilities {
            content_types: content_types
                .map(|format| format.content_type().to_owned())
                .collect(),
            upload_bytes_max: self.settings.upload_bytes_max,
            pixels_max: self.settings.pixels_max,
            description_characters_max: DESCRIPTION_CHARACTERS_MAX as u32,
            account_bytes_max: self.settings.account_bytes_max,
            account_photos_max: self.settings.account_photos_max,
            uploads_per_hour_max: self.settings.uploads_per_hour_max,
        })
    }
}
