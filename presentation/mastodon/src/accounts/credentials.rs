//! Whose token it is.

use axum::Json;
use axum::extract::State;
use presentation_kit::access::{Person, scope};
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use crate::entities::CredentialAccount;

pub(super) async fn verify(
    Allowed(viewer): Allowed<Person<scope::Profile>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
) -> Result<Json<CredentialAccount>, Problem> {
    let person = surface.reader.person(&context, viewer.account_id).await?;
    Ok(Json(CredentialAccount::of(&surface.site, &person)))
}
