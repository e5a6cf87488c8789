//! What keeps one part's trouble from becoming everyone's: limits on how often, pauses after failures, turns that are fair,
//! and who goes first.
//!
//! Deadlines are in `infra-kernel` and `infra-rpc`; retries are where the work is (`infra-bus`). Circuit breakers and load
//! shedding come with the calls that leave the process.

mod backoff;
mod fair_queue;
mod limit;
mod priority;

pub use backoff::pause_after;
pub use fair_queue::{FairQueue, QueueFull, Turn};
pub use limit::{Level, Limit, LimitReached};
pub use priority::stand_back;
