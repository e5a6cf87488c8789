//! The feed through its gateway, on a world of posts and follows held in memory.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, too.

mod audience;
mod bench;
mod converging;
mod fanning_out;
mod following;
mod gate;
mod keeping;
mod lists;
mod making;
mod merging;
mod on_redis;
mod on_redis_guards;
mod paging;
mod tags;
mod two_homes;
mod world;
