//! Revoking tokens.

use axum::Json;
use axum::extract::State;
use business_accounts_gateway::RevokeTokenRequest;
use presentation_kit::extract::BodyOf;
use presentation_kit::{Allowed, Anyone, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::client::BasicCredentials;
use super::error::OauthProblem;

/// The token to end.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct RevokeForm {
    client_id: Option<String>,
    client_secret: Option<String>,
    token: Option<String>,
}

/// Nothing more is to be said.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Revoked {}

pub(super) async fn revoke(
    Allowed(_): Allowed<Anyone>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    basic: BasicCredentials,
    // As a result, so that a form that cannot be read is refused in OAuth's own words, too.
    form: Result<BodyOf<RevokeForm>, Problem>,
) -> Result<Json<Revoked>, OauthProblem> {
    let BodyOf(form) = form?;
    let client = basic.or(form.client_id, form.client_secret);
    let request = RevokeTokenRequest {
        client_id: client.client_id,
        client_secret: client.client_secret,
        token: form.token.unwrap_or_default(),
    };
    surface
        .gateways
        .accounts
        .revoke_token(&context, request)
        .await?;
    Ok(Json(Revoked {}))
}
