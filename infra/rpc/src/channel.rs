//! Calls to another process.

use std::time::Duration;

use http::uri::PathAndQuery;
use infra_kernel::{CallerKey, Context, Error, ErrorCode, Result};
use prost::Message;
use tonic::client::Grpc;
use tonic::transport::{Channel as Transport, Endpoint};
use tonic_prost::ProstCodec;

use crate::MESSAGE_BYTES_MAX;
use crate::errors::error_from_status;
use crate::metadata::outgoing_request;
use crate::method::Method;
use crate::streams::{Messages, relay_requests, relay_responses};

/// How long a connection may take to be made.
const CONNECT_WAIT_MAX: Duration = Duration::from_secs(5);

/// A connection to a server of gateways, and the key with which callers are signed for it. Cheap to
/// clone.
#[derive(Debug, Clone)]
pub struct Channel {
    transport: Transport,
    callers: CallerKey,
}

/// Connects to a server of gateways at an address like "http://127.0.0.1:9000".
///
/// # Errors
/// When the address is none, or nobody responds there in time.
pub async fn connect(address: &str, callers: CallerKey) -> Result<Channel> {
    let endpoint = Endpoint::from_shared(address.to_owned())
        .map_err(|error| {
            Error::invalid("address", format!("`{address}` is not an address.")).with_source(error)
        })?
        .connect_timeout(CONNECT_WAIT_MAX)
        // A call is one small message each way: held back for a fuller packet it would only wait.
        .tcp_nodelay(true);
    let transport = endpoint.connect().await.map_err(|error| {
        Error::new(
            ErrorCode::Unavailable,
            format!("Nothing answers at {address}."),
        )
        .with_source(error)
    })?;
    Ok(Channel { transport, callers })
}

impl Channel {
    /// Sends a message, and receives one.
    ///
    /// # Errors
    /// The server's own, `deadline_exceeded`, or `unavailable` when it cannot be reached.
    pub async fn unary<Q, R>(&self, method: &Method, context: &Context, request: Q) -> Result<R>
    where
        Q: Message + 'static,
        R: Message + Default + 'static,
    {
        let request = outgoing_request(method, context, &self.callers, request)?;
        let mut grpc = self.ready().await?;
        let codec = ProstCodec::<Q, R>::default();
        let reply = grpc.unary(request, path(method), codec).await;
        Ok(reply.map_err(error_from_status)?.into_inner())
    }

    /// Sends a message, and receives a stream.
    ///
    /// # Errors
    /// As [`Self::unary`].
    pub async fn server_streaming<Q, R>(
        &self,
        method: &Method,
        context: &Context,
        request: Q,
    ) -> Result<Messages<R>>
    where
        Q: Message + 'static,
        R: Message + Default + 'static,
    {
        let request = outgoing_request(method, context, &self.callers, request)?;
        let mut grpc = self.ready().await?;
        let codec = ProstCodec::<Q, R>::default();
        let reply = grpc.server_streaming(request, path(method), codec).await;
        Ok(relay_responses(
            reply.map_err(error_from_status)?.into_inner(),
        ))
    }

    /// Sends a stream, and receives a message. An error within the stream ends it and is the
    /// response.
    ///
    /// # Errors
    /// As [`Self::unary`], or the stream's.
    pub async fn client_streaming<Q, R>(
        &self,
        method: &Method,
        context: &Context,
        requests: Messages<Q>,
    ) -> Result<R>
    where
        Q: Message + 'static,
        R: Message + Default + 'static,
    {
        let (requests, failure) = relay_requests(requests);
        let request = outgoing_request(method, context, &self.callers, requests)?;
        let mut grpc = self.ready().await?;
        let codec = ProstCodec::<Q, R>::default();
        let reply = grpc.client_streaming(request, path(method), codec).await;
        // The stream's own error comes first: what the server makes of a stream that broke off is
        // only a consequence of it.
        match failure.take() {
            Some(error) => Err(error),
            None => Ok(reply.map_err(error_from_status)?.into_inner()),
        }
    }

    async fn ready(&self) -> Result<Grpc<Transport>> {
        let mut grpc = Grpc::new(self.transport.clone())
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        // Waits for the connection, also while it is made again. The layers round every gateway
        // bound that wait by the call's deadline.
        grpc.ready().await.map_err(|error| {
            Error::new(
                ErrorCode::Unavailable,
                "A part of this server cannot be reached just now. Please try again.",
            )
            .with_source(error)
        })?;
        Ok(grpc)
    }
}

fn path(method: &Method) -> PathAndQuery {
    PathAndQuery::from_static(method.path)
}
