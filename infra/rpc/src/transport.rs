//! Serving gateways over gRPC, and connecting to those that are.

use std::time::Duration;

use infra_kernel::{Error, ErrorCode, Result};
use tokio::net::TcpListener;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};

/// How long a connection may take to be made.
const CONNECT_WAIT_MAX: Duration = Duration::from_secs(5);
/// How many calls one connection may have under way; further ones wait.
const CALLS_MAX: u32 = 256;

/// Serves gateways (their `Serve…` services, gathered as routes) until the task is dropped.
///
/// # Errors
/// When the listener fails.
pub async fn serve_grpc(listener: TcpListener, routes: Routes) -> Result<()> {
    Server::builder()
        .max_concurrent_streams(CALLS_MAX)
        .add_routes(routes)
        .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
        .await
        .map_err(Error::internal)
}

/// Connects to a server of gateways at an address like "http://127.0.0.1:9000".
///
/// # Errors
/// When the address is none, or nobody answers there in time.
pub async fn connect(address: &str) -> Result<Channel> {
    let endpoint = Endpoint::from_shared(address.to_owned())
        .map_err(|error| {
            Error::invalid("address", format!("`{address}` is not an address.")).with_source(error)
        })?
        .connect_timeout(CONNECT_WAIT_MAX)
        .tcp_nodelay(true);
    endpoint.connect().await.map_err(|error| {
        Error::new(
            ErrorCode::Unavailable,
            format!("Nothing answers at {address}."),
        )
        .with_source(error)
    })
}
