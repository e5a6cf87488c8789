//! Who is there: the session of a request, or a visitor's key for forms.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use business_accounts_gateway::{AuthenticateRequest, SecretKind};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Uri, header};
use infra_kernel::{AccountId, Caller, Context, Error, ErrorCode, Result};
use presentation_kit::{Person, RequestContext, Site, Surface};
use sha2::{Digest as _, Sha256};

/// How long a visitor's key for forms is kept, in seconds.
const FORM_KEY_SECONDS: i64 = 24 * 60 * 60;
/// The most characters of a cookie's value that are looked at.
const SECRET_CHARACTERS_MAX: usize = 256;

/// A request's circumstances. Made once, by [`begin`].
#[derive(Clone)]
pub(crate) struct PageContext(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) surface: Surface,
    pub(crate) context: Context,
    /// Who is logged in.
    pub(crate) viewer: Option<Arc<Person>>,
    /// The secret of the session, if one is under way.
    pub(crate) session_secret: Option<String>,
    /// The secret of this browser's last sign-in, which outlives the session.
    pub(crate) browser_secret: Option<String>,
    /// What the tokens in forms are made from: the session's secret, or a visitor's own key.
    form_key: String,
    form_key_is_new: bool,
    pub(crate) uri: Uri,
    pub(crate) wants_json: bool,
    /// Whether it says that it shows pages, as browsers do.
    takes_pages: bool,
}

