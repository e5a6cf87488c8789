//! Calls between domains: one call site, two transports.
//!
//! A gateway is a protobuf service. From it `cargo xtask generate` writes a trait, and three
//! implementations of it that are thin shells over what is here: one calls another process over a
//! [`Channel`], one serves any implementation to other processes by a [`Server`], and one puts the
//! [`Layered`] concerns of every call round either. Composition decides which implementation a
//! caller holds; the caller never knows. In process a call is a virtual call with the messages
//! moved, never encoded.
//!
//! No other crate knows that it is gRPC. It does not find servers, balance or retry yet.

mod channel;
mod contract;
mod errors;
mod layered;
mod metadata;
mod method;
mod page;
mod server;
mod streams;
/// Messages that several contracts share, generated from `proto/heliograph/rpc/v1`.
#[allow(missing_docs, clippy::all, clippy::pedantic)]
pub mod v1 {
    include!("generated.rs");
}

pub use channel::{Channel, connect};
pub use contract::Contract;
pub use layered::{Layered, Layers, within_deadline};
pub use method::{CallShape, Method};
pub use page::PageError;
pub use server::{IncomingCall, Serve, ServedCall, Server};
pub use streams::{Call, Messages};

/// The largest message that crosses the wire, in bytes. Streams are chunked well below it.
pub const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
