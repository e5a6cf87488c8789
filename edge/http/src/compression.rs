//! Smaller responses for clients that take them.

use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

/// Compresses what is not compressed already, as the client's `Accept-Encoding` allows. The
/// quickest level: pages and calls are made for each request, so what a higher one saves on the
/// line it would cost in processor time every time.
#[must_use]
pub fn layer() -> CompressionLayer {
    CompressionLayer::new()
        .gzip(true)
        .br(true)
        .quality(CompressionLevel::Fastest)
}
