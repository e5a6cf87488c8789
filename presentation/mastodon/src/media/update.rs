//! Describing a picture before it is posted.

use axum::Json;
use axum::extract::State;
use business_media_gateway::{MediaId, UpdateMediaRequest};
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::{BodyOf, PathOf, lenient};
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{focus, show};
use crate::entities::MediaAttachment;

/// What changes; what is not sent stays.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct UpdateForm {
    /// Alt text.
    #[serde(deserialize_with = "lenient::text")]
    description: Option<String>,
    /// The focal point: "x,y", each from -1 to 1.
    focus: Option<String>,
}

pub(super) async fn update(
    Allowed(viewer): Allowed<Person<scope::WriteMedia>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<MediaId>,
    BodyOf(form): BodyOf<UpdateForm>,
) -> Result<Json<MediaAttachment>, Problem> {
    let point = focus::parse(form.focus.as_deref().unwrap_or_default())?;
    let request = UpdateMediaRequest {
        owner_id: viewer.account_id.get(),
        id: id.get(),
        description: form.description,
        focus_x: point.map(|(x, _)| x),
        focus_y: point.map(|(_, y)| y),
    };
    let item = surface
        .gateways
        .media
        .update_media(&context, request)
        .await?;
    // What has been posted is refused by the media domain.
    Ok(Json(show::picture(&surface, viewer, &item)))
}
