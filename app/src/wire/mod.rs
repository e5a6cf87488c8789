//! The composition: the only place that names a domain's core. Everything else holds gateways.

pub(crate) mod data_folder;
mod domains;
pub mod full_disk;
mod headers;
mod overload;
pub mod permissions;
pub(crate) mod record;
mod secret;
mod web;
mod worker;

pub use data_folder::DataFolder;
pub use domains::{Domains, LOST_FILES, Topology};
pub use web::{Surfaces, public_base_url, surface, surfaces, trusted_proxies};
pub use worker::Worker;
