//! On whose behalf a call is made.
//!
//! A domain is handed ids in messages ("the author is 7"), and anyone who writes a message can
//! write any number into it. The [`Caller`] in the call's [`Context`](crate::Context) is what it
//! checks them against. It cannot be made up: one that names an account or an application comes
//! from [`CallerKey::mint`], which a surface calls once per request after it has authenticated, or
//! from [`CallerKey::verify`], where a call enters a process. In between the type itself is the
//! proof, so a check in process costs a comparison.

mod key;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

pub use key::{CALLER_LIFETIME, CallerKey, CallerRefused, SECRET_BYTES};

use crate::error::{Error, ErrorCode, Result};
use crate::id::{AccountId, ApplicationId};

/// On whose behalf a call is made. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Caller(Kind);

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Anonymous,
    System,
    Authenticated(Arc<Authenticated>),
}

#[derive(PartialEq, Eq)]
struct Authenticated {
    identity: Identity,
    expires_at: Instant,
}

/// Who was authenticated: a person, an application, or one for the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The person; none for an application's own token.
    pub account_id: Option<AccountId>,
    /// The application that asks, for the person or for itself; none for a browser's session.
    pub application_id: Option<ApplicationId>,
    /// What the person let the application do, as granted: "read write:media".
    pub scopes: String,
}

impl Caller {
    /// Nobody known: a visitor without a token.
    #[must_use]
    pub const fn anonymous() -> Self {
        Self(Kind::Anonymous)
    }

    /// The server itself: a job, a consumer of events, an operator's command. It may act for every
    /// account, so what begins with a request is never called so.
    #[must_use]
    pub const fn system() -> Self {
        Self(Kind::System)
    }

    /// Whether it is the server itself.
    #[must_use]
    pub const fn is_system(&self) -> bool {
        matches!(self.0, Kind::System)
    }

    /// Who was authenticated, if anyone was.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        match &self.0 {
            Kind::Authenticated(authenticated) => Some(&authenticated.identity),
            Kind::Anonymous | Kind::System => None,
        }
    }

    /// The person, if there is one.
    #[must_use]
    pub fn account_id(&self) -> Option<AccountId> {
        self.identity().and_then(|identity| identity.account_id)
    }

    /// The application, if there is one.
    #[must_use]
    pub fn application_id(&self) -> Option<ApplicationId> {
        self.identity().and_then(|identity| identity.application_id)
    }

    /// Refuses a caller whose time is over at this moment.
    ///
    /// # Errors
    /// `unauthenticated`.
    pub fn require_current(&self, now: Instant) -> Result<()> {
        match &self.0 {
            Kind::Authenticated(authenticated) if authenticated.expires_at <= now => {
                Err(CallerRefused::Expired.into())
            }
            _ => Ok(()),
        }
    }

    /// Refuses everyone but this account and the server itself.
    ///
    /// # Errors
    /// `unauthenticated` when nobody is signed in, `forbidden` when it is somebody else.
    pub fn require_account(&self, account_id: AccountId) -> Result<()> {
        match &self.0 {
            Kind::System => Ok(()),
            Kind::Authenticated(_) if self.account_id() == Some(account_id) => Ok(()),
            Kind::Authenticated(_) => {
                Err(forbidden("This can only be done for one's own account."))
            }
            Kind::Anonymous => Err(nobody("This needs a signed-in person.")),
        }
    }

    /// Refuses everyone but this application, for itself or for a person, and the server itself.
    ///
    /// # Errors
    /// `unauthenticated` when nobody is known, `forbidden` when it is another application or none.
    pub fn require_application(&self, application_id: ApplicationId) -> Result<()> {
        match &self.0 {
            Kind::System => Ok(()),
            Kind::Authenticated(_) if self.application_id() == Some(application_id) => Ok(()),
            Kind::Authenticated(_) => Err(forbidden(
                "This can only be done by the application itself.",
            )),
            Kind::Anonymous => Err(nobody("This needs an application's access token.")),
        }
    }

    /// Refuses those who were granted none of these scopes, or of those that cover them; nobody
    /// when there are none.
    ///
    /// # Errors
    /// `unauthenticated` when nobody is known, `forbidden` when the scope is missing.
    pub fn require_scope(&self, any_of: &[&str]) -> Result<()> {
        if any_of.is_empty() {
            return Ok(());
        }
        match &self.0 {
            Kind::System => Ok(()),
            Kind::Authenticated(authenticated) => {
                let granted = authenticated.identity.scopes.as_str();
                if any_of.iter().any(|scope| covers(granted, scope)) {
                    return Ok(());
                }
                let scopes = any_of.join(" or ");
                Err(forbidden(&format!("This needs the scope {scopes}.")))
            }
            Kind::Anonymous => Err(nobody("This needs a signed-in person.")),
        }
    }

    /// Refuses everyone but the server itself.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn require_system(&self) -> Result<()> {
        if self.is_system() {
            return Ok(());
        }
        Err(forbidden("Only the operator of this server may do this."))
    }
}

/// Whether one of the granted scopes is this one, or a broader one: `write` for `write:statuses`.
fn covers(granted: &str, scope: &str) -> bool {
    granted.split_ascii_whitespace().any(|granted| {
        scope
            .strip_prefix(granted)
            // At the end of a word only: `write` must not cover a scope that merely begins so.
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    })
}

fn forbidden(text: &str) -> Error {
    Error::new(ErrorCode::Forbidden, text)
}

fn nobody(text: &str) -> Error {
    Error::new(ErrorCode::Unauthenticated, text)
}

impl fmt::Debug for Caller {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Anonymous => formatter.write_str("Anonymous"),
            Kind::System => formatter.write_str("System"),
            Kind::Authenticated(authenticated) => authenticated.identity.fmt(formatter),
        }
    }
}

#[cfg(test)]
mod tests;
