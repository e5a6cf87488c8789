//! The public timeline.

use axum::extract::State;
use axum::response::Response;
use http::Uri;
use presentation_kit::access::{Visitor, scope};
use presentation_kit::extract::{QueryOf, lenient};
use presentation_kit::paging::PageQuery;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::reply;

/// Which public posts are asked for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct PublicQuery {
    /// Only posts of this server; there are no others yet.
    #[serde(deserialize_with = "lenient::truth")]
    local: Option<bool>,
    /// Only posts of other servers; there are none yet.
    #[serde(deserialize_with = "lenient::truth")]
    remote: Option<bool>,
    /// Only posts with pictures.
    #[serde(deserialize_with = "lenient::truth")]
    only_media: Option<bool>,
}

pub(super) async fn show(
    Allowed(viewer): Allowed<Visitor<scope::ReadStatuses>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    uri: Uri,
    // Two readers of the same query: flattened, the one would look at what neither knows, and name
    // no field at fault.
    QueryOf(page): QueryOf<PageQuery>,
    QueryOf(query): QueryOf<PublicQuery>,
) -> Result<Response, Problem> {
    let page = page.page(LIMIT_DEFAULT, LIMIT_MAX);
    if query.remote.unwrap_or_default() {
        return Ok(reply::statuses(&surface, &[]));
    }
    let viewer_id = viewer.map(|viewer| viewer.account_id);
    let only_media = query.only_media.unwrap_or_default();
    let listing = surface
        .reader
        .public(&context, viewer_id, page, only_media)
        .await?;
    Ok(reply::timeline(&surface, &uri, &listing))
}
