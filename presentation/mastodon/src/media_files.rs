//! The bytes of photos. A key names its content, so what is under it never changes and may be kept
//! for ever.
//!
//! What everyone may see is served to everyone; anything else only under an address that carries
//! our signature ([`presentation_kit::signature`]), and without one it is as if it were not there.
//! Readers that name another form of picture in `Accept` get it under the same address, when it has
//! been made.
//!
//! A picture that fits one chunk is one call and no copy; a larger one is streamed.

mod accept;
mod file_response;
mod key;
mod range;
mod source;
mod validators;

use std::borrow::Cow;
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use business_media_gateway::{MediaId, RenditionHeader};
use http::{HeaderName, HeaderValue, header};
use infra_kernel::{Context, Error, ErrorCode, Result};
use presentation_kit::signature::{Purpose, SignatureStatus};
use presentation_kit::{Problem, RequestContext, Surface};

use self::file_response::{FileHeaders, FileResponse};
use self::key::Key;
use self::source::{Source, Wanted};
use crate::fallback;

/// How long what is read for a file may take, from its first byte to its last: a slow line may take
/// long over a large picture. The head of the response has the default budget.
const FILE_BUDGET: Duration = Duration::from_secs(300);
/// How long a response is kept for which a better one may yet be made, in seconds.
const SOON_SECONDS: u64 = 3_600;
/// How what everyone may see is kept: a year, the longest that is customary.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// The same, for which a better response may yet be made.
const SOON: &str = "public, max-age=3600";
/// The field of an original's address that asks for the file as it arrived.
const EXACT: &str = "exact=true";

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");
const TIMING_ALLOW_ORIGIN: HeaderName = HeaderName::from_static("timing-allow-origin");

/// Responds to `GET` and `HEAD` for the bytes of a rendition.
pub(crate) async fn serve(
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    Path(key): Path<String>,
    request: Request,
) -> Response {
    let context = with_file_deadline(&context);
    let (method, headers) = (request.method(), request.headers());
    let Some(key) = Key::parse(&key) else {
        return finish(Err(Error::not_found("picture")));
    };
    let signer = &surface.site.signer;
    let signature_status = signer.check(Purpose::Rendition, key.text(), request.uri().query());
    let preferred = accept::preferred(headers, key.content_type());
    let source = Source {
        surface: &surface,
        context: &context,
        wanted: Wanted::Rendition {
            key: key.text(),
            preferred: &preferred,
            // A signature that is not good counts as none: what everyone may see is served all the
            // same.
            signed: matches!(signature_status, SignatureStatus::Valid(_)),
        },
    };
    let file_response = FileResponse {
        source,
        method,
        headers,
        file_headers: RenditionHeaders {
            best: preferred.first().copied(),
            may_have_forms: key.may_have_forms(),
            cache_lifetime: cache_lifetime(signature_status),
        },
    };
    finish(
        file_response
            .make()
            .await
            .map_err(|error| explained(error, signature_status)),
    )
}

/// Responds to `GET` and `HEAD` for the bytes of an original.
pub(crate) async fn serve_original(
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let context = with_file_deadline(&context);
    let Ok(id) = id.parse::<MediaId>() else {
        return finish(Err(Error::not_found("picture")));
    };
    let query = request.uri().query().unwrap_or_default();
    let as_owner = query.split('&').any(|field| field == EXACT);
    let purpose = if as_owner {
        Purpose::OwnOriginal
    } else {
        Purpose::Original
    };
    let signature_status = surface
        .site
        .signer
        .check(purpose, &id.to_string(), Some(query));
    // An original is never open: without a valid signature the media domain is not even asked.
    let SignatureStatus::Valid(cache_lifetime) = signature_status else {
        return finish(Err(explained(
            Error::not_found("picture"),
            signature_status,
        )));
    };
    let file_response = FileResponse {
        source: Source {
            surface: &surface,
            context: &context,
            wanted: Wanted::Original { id, as_owner },
        },
        method: request.method(),
        headers: request.headers(),
        file_headers: OriginalHeaders {
            id,
            kept_for: (!as_owner).then_some(cache_lifetime),
        },
    };
    finish(file_response.make().await)
}

