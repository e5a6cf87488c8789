//! What every surface shares: who is asking and what they are allowed, the read pipeline, errors as
//! HTTP, pages as `Link` headers, and the routes from which the OpenAPI document is made.
//!
//! A surface (the Mastodon API, the web page) is reached through its own crate and knows the
//! domains by their gateways only. What is absent on purpose: no database, no bus, no blob store;
//! and no second place that decides who may see what ([`rules`] is the only one).
//!
//! Start reading at [`reader`]: skeleton, hydrate, rules, present.

pub mod access;
pub mod api;
pub mod card;
pub mod cors;
pub mod extract;
pub mod happenings;
pub mod openapi;
pub mod paging;
pub mod problem;
pub mod rate;
pub mod reader;
pub mod refusal;
pub mod rules;
pub mod signature;
pub mod surface;
pub mod text;
pub mod upload;
pub mod urls;
pub mod waits;

mod filters;
mod hydrate;

/// What the edge knows of a request, beside what this crate knows: handlers take both.
pub use edge_http::{ClientAddress, RequestContext};

pub use access::{Allowed, Anyone, Viewer};
pub use api::Api;
pub use card::{Card, Counts, FilterMatch, Marks, Person, Renderings, Shown};
pub use problem::Problem;
pub use rate::{LimitSettings, RateLimits};
pub use reader::{Listing, Reader};
pub use signature::Signer;
pub use surface::{Gateways, Site, Surface};