impl std::ops::Deref for PageContext {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Inner {
    /// Whether a program of another site may be asking: where it has things to ask, and a browser
    /// is not showing a page.
    pub(crate) fn is_of_a_program(&self) -> bool {
        let path = self.uri.path();
        let is_under = |place: &&str| {
            let rest = path.strip_prefix(*place);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        !self.takes_pages && ["/oauth", "/.well-known", "/nodeinfo"].iter().any(is_under)
    }
}

/// Middleware: finds out who is there, before any page is made.
pub(crate) async fn begin(
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    mut request: Request,
    next: Next,
) -> Response {
    let session = cookie(request.headers(), &session_cookie_name(&surface.site));
    let (viewer, context) = match &session {
        Some(secret) => match viewer_of(&surface, &context, secret).await {
            Ok(Some((viewer, caller))) => (Some(viewer), context.with_caller(caller)),
            Ok(None) => (None, context),
            Err(error) => return crate::respond::bare(&error),
        },
        None => (None, context),
    };
    // Of a session that has ended nothing is left: the forms get a visitor's key again.
    let session_secret = session.filter(|_| viewer.is_some());
    let browser_secret = cookie(request.headers(), &browser_cookie_name(&surface.site));
    let form_cookie = cookie(request.headers(), &form_cookie_name(&surface.site));
    let form_key_is_new = session_secret.is_none() && form_cookie.is_none();
    let form_key = session_secret
        .clone()
        .or(form_cookie)
        .unwrap_or_else(fresh_secret);
    let accepted = request.headers().get(header::ACCEPT);
    let accepted = accepted.map(HeaderValue::as_bytes).unwrap_or_default();
    // As the page's own script asks: for JSON and nothing else.
    let wants_json = accepted.starts_with(b"application/json");
    let takes_pages = accepted.windows(9).any(|part| part == b"text/html");
    let uri = request.uri().clone();
    let is_member = viewer.is_some();
    let inner = Inner {
        surface,
        context,
        viewer,
        session_secret,
        browser_secret,
        form_key,
        form_key_is_new,
        uri,
        wants_json,
        takes_pages,
    };
    request
        .extensions_mut()
        .insert(PageContext(Arc::new(inner)));
    let mut response = next.run(request).await;
    if is_member {
        no_store(&mut response);
    }
    response
}

/// Keeps what was made for somebody who is logged in out of every cache, the one that a browser
/// goes back to included: after logging out, or when the session has ended elsewhere, "Back" must
/// show none of it.
fn no_store(response: &mut Response) {
    let value = HeaderValue::from_static("private, no-store");
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(value);
}

/// Who a session's secret stands for, as a person and as a caller; nobody when it has ended.
async fn viewer_of(
    surface: &Surface,
    context: &Context,
    secret: &str,
) -> Result<Option<(Arc<Person>, Caller)>> {
    let request = AuthenticateRequest {
        secret: secret.to_owned(),
        kind: SecretKind::Session.into(),
    };
    let grant = match surface
        .gateways
        .accounts
        .authenticate(context, request)
        .await
    {
        Ok(grant) if grant.account_id != 0 => grant,
        Ok(_) => return Ok(None),
        // A failure of ours is no end of the session: shown as a visitor, a member would be asked
        // to log in again, and log in to the same failure.
        Err(error) if error.code().is_server_fault() => return Err(error),
        Err(_) => return Ok(None),
    };
    match surface
        .reader
        .person(context, AccountId::new(grant.account_id))
        .await
    {
        Ok(person) => {
            let caller = surface.site.signer.callers().mint(grant.identity());
            Ok(Some((person, caller)))
        }
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl Inner {
    pub(crate) fn site(&self) -> &Arc<Site> {
        &self.surface.site
    }

    /// Who is logged in, by id.
    pub(crate) fn viewer_id(&self) -> Option<AccountId> {
        self.viewer
            .as_ref()
            .map(|viewer| AccountId::new(viewer.account.id))
    }

    /// Who is logged in.
    ///
    /// # Errors
    /// `unauthenticated`, to which a page responds by asking to log in.
    pub(crate) fn member(&self) -> Result<AccountId> {
        self.viewer_id()
            .ok_or_else(|| Error::new(ErrorCode::Unauthenticated, "Log in first, please."))
    }

    /// The token that this visitor's forms carry. It follows from the secret and does not give it
    /// away.
    pub(crate) fn form_token(&self) -> String {
        let mut hash = Sha256::new();
        // A prefix, because the hash of a session's secret alone is what the accounts domain keeps
        // of it.
        hash.update(b"heliograph form token 1\0");
        hash.update(self.form_key.as_bytes());
        URL_SAFE_NO_PAD.encode(hash.finalize())
    }

    /// The cookie that keeps a visitor's key for forms, when this visitor has none yet.
    pub(crate) fn form_cookie(&self) -> Option<HeaderValue> {
        self.form_key_is_new.then(|| {
            set_cookie(
                self.site(),
                &form_cookie_name(self.site()),
                &self.form_key,
                FORM_KEY_SECONDS,
            )
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PageContext {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            crate::respond::bare(&Error::internal(
                "a page was asked for outside its middleware",
            ))
        })
    }
}

/// A random secret of 256 bits.
pub(crate) fn fresh_secret() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

fn session_cookie_name(site: &Site) -> String {
    cookie_name(site, "session")
}

fn form_cookie_name(site: &Site) -> String {
    cookie_name(site, "form")
}

fn browser_cookie_name(site: &Site) -> String {
    cookie_name(site, "browser")
}

/// With `__Host-` a browser takes the cookie from this very host over https only.
fn cookie_name(site: &Site, what: &str) -> String {
    if site.is_https() {
        format!("__Host-heliograph-{what}")
    } else {
        format!("heliograph-{what}")
    }
}

/// The cookie that opens a session for so many seconds.
pub(crate) fn open_session(site: &Site, secret: &str, seconds: i64) -> HeaderValue {
    set_cookie(site, &session_cookie_name(site), secret, seconds)
}

/// The cookie by which accounts that signed in here know this browser again. It opens nothing: it
/// only keeps what strangers try elsewhere from holding up the next sign-in, so it stays when
/// somebody logs out.
pub(crate) fn remember_browser(site: &Site, secret: &str, seconds: i64) -> HeaderValue {
    set_cookie(site, &browser_cookie_name(site), secret, seconds)
}

/// The cookies that end a session and forget a visitor's key for forms.
pub(crate) fn forget(site: &Site) -> [HeaderValue; 2] {
    [session_cookie_name(site), form_cookie_name(site)].map(|name| set_cookie(site, &name, "", 0))
}

fn set_cookie(site: &Site, name: &str, value: &str, seconds: i64) -> HeaderValue {
    let secure = if site.is_https() { "; Secure" } else { "" };
    // `Lax` and not `Strict`: a member whom another site sends here, an app to `/oauth/authorize`
    // for one, is to be known on arrival.
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    // Names and secrets are made here from plain letters, so this cannot fail; an empty cookie
    // would only log out.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let pairs = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    pairs
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, value)| *found == name && (1..=SECRET_CHARACTERS_MAX).contains(&value.len()))
        .map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::samples;

    #[test]
    fn cookies_insist_on_https_where_there_is_https() {
        let mut site = samples::site();
        let cookie = open_session(&site, "abc", 60);
        assert_eq!(
            cookie,
            "__Host-heliograph-session=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
        site.base_url = "http://127.0.0.1:8080".into();
        let cookie = open_session(&site, "abc", 60);
        assert_eq!(
            cookie,
            "heliograph-session=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"
        );
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("xheliograph-form=no; heliograph-form=yes"),
        );
        assert_eq!(cookie(&headers, "heliograph-form").as_deref(), Some("yes"));
        assert_eq!(cookie(&headers, "form"), None);
        headers.insert(header::COOKIE, HeaderValue::from_static("heliograph-form="));
        assert_eq!(cookie(&headers, "heliograph-form"), None);
    }
}
