//! Sending bytes.

use axum::extract::State;
use axum::response::Response;
use business_media_gateway::AppendHeader;
use http::{HeaderMap, StatusCode};
use infra_kernel::Context;
use presentation_kit::access::{Person, Viewer, scope};
use presentation_kit::extract::PathOf;
use presentation_kit::{Allowed, RequestContext, Surface};

use super::body::Incoming;
use super::protocol::{BYTES, Refusal, SameVersion, UPLOAD_OFFSET, progress_response};
use super::{body, fields};

pub(super) async fn append(
    Allowed(viewer): Allowed<Person<scope::WriteMedia>>,
    _: SameVersion,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<u64>,
    headers: HeaderMap,
    incoming: Incoming,
) -> Result<Response, Refusal> {
    append_to(&surface, &context, viewer, id, (&headers, incoming)).await
}

pub(super) async fn append_to(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    upload_id: u64,
    (headers, incoming): (&HeaderMap, Incoming),
) -> Result<Response, Refusal> {
    match part(headers) {
        Ok(part) => {
            let header = AppendHeader {
                owner_id: viewer.account_id.get(),
                upload_id,
                ..part
            };
            let session = body::append(surface, context, header, incoming).await?;
            Ok(progress_response(StatusCode::NO_CONTENT, &session))
        }
        Err(refused) => {
            body::throw_away(incoming).await;
            Err(refused)
        }
    }
}

/// What the headers say of the bytes.
fn part(headers: &HeaderMap) -> Result<AppendHeader, Refusal> {
    if !fields::has_bytes(headers) {
        let text = format!("The bytes of an upload are sent as `{BYTES}`.");
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
    }
    let (checksum_algorithm, checksum) = fields::checksum(headers)?;
    Ok(AppendHeader {
        offset: fields::count(headers, &UPLOAD_OFFSET)?,
        checksum_algorithm,
        checksum,
        ..AppendHeader::default()
    })
}
