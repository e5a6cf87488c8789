//! What the domain stands on.

use std::sync::Arc;

use business_media_codec::ExternalCodecs;
use infra_blob::BlobStore;
use infra_db::Database;
use infra_kernel::{Clock, IdGenerator};

use crate::settings::Settings;

/// What the domain stands on.
pub struct Dependencies {
    /// Its own database, opened with [`MIGRATIONS`](crate::MIGRATIONS).
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
