//! What runs by the clock.

pub(crate) mod backfill_hashtags;
pub(crate) mod sweep_idempotency_keys;
