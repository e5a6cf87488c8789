//! Issuing tokens.

use axum::Json;
use axum::extract::State;
use business_accounts_gateway::issue_token_request::Proof;
use business_accounts_gateway::{AuthorizationCode, ClientCredentials, IssueTokenRequest, fields};
use infra_kernel::{Error, Result};
use presentation_kit::extract::BodyOf;
use presentation_kit::{Allowed, Anyone, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Deserialize;

use super::client::BasicCredentials;
use super::error::OauthProblem;
use crate::apps::SCOPES_DEFAULT;
use crate::entities::Token;

/// What an application shows for a token.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct TokenForm {
    /// "`authorization_code`" or "`client_credentials`".
    grant_type: Option<String>,
    /// Left out when the application names itself by HTTP Basic.
    client_id: Option<String>,
    client_secret: Option<String>,
    /// The code, for a person's token.
    code: Option<String>,
    /// As it was when the code was asked for.
    redirect_uri: Option<String>,
    /// PKCE (RFC 7636).
    code_verifier: Option<String>,
    /// For an application's own token; "read" when it does not say.
    scope: Option<String>,
}

pub(super) async fn issue(
    Allowed(_): Allowed<Anyone>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    basic: BasicCredentials,
    // As a result, so that a form that cannot be read is refused in OAuth's own words, too.
    form: std::result::Result<BodyOf<TokenForm>, Problem>,
) -> std::result::Result<Json<Token>, OauthProblem> {
    let BodyOf(mut form) = form?;
    let client = basic.or(form.client_id.take(), form.client_secret.take());
    let request = IssueTokenRequest {
        client_id: client.client_id,
        client_secret: client.client_secret,
        proof: Some(proof(form)?),
    };
    let reply = surface
        .gateways
        .accounts
        .issue_token(&context, request)
        .await?;
    Ok(Json(reply.into()))
}

fn proof(form: TokenForm) -> Result<Proof> {
    match form.grant_type.as_deref() {
        Some("authorization_code") => Ok(Proof::AuthorizationCode(AuthorizationCode {
            code: form.code.unwrap_or_default(),
            redirect_uri: form.redirect_uri.unwrap_or_default(),
            code_verifier: form.code_verifier.unwrap_or_default(),
        })),
        Some("client_credentials") => {
            let scopes = form.scope.filter(|scopes| !scopes.trim().is_empty());
            Ok(Proof::ClientCredentials(ClientCredentials {
                scopes: scopes.unwrap_or_else(|| SCOPES_DEFAULT.to_owned()),
            }))
        }
        _ => Err(Error::invalid(
            fields::GRANT_TYPE,
            "`grant_type` must be `authorization_code` or `client_credentials`.",
        )),
    }
}
