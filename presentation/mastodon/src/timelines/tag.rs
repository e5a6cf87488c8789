//! The public statuses with a hashtag.

use axum::extract::State;
use axum::response::Response;
use http::Uri;
use infra_kernel::Error;
use presentation_kit::access::{Visitor, scope};
use presentation_kit::extract::{PathOf, QueryOf, lenient};
use presentation_kit::paging::PageQuery;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::reply;

/// Which of the statuses with a hashtag are asked for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct TagQuery {
    /// Only posts of this server; there are no others yet.
    #[serde(deserialize_with = "lenient::truth")]
    #[allow(dead_code, reason = "part of the contract that clients send")]
    local: Option<bool>,
    /// Only posts of other servers; there are none yet.
    #[serde(deserialize_with = "lenient::truth")]
    remote: Option<bool>,
    /// Only posts with pictures.
    #[serde(deserialize_with = "lenient::truth")]
    only_media: Option<bool>,
    /// Only an empty list is taken: several hashtags cannot be asked for at once yet.
    #[serde(deserialize_with = "lenient::list")]
    any: Vec<String>,
    /// As `any`.
    #[serde(deserialize_with = "lenient::list")]
    all: Vec<String>,
    /// As `any`.
    #[serde(deserialize_with = "lenient::list")]
    none: Vec<String>,
}

impl TagQuery {
    /// Refuses what would be listed as something else than was meant.
    fn refuse_what_is_not_built(&self) -> Result<(), Error> {
        for (field, names) in [("any", &self.any), ("all", &self.all), ("none", &self.none)] {
            if names.iter().any(|name| !name.is_empty()) {
                let text =
                    format!("Several hashtags at once are not supported yet: leave `{field}` out.");
                return Err(Error::invalid(field, text));
            }
        }
        Ok(())
    }
}

pub(super) async fn show(
    Allowed(viewer): Allowed<Visitor<scope::ReadStatuses>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    uri: Uri,
    PathOf(tag): PathOf<String>,
    QueryOf(page): QueryOf<PageQuery>,
    QueryOf(query): QueryOf<TagQuery>,
) -> Result<Response, Problem> {
    query.refuse_what_is_not_built()?;
    let page = page.page(LIMIT_DEFAULT, LIMIT_MAX);
    if query.remote.unwrap_or_default() {
        return Ok(reply::statuses(&surface, &[]));
    }
    let viewer_id = viewer.map(|viewer| viewer.account_id);
    let only_media = query.only_media.unwrap_or_default();
    let listing = surface
        .reader
        .by_tag(&context, viewer_id, &tag, page, only_media)
        .await?;
    Ok(reply::timeline(&surface, &uri, &listing))
}
