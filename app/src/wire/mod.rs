//! The composition: the only place that names the domains' cores, in a list (`compose`). Everything
//! else holds gateways.

pub(crate) mod backups;
pub(crate) mod compose;
pub(crate) mod data_folder;
pub(crate) mod databases;
mod databases_lock;
mod domains;
pub(crate) mod event_log;
pub mod full_disk;
mod happenings;
pub(crate) mod moving;
pub(crate) mod own_files;
pub mod permissions;
pub(crate) mod photos;
pub(crate) mod record;
mod redis;
pub(crate) mod restored_photos;
mod secret;
mod topology;
mod web;
mod worker;

pub use data_folder::DataFolder;
pub use domains::{Domains, methods};
pub use topology::Topology;
pub use web::{public_base_url, streaming, surface, surfaces, trusted_proxies};
pub use worker::Worker;

/// What the operator says to continue without the photos' files.
pub const LOST_FILES: &str = "photos";
