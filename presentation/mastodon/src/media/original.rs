//! One's own file, as it was uploaded.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use business_media_gateway::MediaId;
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::PathOf;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use super::show;

/// The bytes are served under a signed address, where a download that was cut off can be taken up
/// again.
pub(super) async fn original(
    Allowed(viewer): Allowed<Person<scope::WriteMedia>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<MediaId>,
) -> Result<Response, Problem> {
    viewer.require(show::READS)?;
    let item = show::own(&surface, &context, viewer, id).await?;
    let address = surface.site.original_url(&item, true);
    // Temporary, because the address expires.
    Ok(Redirect::temporary(&address).into_response())
}
