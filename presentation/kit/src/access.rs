//! Who is asking, and whether they are allowed: the scope is part of a handler's type.
//!
//! A handler says what it needs by its first argument, [`Allowed`]`<…>`; [`crate::Api`] takes no
//! handler without one. The extractor checks it before the handler's code runs.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use business_accounts_gateway::{AuthenticateRequest, Grant, Scope, Scopes, SecretKind, SessionId};
use edge_http::RequestContext;
use http::header;
use http::request::Parts;
use infra_kernel::{AccountId, ApplicationId, Context, Error, ErrorCode, Result};

use crate::problem::Problem;
use crate::rate;
use crate::surface::Surface;

/// A signed-in person, by the token of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewer {
    /// The account that signed in; never an application's own token.
    pub account_id: AccountId,
    /// The application that asks for them.
    pub application_id: ApplicationId,
    /// The session behind the token.
    pub session_id: SessionId,
    /// What the person let the application do.
    pub scopes: Scopes,
}

impl Viewer {
    /// Whether the token may do this beside what its route asks for.
    #[must_use]
    pub const fn may(&self, scope: Scope) -> bool {
        self.scopes.cover(scope)
    }

    /// Refuses a token that may not do this.
    ///
    /// # Errors
    /// `forbidden`, naming the scope.
    pub fn require(&self, scope: Scope) -> Result<()> {
        if self.may(scope) {
            Ok(())
        } else {
            Err(lacks(scope))
        }
    }
}

/// Anyone who holds a valid token: a person's or an application's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// The person, when it is a person's token.
    pub account_id: Option<AccountId>,
    /// The application whose own token it is.
    pub application_id: ApplicationId,
    /// What it was granted.
    pub scopes: String,
}

/// What a handler needs of who is asking.
pub trait Access: Send + Sync + 'static {
    /// What the handler learns of the caller.
    type Who: Send;
    /// The OAuth scope it takes; none for what everyone may do.
    const SCOPE: Option<Scope>;
    /// Whether it can be called without a token.
    const TOKEN_OPTIONAL: bool;

    /// Decides, given what the token stands for.
    ///
    /// # Errors
    /// `unauthenticated` or `forbidden`.
    fn decide(grant: Option<Grant>) -> Result<Self::Who>;
}

/// Proof that the caller is allowed what `A` says. Handlers take it as their first argument.
pub struct Allowed<A: Access>(pub A::Who);

/// Everyone, and all alike: the handler learns nothing of the caller. A token is refused when it is
/// not valid.
#[derive(Debug)]
pub struct Anyone;

/// Everyone, but not all alike: without a token a visitor; a token that is sent must have the
/// scope.
#[derive(Debug)]
pub struct Visitor<S>(PhantomData<S>);

/// Anyone with a token that has a scope, an application's own token included.
#[derive(Debug)]
pub struct AnyToken<S>(PhantomData<S>);

/// A signed-in person whose token has a scope.
#[derive(Debug)]
pub struct Person<S>(PhantomData<S>);

/// A scope as a type.
pub trait ScopeType: Send + Sync + 'static {
    /// The scope; none for any.
    const SCOPE: Option<Scope>;
}

