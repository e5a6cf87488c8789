//! What keeps one part's failure from becoming everyone's: limits on how often and on how much at a
//! time, pauses after failures and when they are told, turns that are fair, who goes first, what a
//! thread's work has cost, and how long what is remembered may be answered with.
//!
//! Deadlines are in `infra-kernel` and `infra-rpc`; retries are where the work is (`infra-bus`).
//! Where a limit is counted is behind a trait ([`Limiter`]): here, or in Redis (`infra-redis`),
//! whose connection has the only circuit breaker so far.

mod admission;
mod backoff;
mod fair_queue;
mod home_lease;
mod limit;
mod limiter;
mod outage;
mod priority;
mod processor_time;
mod runtime_lag;

pub use admission::{AdmissionBounds, AdmissionControl, Overloaded, Permit};
pub use backoff::pause_after;
pub use fair_queue::{FairQueue, QueueFull, QueueKey, Turn};
pub use home_lease::{HOME_LEASE, HomeLease, LeaseExpired};
pub use limit::{BucketKey, Level, Limit};
pub use limiter::{Bucket, Grant, LimitReached, Limiter, LocalLimiter, Place, lesser};
pub use outage::Outage;
pub use priority::lower_priority;
pub use processor_time::{charge_thread, thread_processor_time};
