//! Answers from JSON that is made already.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Uri, header};
use presentation_kit::{Card, Listing, Surface, Viewer};

use crate::entities::status;

/// An answer of JSON that is ready.
pub(crate) fn json(body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

/// One status as this viewer sees it.
pub(crate) fn status(surface: &Surface, viewer: Option<Viewer>, card: &Card) -> Response {
    let viewer = viewer.map(|viewer| viewer.account_id);
    let mut body = Vec::with_capacity(status::length(&surface.site, viewer, card));
    status::write(&surface.site, viewer, card, &mut body);
    json(Bytes::from(body))
}

/// Statuses as this viewer sees them.
pub(crate) fn statuses(surface: &Surface, viewer: Option<Viewer>, cards: &[Arc<Card>]) -> Response {
    let viewer = viewer.map(|viewer| viewer.account_id);
    json(status::list(&surface.site, viewer, cards))
}

/// A page of statuses, with links to the pages round it.
pub(crate) fn timeline(
    surface: &Surface,
    viewer: Option<Viewer>,
    uri: &Uri,
    listing: &Listing<Arc<Card>>,
) -> Response {
    let mut response = statuses(surface, viewer, &listing.items);
    response.headers_mut().extend(links(surface, uri, listing));
    response
}

/// The `Link` header of a page.
pub(crate) fn links<T>(surface: &Surface, uri: &Uri, listing: &Listing<T>) -> HeaderMap {
    listing
        .cursors
        .link_header(&surface.site.base_url, uri.path(), uri.query())
}
