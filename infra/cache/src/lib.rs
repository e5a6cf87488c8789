//! Bounded caches in this process. A caller sees no more than this crate's types, so the engine can
//! be changed.
//!
//! [`Cache`] holds what cannot go stale: a pure function's result, or a value that carries its own
//! revision. [`VersionedCache`] stands in front of a store that only this process writes, and is
//! exact: once a write has returned, no reader gets what was there before it.
//!
//! A cache here never decides who may see what, and never holds the only copy of anything. There is
//! no single flight: concurrent misses of one key each load it. Loads are bounded by their own
//! store (a pool of readers with a wait), so waiting for another caller's load would add a queue
//! without a bound of its own.

mod cache;
mod versioned;

pub use cache::{Cache, WeightBound};
pub use versioned::{CacheVersion, Update, VersionedCache};
