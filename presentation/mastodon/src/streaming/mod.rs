//! Streams: what happens, told to those who listen, as WebSocket and as server-sent events.
//!
//! A listener is a socket with a bounded queue ([`hub`]); one task of the process takes what
//! happens and tells it to all of them ([`tell`]). What a stream shows is what the list of the same
//! name would show its listener at that moment: the reader and the rules decide it, as for lists.
//! Nothing is kept and nothing is repeated: who was away, or too slow, reads the lists.
//!
//! The routes are in no OpenAPI document, which has no word for a response that does not end.

mod audience;
mod hub;
mod keeper;
mod listener;
mod request;
mod settings;
mod sse;
mod stream;
mod tell;
mod websocket;

use std::sync::Arc;

use axum::routing::get;
use axum::{Extension, Router, middleware};
use presentation_kit::happenings::Happenings;
use presentation_kit::rate::CountedByAddress;
use presentation_kit::{Surface, cors};
use tokio_util::sync::CancellationToken;

use crate::fallback;
use hub::Hub;

pub use settings::StreamingSettings;

/// Those who listen to this process. Cheap to clone.
#[derive(Clone)]
pub struct Streaming(Hub);

impl Streaming {
    /// Begins to tell those who will listen what happens, until it is stopped: then all streams
    /// end.
    #[must_use]
    pub fn start(
        surface: &Surface,
        happenings: Arc<dyn Happenings>,
        settings: &StreamingSettings,
        stop: CancellationToken,
    ) -> Self {
        let hub = Hub::new(surface, happenings, settings);
        let running = hub.clone();
        tokio::spawn(async move {
            let working = async { tokio::join!(tell::run(&running), keeper::run(&running)) };
            stop.run_until_cancelled(working).await;
            running.stop();
        });
        Self(hub)
    }
}

/// The routes of streams.
pub fn router(streaming: &Streaming) -> Router<Surface> {
    let health = |_: CountedByAddress| std::future::ready("OK");
    Router::new()
        .route("/api/v1/streaming", get(websocket::open))
        .route("/api/v1/streaming/health", get(health))
        .route("/api/v1/streaming/{*stream}", get(sse::open))
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .layer(Extension(streaming.0.clone()))
        .layer(middleware::from_fn(cors::add))
}
