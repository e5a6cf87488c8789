//! Where the parts of OAuth are (RFC 8414).

use axum::Json;
use axum::extract::State;
use business_accounts_gateway::Scope;
use presentation_kit::{Allowed, Anyone, Surface};
use schemars::JsonSchema;
use serde::Serialize;

/// Where the parts of OAuth are.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AuthorizationServer {
    issuer: String,
    service_documentation: String,
    authorization_endpoint: String,
    token_endpoint: String,
    app_registration_endpoint: String,
    revocation_endpoint: String,
    userinfo_endpoint: String,
    scopes_supported: Vec<&'static str>,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: [&'static str; 2],
    token_endpoint_auth_methods_supported: [&'static str; 3],
    code_challenge_methods_supported: [&'static str; 1],
}

pub(super) async fn show(
    Allowed(_): Allowed<Anyone>,
    State(surface): State<Surface>,
) -> Json<AuthorizationServer> {
    let base_url = &surface.site.base_url;
    let at = |path: &str| format!("{base_url}{path}");
    Json(AuthorizationServer {
        // With the slash at its end, as in the `iss` of `/oauth/userinfo`.
        issuer: at("/"),
        service_documentation: at("/api/openapi.json"),
        authorization_endpoint: at("/oauth/authorize"),
        token_endpoint: at("/oauth/token"),
        // By Mastodon's name: the standard's own promises registration as RFC 7591 has it.
        app_registration_endpoint: at("/api/v1/apps"),
        revocation_endpoint: at("/oauth/revoke"),
        userinfo_endpoint: at("/oauth/userinfo"),
        scopes_supported: Scope::grantable().map(Scope::name).collect(),
        response_types_supported: ["code"],
        response_modes_supported: ["query"],
        grant_types_supported: ["authorization_code", "client_credentials"],
        token_endpoint_auth_methods_supported: [
            "client_secret_basic",
            "client_secret_post",
            "none",
        ],
        code_challenge_methods_supported: ["S256"],
    })
}
