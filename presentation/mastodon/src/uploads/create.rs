//! Beginning an upload.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use business_media_gateway::{
    AppendHeader, BeginUploadRequest, CancelUploadRequest, GetUploadRequest, UploadHeader,
    UploadSession,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use infra_kernel::{Context, Error, ErrorCode, Result as Answer};
use presentation_kit::access::{Person, Viewer, scope};
use presentation_kit::{Allowed, RequestContext, Surface};

use super::body::{End, Incoming};
use super::protocol::{Refusal, SameVersion, UPLOAD_LENGTH, progress_response};
use super::{UPLOADS, body, fields};

/// How long it may take to see to an upload whose request has used up its time.
const AFTERWARDS_BUDGET: Duration = Duration::from_secs(10);

pub(super) async fn create(
    Allowed(viewer): Allowed<Person<scope::WriteMedia>>,
    _: SameVersion,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    headers: HeaderMap,
    incoming: Incoming,
) -> Result<Response, Refusal> {
    let begun = begin(&surface, &context, viewer, &headers).await;
    let session = match begun {
        Ok(session) if fields::has_bytes(&headers) => {
            let id = session.upload_id;
            send_first(&surface, &context, viewer, &headers, (id, incoming)).await?
        }
        Ok(session) => session,
        Err(refused) => {
            body::throw_away(incoming).await;
            return Err(refused);
        }
    };
    let mut response = progress_response(StatusCode::CREATED, &session);
    response
        .headers_mut()
        .insert(header::LOCATION, location(session.upload_id)?);
    Ok(response)
}

async fn begin(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    headers: &HeaderMap,
) -> Result<UploadSession, Refusal> {
    fields::refuse_unknown_extensions(headers)?;
    let bytes = fields::count(headers, &UPLOAD_LENGTH)?;
    let metadata = fields::metadata(headers)?;
    // Before anything is begun: a checksum that cannot be read would end it again.
    fields::checksum(headers)?;
    let request = BeginUploadRequest {
        header: Some(UploadHeader {
            owner_id: viewer.account_id.get(),
            ..metadata.said
        }),
        bytes,
        metadata: metadata.raw,
    };
    Ok(surface
        .gateways
        .media
        .begin_upload(context, request)
        .await?)
}

/// Sends the bytes that came with the request. When they end too soon, what came is kept as it is
/// of any part, and the response says where to resume.
async fn send_first(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    headers: &HeaderMap,
    (upload_id, incoming): (u64, Incoming),
) -> Result<UploadSession, Refusal> {
    let (checksum_algorithm, checksum) = fields::checksum(headers)?;
    let header = AppendHeader {
        owner_id: viewer.account_id.get(),
        upload_id,
        offset: 0,
        checksum_algorithm,
        checksum,
    };
    let (session, end) = body::forward(surface, context, header, incoming).await;
    let refused = match session {
        Ok(session) => return Ok(session),
        Err(refused) => refused,
    };
    let is_late = refused.code() == ErrorCode::DeadlineExceeded;
    if (is_late || end != End::Notified)
        && let Some(kept) = what_is_kept(surface, context, viewer, upload_id).await
        // To a broken connection nobody may be listening: nothing is kept for it but bytes.
        && (kept.offset > 0 || end != End::Cut)
    {
        return Ok(kept);
    }
    forget(surface, context, viewer, upload_id).await?;
    Err(refused.into())
}

/// How far the upload is; nothing when it was ended, because its bytes are no picture.
async fn what_is_kept(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    upload_id: u64,
) -> Option<UploadSession> {
    let request = GetUploadRequest {
        owner_id: viewer.account_id.get(),
        upload_id,
    };
    let context = context.with_budget(AFTERWARDS_BUDGET);
    let kept = surface.gateways.media.get_upload(&context, request);
    kept.await.ok()
}

/// Ends an upload whose first bytes were refused, or never came: its client is never told where it
/// is.
async fn forget(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    upload_id: u64,
) -> Answer<()> {
    let request = CancelUploadRequest {
        owner_id: viewer.account_id.get(),
        upload_id,
    };
    let context = context.with_budget(AFTERWARDS_BUDGET);
    let cancelled = surface.gateways.media.cancel_upload(&context, request);
    cancelled.await.map(|_| ())
}

/// Without scheme and host: right behind any proxy.
fn location(upload_id: u64) -> Answer<HeaderValue> {
    HeaderValue::from_str(&format!("{UPLOADS}/{upload_id}")).map_err(Error::internal)
}
