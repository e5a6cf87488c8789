//! The composition: the only place that names a domain's core. Everything else holds gateways.

mod domains;
mod secret;
mod web;
mod worker;

pub use domains::{DataFolder, Domains, Placement};
pub use web::{Surfaces, public_base_url, surface, surfaces};
pub use worker::Worker;
