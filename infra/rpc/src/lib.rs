//! Calls between domains: one call site, two transports.
//!
//! A gateway is a protobuf service. From it `cargo xtask generate` writes a trait, and two adapters that speak gRPC: one
//! that implements the trait by calling a remote server, and one that serves any implementation of it. Composition
//! decides which implementation a caller holds; the caller never knows. In process a call is a virtual call with the
//! messages moved, never encoded.
//!
//! This crate holds what those adapters share: how context, deadline and errors cross the wire.
//! It does not find servers, balance or retry yet.

mod errors;
mod metadata;
mod page;
mod streams;
mod transport;
/// Messages that several contracts share, generated from `proto/heliograph/rpc/v1`.
#[allow(missing_docs, clippy::all, clippy::pedantic)]
pub mod v1 {
    include!("generated.rs");
}

use std::future::Future;

pub use errors::{error_from_status, status_from_error};
pub use metadata::{incoming_context, outgoing_request};
pub use page::PageError;
pub use streams::{Call, Messages, RelayedStream, answer_stream, relay_answers, relay_requests};
pub use tonic::transport::Channel;
pub use transport::{connect, serve_grpc};

use infra_kernel::{Context, Error, ErrorCode, Result};

/// The largest message that crosses the wire, in bytes. Streams are chunked well below it.
pub const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Runs a call until the context's deadline and no longer.
///
/// # Errors
/// The call's own, or `deadline_exceeded`.
pub async fn within_deadline<T>(
    context: &Context,
    call: impl Future<Output = Result<T>>,
) -> Result<T> {
    match tokio::time::timeout(context.remaining(), call).await {
        Ok(result) => result,
        Err(_) => Err(Error::new(
            ErrorCode::DeadlineExceeded,
            "This took too long and was given up. Please try again.",
        )),
    }
}