macro_rules! scope_types {
    ($($(#[$doc:meta])* $name:ident = $scope:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;
        impl ScopeType for $name {
            const SCOPE: Option<Scope> = $scope;
        }
    )*};
}

/// The scopes that routes ask for.
pub mod scope {
    use super::{Scope, ScopeType};

    scope_types! {
        /// Any scope at all: the token alone is enough.
        Any = None;
        /// `admin:read:reports`
        AdminReadReports = Some(Scope::ADMIN_READ_REPORTS);
        /// `admin:write:reports`
        AdminWriteReports = Some(Scope::ADMIN_WRITE_REPORTS);
        /// `profile`: who one is, nothing more.
        Profile = Some(Scope::PROFILE);
        /// `push`
        Push = Some(Scope::PUSH);
        /// `read:accounts`
        ReadAccounts = Some(Scope::READ_ACCOUNTS);
        /// `read:blocks`
        ReadBlocks = Some(Scope::READ_BLOCKS);
        /// `read:bookmarks`
        ReadBookmarks = Some(Scope::READ_BOOKMARKS);
        /// `read:favourites`
        ReadFavourites = Some(Scope::READ_FAVOURITES);
        /// `read:filters`
        ReadFilters = Some(Scope::READ_FILTERS);
        /// `read:follows`
        ReadFollows = Some(Scope::READ_FOLLOWS);
        /// `read:lists`
        ReadLists = Some(Scope::READ_LISTS);
        /// `read:mutes`
        ReadMutes = Some(Scope::READ_MUTES);
        /// `read:notifications`
        ReadNotifications = Some(Scope::READ_NOTIFICATIONS);
        /// `read:search`
        ReadSearch = Some(Scope::READ_SEARCH);
        /// `read:statuses`
        ReadStatuses = Some(Scope::READ_STATUSES);
        /// `write:accounts`
        WriteAccounts = Some(Scope::WRITE_ACCOUNTS);
        /// `write:blocks`
        WriteBlocks = Some(Scope::WRITE_BLOCKS);
        /// `write:bookmarks`
        WriteBookmarks = Some(Scope::WRITE_BOOKMARKS);
        /// `write:conversations`
        WriteConversations = Some(Scope::WRITE_CONVERSATIONS);
        /// `write:favourites`
        WriteFavourites = Some(Scope::WRITE_FAVOURITES);
        /// `write:filters`
        WriteFilters = Some(Scope::WRITE_FILTERS);
        /// `write:follows`
        WriteFollows = Some(Scope::WRITE_FOLLOWS);
        /// `write:lists`
        WriteLists = Some(Scope::WRITE_LISTS);
        /// `write:media`
        WriteMedia = Some(Scope::WRITE_MEDIA);
        /// `write:mutes`
        WriteMutes = Some(Scope::WRITE_MUTES);
        /// `write:notifications`
        WriteNotifications = Some(Scope::WRITE_NOTIFICATIONS);
        /// `write:reports`
        WriteReports = Some(Scope::WRITE_REPORTS);
        /// `write:statuses`
        WriteStatuses = Some(Scope::WRITE_STATUSES);
    }
}

impl Access for Anyone {
    type Who = ();
    const SCOPE: Option<Scope> = None;
    const TOKEN_OPTIONAL: bool = true;

    fn decide(_: Option<Grant>) -> Result<()> {
        Ok(())
    }
}

impl<S: ScopeType> Access for Visitor<S> {
    type Who = Option<Viewer>;
    const SCOPE: Option<Scope> = S::SCOPE;
    const TOKEN_OPTIONAL: bool = true;

    fn decide(grant: Option<Grant>) -> Result<Option<Viewer>> {
        match grant {
            None => Ok(None),
            // What a visitor may not see, a token shows only when its person let the application
            // see it.
            Some(grant) => Ok(viewer_of(&granted::<S>(Some(grant))?)),
        }
    }
}

impl<S: ScopeType> Access for AnyToken<S> {
    type Who = Bearer;
    const SCOPE: Option<Scope> = S::SCOPE;
    const TOKEN_OPTIONAL: bool = false;

    fn decide(grant: Option<Grant>) -> Result<Bearer> {
        let grant = granted::<S>(grant)?;
        Ok(Bearer {
            account_id: (grant.account_id != 0).then(|| AccountId::new(grant.account_id)),
            application_id: ApplicationId::new(grant.application_id),
            scopes: grant.scopes,
        })
    }
}

impl<S: ScopeType> Access for Person<S> {
    type Who = Viewer;
    const SCOPE: Option<Scope> = S::SCOPE;
    const TOKEN_OPTIONAL: bool = false;

    fn decide(grant: Option<Grant>) -> Result<Viewer> {
        let grant = granted::<S>(grant)?;
        viewer_of(&grant).ok_or_else(|| {
            Error::new(
                ErrorCode::Unauthenticated,
                "This needs a signed-in person; the token is an application's own.",
            )
        })
    }
}

fn viewer_of(grant: &Grant) -> Option<Viewer> {
    (grant.account_id != 0).then(|| Viewer {
        account_id: AccountId::new(grant.account_id),
        application_id: ApplicationId::new(grant.application_id),
        session_id: SessionId::new(grant.session_id),
        scopes: Scopes::parse(&grant.scopes).unwrap_or_default(),
    })
}

fn granted<S: ScopeType>(grant: Option<Grant>) -> Result<Grant> {
    let grant = grant.ok_or_else(|| {
        Error::new(
            ErrorCode::Unauthenticated,
            "This needs an access token: send it as `Authorization: Bearer …`.",
        )
    })?;
    if let Some(needed) = S::SCOPE {
        // Scopes that cannot be parsed cover nothing.
        let covered = Scopes::parse(&grant.scopes).is_ok_and(|scopes| scopes.cover(needed));
        if !covered {
            return Err(lacks(needed));
        }
    }
    Ok(grant)
}

fn lacks(scope: Scope) -> Error {
    let text = format!("This action is outside the authorized scopes: the token lacks `{scope}`.");
    Error::new(ErrorCode::Forbidden, text)
}

impl<A: Access> FromRequestParts<Surface> for Allowed<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, surface: &Surface) -> Result<Self, Problem> {
        let context = parts.extensions.get::<RequestContext>().cloned();
        let RequestContext(context) = context.unwrap_or_else(RequestContext::anonymous);
        let grant = match authenticate(parts, surface, &context).await {
            Ok(grant) => grant,
            Err(error) => {
                // A wrong token is no way round the limit.
                rate::count_anonymous(parts, &surface.limits).await?;
                return Err(error.into());
            }
        };
        // An application's own token is anybody's: everyone can register an application.
        match grant.as_ref().map_or(0, |grant| grant.account_id) {
            0 => rate::count_anonymous(parts, &surface.limits).await?,
            account_id => {
                rate::count(parts, &surface.limits, AccountId::new(account_id)).await?;
            }
        }
        if let Some(grant) = &grant {
            // From here on the request is made on behalf of whom its token stands for.
            let caller = surface.site.signer.callers().mint(grant.identity());
            let context = context.with_caller(caller);
            parts.extensions.insert(RequestContext(context));
        }
        // Only now: what is refused for its scope has been counted, and costs its caller as much.
        Ok(Self(A::decide(grant)?))
    }
}

