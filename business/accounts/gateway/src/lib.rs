//! The contract of the accounts domain: its service, messages and events, generated from `proto/`,
//! and the names and typed views that Rust callers want on top.
//!
//! Everything that other domains and surfaces may know of accounts is here; how it works is in its
//! core.

mod roles;
mod scopes;
mod views;

#[allow(missing_docs, clippy::all, clippy::pedantic, unreachable_pub)]
mod generated;

pub use generated::*;
pub use roles::UnknownRole;
pub use scopes::{Scope, Scopes, UnknownScope};

infra_kernel::define_id! {
    /// A signed-in browser or an issued access token.
    SessionId;
}

/// The topics of this domain's events.
pub mod topics {
    /// An account was made; the payload is [`AccountRegistered`](crate::AccountRegistered), the key
    /// the account's id.
    pub const REGISTERED: &str = "accounts.registered";
    /// What an account shows of itself changed; the payload is
    /// [`ProfileChanged`](crate::ProfileChanged), the key the account's id.
    pub const PROFILE_CHANGED: &str = "accounts.profile_changed";
    /// Every session and token of an account ended; the payload is
    /// [`SessionsRevoked`](crate::SessionsRevoked), the key the account's id.
    pub const SESSIONS_REVOKED: &str = "accounts.sessions_revoked";
}

/// The fields that errors of the OAuth calls name, so that a surface can respond with the right
/// code of RFC 6749.
pub mod fields {
    /// The client is not known or its secret is not right: `unauthenticated` with this field is
    /// `invalid_client`.
    pub const CLIENT_ID: &str = "client_id";
    /// The code cannot be redeemed: `invalid` with this field is `invalid_grant`.
    pub const CODE: &str = "code";
    /// The PKCE verifier does not fit: `invalid` with this field is `invalid_grant`.
    pub const CODE_VERIFIER: &str = "code_verifier";
    /// The PKCE challenge or its method is not taken: `invalid` with this field is
    /// `invalid_request`.
    pub const CODE_CHALLENGE: &str = "code_challenge";
    /// The redirect address is not one of the application's, or cannot be one.
    pub const REDIRECT_URI: &str = "redirect_uri";
    /// A scope is not known or beyond what the application registered: `invalid` with this field is
    /// `invalid_scope`.
    pub const SCOPE: &str = "scope";
    /// There is no proof in the request for a token: `invalid` with this field is
    /// `unsupported_grant_type`.
    pub const GRANT_TYPE: &str = "grant_type";
}
