//! Resharing a status, and taking that back.

use axum::extract::State;
use axum::response::Response;
use business_posts_gateway::{PostId, ReshareRequest, UnreshareRequest, Visibility};
use infra_kernel::{Context, Error, ErrorCode};
use presentation_kit::access::{Person, Viewer, scope};
use presentation_kit::extract::{BodyOf, PathOf};
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Deserialize;

use super::create::{account_of, visibility_named};
use super::find::{find, original_id};
use crate::entities::account::visibility_or_public;
use crate::reply;

/// For whom a status is reshared.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct ReblogForm {
    /// "public", "unlisted" or "private"; the account's default when it is not said.
    visibility: Option<String>,
}

/// Returns the reshare, with the status inside.
pub(super) async fn reblog(
    Allowed(viewer): Allowed<Person<scope::WriteStatuses>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<PostId>,
    BodyOf(form): BodyOf<ReblogForm>,
) -> Result<Response, Problem> {
    let visibility = match form.visibility.as_deref() {
        None | Some("") => default_visibility(&surface, &context, viewer).await?,
        Some(name) => visibility_named(name)?,
    };
    let shown = find(&surface, &context, viewer, id).await?;
    if shown.relation.blocks() {
        // In Mastodon's words, by which clients know it.
        return Err(Error::new(ErrorCode::Forbidden, "This action is not allowed").into());
    }
    let request = ReshareRequest {
        account_id: viewer.account_id.get(),
        post_id: shown.head.id,
        visibility: visibility.into(),
    };
    let reply = surface.gateways.posts.reshare(&context, request).await?;
    let id = PostId::new(reply.reshare.unwrap_or_default().id);
    let viewer_id = Some(viewer.account_id);
    let reshare = surface.reader.post(&context, viewer_id, id).await?;
    Ok(reply::status(&surface, &reshare))
}

/// For whom an account posts; no reshare is for those who are mentioned, whom it has none of.
async fn default_visibility(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
) -> Result<Visibility, Error> {
    let account = account_of(surface, context, viewer).await?;
    match visibility_named(visibility_or_public(&account.default_visibility))? {
        Visibility::Direct => Ok(Visibility::Private),
        visibility => Ok(visibility),
    }
}

/// Takes the reshare back before it looks for the status: a reshare stays one's own when the status
/// has become hidden. Returns the status itself.
pub(super) async fn unreblog(
    Allowed(viewer): Allowed<Person<scope::WriteStatuses>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<PostId>,
) -> Result<Response, Problem> {
    let id = original_id(&surface, &context, viewer, id).await?;
    let request = UnreshareRequest {
        account_id: viewer.account_id.get(),
        post_id: id.get(),
    };
    surface.gateways.posts.unreshare(&context, request).await?;
    let shown = find(&surface, &context, viewer, id).await?;
    Ok(reply::status(&surface, &shown))
}
