//! Beginning an upload.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use business_media_gateway::{
    AppendHeader, BeginUploadRequest, CancelUploadRequest, UploadHeader, UploadSession,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use infra_kernel::{Context, Error, Result as Answer};
use presentation_kit::access::{Person, Viewer, scope};
use presentation_kit::{Allowed, RequestContext, Surface};

use super::protocol::{Refusal, SameVersion, UPLOAD_LENGTH, told};
use super::{UPLOADS, body, fields};

pub(super) async fn create(
    Allowed(viewer): Allowed<Person<scope::WriteMedia>>,
    _: SameVersion,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let begun = begin(&surface, &context, viewer, &headers).await;
    let session = match begun {
        Ok(session) if fields::has_bytes(&headers) => {
            let id = session.upload_id;
            let sent = send_first(&surface, &context, viewer, &headers, (id, body)).await;
            if sent.is_err() {
                forget(&surface, &context, viewer, id).await?;
            }
            sent?
        }
        Ok(session) => session,
        Err(refused) => {
            body::throw_away(body).await;
            return Err(refused);
        }
    };
    let mut response = told(StatusCode::CREATED, &session);
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

async fn send_first(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    headers: &HeaderMap,
    (upload_id, body): (u64, Body),
) -> Result<UploadSession, Refusal> {
    let (checksum_algorithm, checksum) = fields::checksum(headers)?;
    let header = AppendHeader {
        owner_id: viewer.account_id.get(),
        upload_id,
        offset: 0,
        checksum_algorithm,
        checksum,
    };
    body::append(surface, context, header, body).await
}

/// Ends an upload whose first bytes were refused: its client is never told where it is.
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
    let cancelled = surface.gateways.media.cancel_upload(context, request);
    cancelled.await.map(|_| ())
}

/// Without scheme and host: right behind any proxy.
fn location(upload_id: u64) -> Answer<HeaderValue> {
    HeaderValue::from_str(&format!("{UPLOADS}/{upload_id}")).map_err(Error::internal)
}
