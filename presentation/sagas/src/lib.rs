//! What people ask of a surface that changes more than one domain: each file one saga, with what is
//! left when it breaks off in between.
//!
//! The domains know nothing of one another, and the kit is for what every request shares. So what
//! several surfaces do in the same order, and undo in the same order, is here. A saga calls
//! gateways and keeps nothing: it lives as long as its request. What has to continue after a crash
//! belongs to a domain's consumers instead.

mod update_profile;

pub use update_profile::{Picture, Uploaded, update_profile};
