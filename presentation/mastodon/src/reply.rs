//! Returns from JSON that is made already.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Uri, header};
use presentation_kit::{Listing, Shown, Surface};

use crate::entities::status;

/// A response of JSON that is ready.
pub(crate) fn json(body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

/// One status as its viewer sees it.
pub(crate) fn status(surface: &Surface, shown: &Shown) -> Response {
    let mut body = Vec::with_capacity(status::length(&surface.site, shown));
    status::write(&surface.site, shown, &mut body);
    json(Bytes::from(body))
}

/// Statuses as their viewer sees them.
pub(crate) fn statuses(surface: &Surface, posts: &[Shown]) -> Response {
    json(status::list(&surface.site, posts))
}

/// A page of statuses, with links to the pages round it.
pub(crate) fn timeline(surface: &Surface, uri: &Uri, listing: &Listing<Shown>) -> Response {
    let mut response = statuses(surface, &listing.items);
    response.headers_mut().extend(links(surface, uri, listing));
    response
}

/// The `Link` header of a page.
pub(crate) fn links<T>(surface: &Surface, uri: &Uri, listing: &Listing<T>) -> HeaderMap {
    listing
        .cursors
        .link_header(&surface.site.base_url, uri.path(), uri.query())
}