fn with_file_deadline(context: &Context) -> Context {
    context.with_budget(FILE_BUDGET)
}

const fn cache_lifetime(signature_status: SignatureStatus) -> Duration {
    match signature_status {
        SignatureStatus::Valid(left) => left,
        SignatureStatus::Absent | SignatureStatus::Expired | SignatureStatus::Broken => {
            Duration::ZERO
        }
    }
}

/// Why there is nothing under an address whose signature is not good. It is said whether or not
/// there would be something with a good one, so it gives nothing away.
fn explained(error: Error, signature_status: SignatureStatus) -> Error {
    let text = match signature_status {
        _ if error.code() != ErrorCode::NotFound => return error,
        SignatureStatus::Absent | SignatureStatus::Valid(_) => return error,
        SignatureStatus::Expired => {
            "This address has expired. Open the page that shows the picture again: it has a new one."
        }
        SignatureStatus::Broken => {
            "The signature of this address is not valid: it was cut off, changed, or made for something else."
        }
    };
    Error::new(ErrorCode::Forbidden, text)
}

/// Responds to every method that a file does not take.
pub(crate) async fn method_not_allowed() -> Response {
    finish(Ok(fallback::wrong_method()))
}

fn finish(file_response: Result<Response>) -> Response {
    let mut response = file_response.unwrap_or_else(|error| Problem(error).into_response());
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
        (CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"),
        (TIMING_ALLOW_ORIGIN, "*"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    presentation_kit::cors::put(headers);
    response
}

/// How a rendition is served.
struct RenditionHeaders {
    /// The form that the reader would rather have than any other.
    best: Option<&'static str>,
    may_have_forms: bool,
    /// How long the address is good.
    cache_lifetime: Duration,
}

impl RenditionHeaders {
    /// Other forms are made after the picture itself. A reader that would rather have one, and is
    /// served before they are there, must not hold on to that response for ever.
    fn is_final(&self, header: &RenditionHeader) -> bool {
        let best = self.best.is_none_or(|best| best == header.content_type);
        best || !header.forms_to_come
    }
}

impl FileHeaders for RenditionHeaders {
    fn caching(&self, header: &RenditionHeader) -> Cow<'static, str> {
        // A signed address was made for one who may see what is closed. That another post has
        // opened the same bytes since may pass, and no shared cache should outlast it.
        let open = header.open && self.cache_lifetime.is_zero();
        let left = self.cache_lifetime.as_secs();
        match (open, self.is_final(header)) {
            (true, true) => Cow::Borrowed(FOR_EVER),
            (true, false) => Cow::Borrowed(SOON),
            (false, true) => Cow::Owned(format!("private, max-age={left}, immutable")),
            (false, false) => Cow::Owned(format!("private, max-age={}", left.min(SOON_SECONDS))),
        }
    }

    fn varies(&self, header: &RenditionHeader) -> bool {
        self.may_have_forms || header.varies
    }

    fn file_name(&self, _: &str) -> Option<String> {
        None
    }
}

/// How an original is served.
struct OriginalHeaders {
    id: MediaId,
    /// How long a reader may keep it; none for the owner's own, which contains more than others may
    /// know.
    kept_for: Option<Duration>,
}

impl FileHeaders for OriginalHeaders {
    fn caching(&self, _: &RenditionHeader) -> Cow<'static, str> {
        self.kept_for
            .map_or(Cow::Borrowed("private, no-store"), |left| {
                Cow::Owned(format!("private, max-age={}", left.as_secs()))
            })
    }

    fn varies(&self, _: &RenditionHeader) -> bool {
        false
    }

    fn file_name(&self, ending: &str) -> Option<String> {
        Some(format!("photo-{}.{ending}", self.id))
    }
}
