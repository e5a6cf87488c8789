//! Events: from the transaction that caused them, through a durable log, to everyone who acts on
//! them.
//!
//! A domain writes an event into its own database in the same transaction as the change
//! ([`outbox::append`]). A [`Relay`] moves it to the [`Bus`], and keeps a copy for a time where the
//! bus's log could lose it. A consumer that acts on it holds a
//! durable subscription ([`Bus::run`]): every event at least once, in the order of its key, again
//! after a failure with growing pauses, and dead-lettered when it cannot be handled
//! ([`DeadLetters`]). What may not happen twice is guarded by the consumer's [`inbox`], in the
//! transaction of its effect.
//!
//! Who only wants to know what happens while it happens reads the log's live end ([`Bus::tail`]):
//! at most once, and nothing is kept of it.
//!
//! It knows no domain: a topic is a name and a payload is bytes. It has no transactions across
//! domains and no replies.
//!
//! There are two buses: [`EmbeddedBus`], a log in one SQLite file, and [`JetStreamBus`], whose log
//! is a stream on NATS servers. What they do with events is the same. Start reading at [`Bus`],
//! then `delivery/runner.rs`.

pub mod inbox;
pub mod outbox;
pub mod statements;

mod bus;
mod causes;
mod dead_letters;
mod delivery;
mod embedded;
mod event;
mod headers;
mod jetstream;
mod last_event;
mod log;
mod log_place;
#[cfg(test)]
mod plans;
mod relay;
mod row;
mod settings;
mod status;
mod subscription;
mod tail;
mod transfer;
mod wakeups;

use infra_db::Migrator;

pub use bus::{Anchor, Bus, BusError, LossyLog, Tail};
pub use dead_letters::{DeadLetter, DeadLetters};
pub use embedded::EmbeddedBus;
pub use event::{Event, InvalidEvent, PayloadError};
pub use headers::Headers;
pub use jetstream::{
    ConnectError, FollowerFacts, InvalidServers, JetStreamBus, JetStreamFacts, JetStreamSettings,
    NatsServers, StreamFacts, inspect_jet_stream,
};
pub use last_event::last_event;
pub use log_place::{LogPlace, log_place, renew_installation};
pub use relay::Relay;
pub use settings::Settings;
pub use status::{Status, forget};
pub use subscription::{Consumer, Handler, HandlerError, RetryPolicy, Subscription};
pub use transfer::{MovableBus, MoveError, Moved, Progress, move_log};

/// The schema of the embedded bus's own database.
pub static MIGRATIONS: Migrator = infra_db::migrations!("./migrations");
