//! The contract of the media domain: its service, messages and events, generated from `proto/`, and
//! the names and typed views that Rust callers want on top.
//!
//! Everything that other domains and surfaces may know of media is here; how it works is in its
//! core.

mod views;

#[allow(missing_docs, clippy::all, clippy::pedantic, unreachable_pub)]
mod generated;

pub use generated::*;

infra_kernel::define_id! {
    /// One photo of an account, with all its renditions.
    MediaId;
}

/// The most ids that one request may name.
pub const IDS_MAX: usize = 500;
/// The longest alt text, in characters.
pub const DESCRIPTION_CHARACTERS_MAX: usize = 1_500;

/// The topics of this domain's events. The key of each is the item's id.
pub mod topics {
    /// A file was stored and waits for a worker; the payload is
    /// [`MediaUploaded`](crate::MediaUploaded).
    pub const UPLOADED: &str = "media.uploaded";
    /// Every rendition is there; the payload is [`MediaReady`](crate::MediaReady).
    pub const READY: &str = "media.ready";
    /// An item will not become ready; the payload is [`MediaFailed`](crate::MediaFailed).
    pub const FAILED: &str = "media.failed";
    /// An item is gone, bytes and all; the payload is [`MediaDeleted`](crate::MediaDeleted).
    pub const DELETED: &str = "media.deleted";
}

/// The names of the renditions, as [`MediaItem::rendition`] takes them.
pub mod renditions {
    /// For profile pages and lists: at most 400 pixels on the longest side.
    pub const GRID: &str = "grid";
    /// For a column of posts: at most 1,080 pixels.
    pub const FEED: &str = "feed";
    /// For the whole screen: at most 2,048 pixels.
    pub const FULL: &str = "full";
}