/// Who asks to listen, with the token by which they may. `beside` is a token that came by another
/// way than the `Authorization` header: a script cannot send that one with a WebSocket. It counts
/// as a request that reads.
///
/// # Errors
/// `unauthenticated`, in Mastodon's words, without a token that stands for a person;
/// `rate_limited`.
pub async fn listener(
    parts: &mut Parts,
    surface: &Surface,
    beside: Option<String>,
) -> Result<(Grant, String), Problem> {
    let context = parts.extensions.get::<RequestContext>().cloned();
    let RequestContext(context) = context.unwrap_or_else(RequestContext::anonymous);
    let secret = bearer_secret(parts)?.or(beside);
    let refused = match secret {
        None => unauthenticated("Missing access token"),
        Some(secret) => match grant_of(surface, &context, secret.clone()).await {
            Ok(grant) if grant.account_id != 0 => {
                let account = AccountId::new(grant.account_id);
                rate::count(parts, &surface.limits, account).await?;
                return Ok((grant, secret));
            }
            // An application's own token listens to nothing.
            Ok(_) => unauthenticated("Invalid access token"),
            Err(error) if error.code() == ErrorCode::Unauthenticated => {
                unauthenticated("Invalid access token")
            }
            Err(error) => error,
        },
    };
    rate::count_anonymous(parts, &surface.limits).await?;
    Err(refused.into())
}

/// What a token stands for at this moment.
///
/// # Errors
/// `unauthenticated` when it stands for nobody.
pub async fn grant_of(surface: &Surface, context: &Context, secret: String) -> Result<Grant> {
    let kind = SecretKind::Token.into();
    let request = AuthenticateRequest { secret, kind };
    let accounts = &surface.gateways.accounts;
    accounts.authenticate(context, request).await
}

fn unauthenticated(text: &str) -> Error {
    Error::new(ErrorCode::Unauthenticated, text)
}

/// What the request's token stands for; none when there is no token.
async fn authenticate(
    parts: &Parts,
    surface: &Surface,
    context: &Context,
) -> Result<Option<Grant>> {
    let Some(secret) = bearer_secret(parts)? else {
        return Ok(None);
    };
    Ok(Some(grant_of(surface, context, secret).await?))
}

/// The secret of the `Authorization` header. A token in the address is not looked at: addresses end
/// up in logs. HTTP Basic is no token and skipped: applications name themselves by it where they
/// ask for one.
fn bearer_secret(parts: &Parts) -> Result<Option<String>> {
    let Some(value) = parts.headers.get(header::AUTHORIZATION) else {
        return Ok(None);
    };
    // What is not visible ASCII has no scheme and is refused below: a broken token is not the same
    // as none.
    let text = value.to_str().unwrap_or_default();
    let (scheme, secret) = text.split_once(' ').unwrap_or((text, ""));
    if scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    if scheme.eq_ignore_ascii_case("bearer") && !secret.trim().is_empty() {
        return Ok(Some(secret.trim().to_owned()));
    }
    Err(Error::new(
        ErrorCode::Unauthenticated,
        "The access token is invalid: send it as `Authorization: Bearer …`.",
    ))
}
