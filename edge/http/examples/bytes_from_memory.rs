//! Serves one file's bytes from memory at every address, through the same listener as the product:
//! the limit that the benchmarks hold reads against.

use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Bytes;
use edge_http::address::TrustedProxies;
use edge_http::refusal::RefusalStyle;
use edge_http::server::{ReaderPace, Server, ServerBounds};
use http::header;
use tokio_util::sync::CancellationToken;

/// More than any benchmark opens.
const CONNECTIONS_MAX: usize = 1024;

#[tokio::main]
async fn main() -> Result<()> {
    let path = std::env::args_os()
        .nth(1)
        .context("the file to serve is the first argument")?;
    let bytes = Bytes::from(std::fs::read(path)?);
    let response = move || async move { ([(header::CONTENT_TYPE, "application/json")], bytes) };
    let bounds = ServerBounds {
        connections_max: CONNECTIONS_MAX,
        connections_per_address_max: 0,
        body_silence_max: Duration::from_secs(15),
        reader_pace: ReaderPace::default(),
        proxies: TrustedProxies::default(),
        refusals: RefusalStyle::default(),
    };
    let server = Server::bind("127.0.0.1:0", bounds).await?;
    println!("http://{}", server.address());
    let routes = Router::new().fallback(response);
    server
        .serve(routes.into(), CancellationToken::new(), Duration::ZERO)
        .await;
    Ok(())
}
