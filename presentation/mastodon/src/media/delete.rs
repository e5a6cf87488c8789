//! Deleting a picture that no post uses.

use axum::Json;
use axum::extract::State;
use business_media_gateway::{DeleteMediaRequest, MediaId};
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::PathOf;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Serialize;

/// Nothing: the picture is gone.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Deleted {}

pub(super) async fn delete(
    Allowed(viewer): Allowed<Person<scope::WriteMedia>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<MediaId>,
) -> Result<Json<Deleted>, Problem> {
    let request = DeleteMediaRequest {
        owner_id: viewer.account_id.get(),
        id: id.get(),
    };
    surface
        .gateways
        .media
        .delete_media(&context, request)
        .await?;
    Ok(Json(Deleted {}))
}
