//! OAuth 2 as applications use it: tokens issued and revoked, and where to find it all (RFC 6749, 7009, 8414).
//!
//! The page where a person allows an application is the web surface's.

mod client;
mod error;
mod metadata;
mod revoke;
mod token;

use presentation_kit::Api;
use presentation_kit::api::Describe;

use crate::entities::Token;

pub(crate) fn routes() -> Api {
    Api::new()
        .post(
            "/oauth/token",
            token::issue,
            Describe::new("Turns a code, or an application's own credentials, into a token.")
                .body::<token::TokenForm>()
                .answers::<Token>(),
        )
        .post(
            "/oauth/revoke",
            revoke::revoke,
            Describe::new("Ends a token of the application that asks.")
                .body::<revoke::RevokeForm>()
                .answers::<revoke::Revoked>(),
        )
        .get(
            "/.well-known/oauth-authorization-server",
            metadata::show,
            Describe::new("Tells where the parts of OAuth are.")
                .answers::<metadata::AuthorizationServer>(),
        )
}
