//! OAuth 2 as applications use it: tokens issued and revoked, and where to find it all (RFC 6749,
//! 7009, 8414).
//!
//! The page where a person allows an application is the web surface's.

mod client;
mod error;
mod metadata;
mod revoke;
mod token;
mod userinfo;

use presentation_kit::Api;
use presentation_kit::api::Describe;

use crate::entities::Token;

/// The standard's own refusals.
const REFUSALS: &[(u16, &str)] = &[
    (400, "Not valid; `error` is the standard's code."),
    (
        401,
        "The application's credentials are not valid: `invalid_client`.",
    ),
    (
        403,
        "The application may not do this: `unauthorized_client`.",
    ),
];

pub(crate) fn routes() -> Api {
    Api::new()
        .post(
            "/oauth/token",
            token::issue,
            Describe::new("Turns a code, or an application's own credentials, into a token.")
                .body::<token::TokenForm>()
                .returns::<Token>()
                .refuses(REFUSALS)
                .refuses_with::<error::OauthError>(),
        )
        .post(
            "/oauth/revoke",
            revoke::revoke,
            Describe::new("Ends a token of the application that asks.")
                .body::<revoke::RevokeForm>()
                .returns::<revoke::Revoked>()
                .refuses(REFUSALS)
                .refuses_with::<error::OauthError>(),
        )
        .get(
            "/oauth/userinfo",
            userinfo::show,
            Describe::new("Tells whose token it is, as OpenID Connect puts it.")
                .returns::<userinfo::UserInfo>(),
        )
        // OpenID Connect asks for both methods (Core 1.0, section 5.3.1).
        .post(
            "/oauth/userinfo",
            userinfo::show,
            Describe::new("Tells whose token it is, as OpenID Connect puts it.")
                .returns::<userinfo::UserInfo>(),
        )
        .get(
            "/.well-known/oauth-authorization-server",
            metadata::show,
            Describe::new("Tells where the parts of OAuth are.")
                .returns::<metadata::AuthorizationServer>(),
        )
}
