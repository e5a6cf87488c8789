//! Redis 7, for what may be lost at any moment: counts of limits, and read models that can be made
//! again.
//!
//! One connection carries the calls of the whole process, each with its own bound on how long it
//! waits. What is done there is done by functions ([`Library`]), which are loaded with every new
//! connection: a server that was started again, or another one that took its place, knows them
//! before the first call reaches it. While there is no connection a call fails at once
//! ([`RedisError::Away`]); one task tries to connect again, and nobody waits for it.
//!
//! It knows no domain, retries no call (the caller knows whether it may be repeated), and keeps
//! nothing that is not also somewhere else or may be forgotten. One server and its replicas, no
//! cluster: a function touches keys that a cluster would spread. Connections are not encrypted.
//!
//! Start reading at [`Redis`], then `connection.rs`.

mod address;
mod call;
mod client;
mod connection;
mod error;
mod facts;
mod library;
mod limiter;

pub use address::check_url;
pub use call::{Call, Reply};
pub use client::{Connected, Redis};
pub use error::{ConnectError, RedisError};
pub use facts::{ServerFacts, inspect};
pub use library::Library;
pub use limiter::{LIMITS, RedisLimiter};
