//! Whose token it is.

use axum::Json;
use axum::extract::State;
use infra_kernel::{AccountId, Context, Result};
use presentation_kit::access::{Person, scope};
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use crate::entities::CredentialAccount;

pub(super) async fn verify(
    Allowed(viewer): Allowed<Person<scope::Profile>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
) -> std::result::Result<Json<CredentialAccount>, Problem> {
    Ok(Json(
        own_account(&surface, &context, viewer.account_id).await?,
    ))
}

/// An account as its owner sees it.
pub(super) async fn own_account(
    surface: &Surface,
    context: &Context,
    id: AccountId,
) -> Result<CredentialAccount> {
    let (person, asking) = tokio::try_join!(
        surface.reader.person(context, id),
        surface.reader.asking_count(context, id),
    )?;
    Ok(CredentialAccount::of(&surface.site, &person, asking))
}
