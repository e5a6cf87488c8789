//! Events: from the transaction that caused them, through a durable log, to everyone who acts on them.
//!
//! A domain writes an event into its own database in the same transaction as the change ([`outbox::append`]). A relay
//! ([`relay`]) moves it to the bus. Whoever acts on it holds a durable subscription ([`Bus::subscribe`]): every event at
//! least once, again after a failure with growing pauses, and set aside as a dead letter when it cannot be handled. What
//! may not happen twice is guarded by the consumer's [`inbox`], in the transaction of its effect.
//!
//! It knows no domain: a topic is a name and a payload is bytes.

pub mod inbox;
pub mod outbox;

mod event;
mod subscription;

pub use event::Event;
pub use subscription::{Consumer, Handler, HandlerError, RetryPolicy, Subscription};
