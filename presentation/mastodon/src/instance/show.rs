//! This place, in both forms.

use axum::Json;
use axum::extract::State;
use business_media_gateway::{Capabilities, GetCapabilitiesRequest};
use infra_kernel::{Context, Result};
use presentation_kit::{Allowed, Anyone, Problem, RequestContext, Surface};

use super::counts;
use crate::entities::{Empty, InstanceV1, InstanceV2};

pub(super) async fn v1(
    Allowed(_): Allowed<Anyone>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
) -> std::result::Result<Json<InstanceV1>, Problem> {
    let (stats, media) =
        tokio::try_join!(counts(&surface, &context), capabilities(&surface, &context),)?;
    Ok(Json(InstanceV1::of(&surface.site, stats, media)))
}

pub(super) async fn v2(
    Allowed(_): Allowed<Anyone>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
) -> std::result::Result<Json<InstanceV2>, Problem> {
    let (stats, media) =
        tokio::try_join!(counts(&surface, &context), capabilities(&surface, &context),)?;
    Ok(Json(InstanceV2::of(&surface.site, stats.user_count, media)))
}

pub(super) async fn nothing(Allowed(_): Allowed<Anyone>) -> Json<Empty> {
    Json([])
}

async fn capabilities(surface: &Surface, context: &Context) -> Result<Capabilities> {
    let request = GetCapabilitiesRequest {};
    surface
        .gateways
        .media
        .get_capabilities(context, request)
        .await
}
