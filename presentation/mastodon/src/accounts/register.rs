//! Signing up from an application.

use axum::Json;
use axum::extract::State;
use business_accounts_gateway::issue_token_request::Proof;
use business_accounts_gateway::{IssueTokenRequest, NewAccount, RegisterRequest};
use infra_kernel::{Error, ErrorCode};
use presentation_kit::access::{AnyToken, scope};
use presentation_kit::extract::{BodyOf, lenient};
use presentation_kit::{Allowed, ClientAddress, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::entities::Token;

/// Who signs up.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct RegistrationForm {
    /// 1 to 30 of a-z, 0-9 and _.
    username: String,
    email: String,
    password: String,
    /// Whether the rules of this place are agreed to; must be true.
    #[serde(deserialize_with = "lenient::truth")]
    agreement: Option<bool>,
    /// BCP 47.
    locale: Option<String>,
}

pub(super) async fn register(
    Allowed(bearer): Allowed<AnyToken<scope::WriteAccounts>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    ClientAddress(remote_address): ClientAddress,
    BodyOf(form): BodyOf<RegistrationForm>,
) -> Result<Json<Token>, Problem> {
    if bearer.account_id.is_some() {
        let text = "Signing up takes an application's own token; this one is a person's.";
        return Err(Error::new(ErrorCode::Forbidden, text).into());
    }
    let accounts = &surface.gateways.accounts;
    let request = RegisterRequest {
        username: form.username,
        email: form.email,
        password: form.password,
        agreement: form.agreement.unwrap_or_default(),
        locale: form.locale.unwrap_or_default(),
        remote_address,
        setup_token: String::new(),
    };
    let account = accounts.register(&context, request).await?.account;
    let request = IssueTokenRequest {
        client_id: String::new(),
        client_secret: String::new(),
        proof: Some(Proof::NewAccount(NewAccount {
            application_id: bearer.application_id.get(),
            account_id: account.unwrap_or_default().id,
            // What the application's own token had: nobody was asked for anything else.
            scopes: bearer.scopes,
        })),
    };
    let reply = accounts.issue_token(&context, request).await?;
    Ok(Json(reply.into()))
}
