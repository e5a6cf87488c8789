//! `POST` in place of a method that a client or something on its way cannot send.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, HeaderName, StatusCode};
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::PathOf;
use presentation_kit::{Allowed, RequestContext, Surface};

use super::append::append_to;
use super::body::Incoming;
use super::cancel::cancel_for;
use super::protocol::{Refusal, SameVersion};
use super::show::show_to;
use super::{body, fields};

const METHOD: HeaderName = HeaderName::from_static("x-http-method-override");

pub(super) async fn stand_in(
    Allowed(viewer): Allowed<Person<scope::WriteMedia>>,
    _: SameVersion,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<u64>,
    headers: HeaderMap,
    incoming: Incoming,
) -> Result<Response, Refusal> {
    match fields::text(&headers, &METHOD)?.unwrap_or_default() {
        "PATCH" => append_to(&surface, &context, viewer, id, (&headers, incoming)).await,
        "HEAD" => show_to(&surface, &context, viewer, id).await,
        "DELETE" => cancel_for(&surface, &context, viewer, id).await,
        _ => {
            body::throw_away(incoming).await;
            let text = "`POST` is taken here only in place of `PATCH`, `HEAD` or `DELETE`, named by `X-HTTP-Method-Override`.";
            Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, text))
        }
    }
}
