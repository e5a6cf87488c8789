//! Where a process stands among others.

use std::sync::Arc;

use business_media_codec_worker::Program;
use infra_domain::{CompositionError, GatewayRegistry};
use infra_rpc::Contract;

use super::LOST_FILES;

/// Where this process stands among others.
#[derive(Default, Clone)]
pub struct Topology {
    /// The logical shard whose ids this process makes: 0 for the one that serves. No two processes
    /// that write to the same folder concurrently may share one, or they could make the same id.
    pub shard: u16,
    /// The gateways of domains that live elsewhere: each is called instead of the one in this
    /// process.
    pub remote: GatewayRegistry,
    /// What is run to decode HEIC and AVIF and to encode WebP and AVIF; nothing, and there is none
    /// of that, in commands that process no photos and in programs that know no such command.
    pub codecs: Option<Program>,
    /// The domains whose database, or "photos" whose files, may be lost: they begin with nothing.
    pub accept_lost: Vec<String>,
    /// Whether the photos' files must be there: with an empty folder in their place, a process that
    /// serves or works would find every photo damaged.
    pub requires_files: bool,
    /// Whether the domains are only asked. Then databases on a server are opened read-only, beside
    /// the process that is their home; those in files are opened as ever.
    pub is_asking: bool,
}

impl Topology {
    /// Whether the operator continues without the photos' files.
    pub(super) fn accepts_lost_files(&self) -> bool {
        self.accept_lost.iter().any(|lost| lost == LOST_FILES)
    }

    /// The same with a domain that lives elsewhere.
    ///
    /// # Errors
    /// When there is one of this contract already.
    pub fn with_remote<G: Contract + ?Sized>(
        mut self,
        gateway: Arc<G>,
    ) -> Result<Self, CompositionError> {
        self.remote.insert(gateway)?;
        Ok(self)
    }
}
