//! An account's statuses.

use axum::extract::State;
use axum::response::Response;
use http::Uri;
use infra_kernel::AccountId;
use presentation_kit::access::{Visitor, scope};
use presentation_kit::extract::{PathOf, QueryOf, lenient};
use presentation_kit::paging::PageQuery;
use presentation_kit::reader::AuthorFilter;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::reply;
use crate::timelines::{LIMIT_DEFAULT, LIMIT_MAX};

/// Which of an account's statuses are asked for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct StatusesQuery {
    /// Only statuses with pictures.
    #[serde(deserialize_with = "lenient::truth")]
    only_media: Option<bool>,
    /// No replies to others.
    #[serde(deserialize_with = "lenient::truth")]
    exclude_replies: Option<bool>,
    /// No reshares.
    #[serde(deserialize_with = "lenient::truth")]
    exclude_reblogs: Option<bool>,
    /// Only the statuses on top of the account's page, the latest pinned first, with replies and
    /// without pictures, too.
    #[serde(deserialize_with = "lenient::truth")]
    pinned: Option<bool>,
    /// Only statuses with this hashtag.
    tagged: Option<String>,
}

pub(super) async fn list(
    Allowed(viewer): Allowed<Visitor<scope::ReadStatuses>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    uri: Uri,
    PathOf(id): PathOf<AccountId>,
    // Two readers of the same query: flattened, the one would look at what neither knows, and name
    // no field at fault.
    QueryOf(page): QueryOf<PageQuery>,
    QueryOf(query): QueryOf<StatusesQuery>,
) -> Result<Response, Problem> {
    let page = page.page(LIMIT_DEFAULT, LIMIT_MAX);
    let (reader, person) = (&surface.reader, surface.reader.person(&context, id));
    if query.pinned.unwrap_or_default() {
        let viewer_id = viewer.map(|viewer| viewer.account_id);
        let pinned = reader.pinned(&context, viewer_id, id);
        let (_, mut pinned) = tokio::try_join!(person, pinned)?;
        // A handful, of which the page is taken here: who asks for what is behind it gets nothing
        // twice.
        pinned.retain(|shown| (page.after + 1..page.before).contains(&shown.head.id));
        pinned.truncate(page.limit as usize);
        return Ok(reply::statuses(&surface, &pinned));
    }
    let filter = AuthorFilter {
        only_media: query.only_media.unwrap_or_default(),
        exclude_replies: query.exclude_replies.unwrap_or_default(),
        exclude_reshares: query.exclude_reblogs.unwrap_or_default(),
        tag: query.tagged.unwrap_or_default(),
    };
    let viewer_id = viewer.map(|viewer| viewer.account_id);
    let posts = reader.by_author(&context, viewer_id, id, page, filter);
    let (_, listing) = tokio::try_join!(person, posts)?;
    Ok(reply::timeline(&surface, &uri, &listing))
}
