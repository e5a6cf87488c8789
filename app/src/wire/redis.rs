//! The Redis server that the configuration names, and who counts limits with it or without.

use std::num::NonZeroU32;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use infra_redis::{LIMITS, Library, Redis, RedisLimiter};
use infra_resilience::{Limiter, LocalLimiter};

use super::compose;
use crate::config::Configuration;

/// The functions that the server runs for this program.
const LIBRARIES: &[Library] = &[LIMITS, compose::FEED_LIBRARY];
/// How many processes serve one installation, each of which has that part of a limit while the
/// server is away. A data folder has one.
const PROCESSES: NonZeroU32 = NonZeroU32::MIN;

/// Connects to the server, if one is named. One that does not reply yet may do so later.
pub(super) async fn open(configuration: &Configuration) -> Result<Option<Redis>> {
    let url = configuration.redis_url.as_str();
    if url.is_empty() {
        return Ok(None);
    }
    let opened = Redis::open(url, LIBRARIES).await;
    let redis = opened.context("`redis_url` leads to no server that will do")?;
    Ok(Some(redis))
}

/// Who counts limits: the server, or this process.
pub(super) fn limiter(redis: Option<&Redis>) -> Arc<dyn Limiter> {
    match redis {
        Some(redis) => Arc::new(RedisLimiter::new(redis.clone(), PROCESSES)),
        None => Arc::new(LocalLimiter::default()),
    }
}
