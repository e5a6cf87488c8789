//! The bytes of the renditions. A key names its content, so what is under it never changes and may be kept for ever.
//!
//! A picture that fits one chunk is one call and no copy; a larger one is streamed.

mod key;
mod range;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use business_media_gateway::rendition_chunk::Part;
use business_media_gateway::{ReadRenditionRequest, RenditionChunk, RenditionHeader};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use infra_kernel::{Context, Error, Result};
use infra_rpc::Messages;
use presentation_kit::context::REQUEST_BUDGET;
use presentation_kit::problem::log_fault;
use presentation_kit::{Problem, RequestContext, Surface};

use self::key::Key;
use self::range::Range;

/// Nothing under this address changes.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// Answers `GET` and `HEAD` for the bytes of a rendition.
pub(crate) async fn serve(
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    method: Method,
    headers: HeaderMap,
    Path(key): Path<String>,
) -> Response {
    // A slow line may take long over a large picture.
    let context = Context::new(context.correlation_id().clone(), REQUEST_BUDGET);
    let key = Key::parse(&key);
    let answer = match &key {
        Some(key) => answer(&surface, &context, &method, &headers, key).await,
        None => Err(Error::not_found("picture")),
    };
    let mut response = answer.unwrap_or_else(|error| Problem(error).into_response());
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'"),
    );
    response.headers_mut().insert(
        CROSS_ORIGIN_RESOURCE_POLICY,
        HeaderValue::from_static("cross-origin"),
    );
    response
}

async fn answer(
    surface: &Surface,
    context: &Context,
    method: &Method,
    headers: &HeaderMap,
    key: &Key<'_>,
) -> Result<Response> {
    if key.is_named_by(headers, &header::IF_NONE_MATCH) {
        // Asked for all the same: what was deleted must not live on in caches that ask.
        head(surface, context, key).await?;
        return Ok(with_validators(
            StatusCode::NOT_MODIFIED,
            Body::empty(),
            key,
        ));
    }
    if *method == Method::HEAD {
        let header = head(surface, context, key).await?;
        return Ok(picture(StatusCode::OK, Body::empty(), key, header.bytes));
    }
    // A range is only for whom it continues what they hold; others get the whole.
    let etag = key.etag();
    let held = headers.get(header::IF_RANGE);
    let fresh = held.is_none_or(|held| held.as_bytes() == etag.as_bytes());
    match headers.get(header::RANGE).filter(|_| fresh) {
        Some(range) => part(surface, context, key, range).await,
        None => whole(surface, context, key).await,
    }
}

async fn whole(surface: &Surface, context: &Context, key: &Key<'_>) -> Result<Response> {
    let (header, chunks) = open(surface, context, key, Asked::Bytes(0, 0)).await?;
    let length = header.length;
    let body = body(length, chunks).await?;
    Ok(picture(StatusCode::OK, body, key, length))
}

async fn part(
    surface: &Surface,
    context: &Context,
    key: &Key<'_>,
    range: &HeaderValue,
) -> Result<Response> {
    let total = head(surface, context, key).await?.bytes;
    let (first, length) = match range::parse(range.to_str().unwrap_or_default(), total) {
        Range::Whole => return whole(surface, context, key).await,
        Range::Unsatisfiable => return Ok(unsatisfiable(key, total)),
        Range::Part { first, length } => (first, length),
    };
    let (header, chunks) = open(surface, context, key, Asked::Bytes(first, length)).await?;
    let body = body(header.length, chunks).await?;
    let mut response = picture(StatusCode::PARTIAL_CONTENT, body, key, header.length);
    let last = (first + header.length).saturating_sub(1);
    insert(
        &mut response,
        header::CONTENT_RANGE,
        &format!("bytes {first}-{last}/{total}"),
    );
    Ok(response)
}

/// What is asked of the media domain.
#[derive(Clone, Copy)]
enum Asked {
    /// The header alone.
    Head,
    /// So many bytes from an offset on; 0 for all the rest.
    Bytes(u64, u64),
}

async fn head(surface: &Surface, context: &Context, key: &Key<'_>) -> Result<RenditionHeader> {
    let (header, _) = open(surface, context, key, Asked::Head).await?;
    Ok(header)
}

async fn open(
    surface: &Surface,
    context: &Context,
    key: &Key<'_>,
    asked: Asked,
) -> Result<(RenditionHeader, Messages<RenditionChunk>)> {
    let (offset, length, head_only) = match asked {
        Asked::Head => (0, 0, true),
        Asked::Bytes(offset, length) => (offset, length, false),
    };
    let request = ReadRenditionRequest {
        key: key.text().to_owned(),
        offset,
        length,
        head_only,
        ..ReadRenditionRequest::default()
    };
    let media = &surface.gateways.media;
    let mut chunks = media.read_rendition(context, request).await?;
    match chunks.next().await.transpose()? {
        Some(RenditionChunk {
            part: Some(Part::Header(header)),
        }) => Ok((header, chunks)),
        _ => Err(Error::internal("a rendition began without its header")),
    }
}

/// The body: what fits one chunk as it is, what does not as a stream.
async fn body(length: u64, mut chunks: Messages<RenditionChunk>) -> Result<Body> {
    let first = match chunks.next().await.transpose()? {
        Some(chunk) => data(chunk)?,
        None => Bytes::new(),
    };
    if first.len() as u64 >= length {
        return Ok(Body::from(first));
    }
    let rest = chunks.map(|chunk| {
        let bytes = chunk.and_then(data);
        // The answer has begun: the connection is cut, and the reason can only be logged here.
        bytes.inspect_err(log_fault)
    });
    let first = stream::once(std::future::ready(Ok(first)));
    Ok(Body::from_stream(first.chain(rest)))
}

fn data(chunk: RenditionChunk) -> Result<Bytes> {
    match chunk.part {
        Some(Part::Data(bytes)) => Ok(bytes),
        _ => Err(Error::internal("a rendition's bytes held something else")),
    }
}

fn picture(status: StatusCode, body: Body, key: &Key<'_>, length: u64) -> Response {
    let mut response = with_validators(status, body, key);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(key.content_type()),
    );
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

fn with_validators(status: StatusCode, body: Body, key: &Key<'_>) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, FOR_EVER);
    insert(&mut response, header::ETAG, &key.etag());
    response
}

fn unsatisfiable(key: &Key<'_>, total: u64) -> Response {
    let text = format!("This picture has {total} bytes; the range asked for is none of them.");
    let mut response = Problem(Error::invalid("range", text)).into_response();
    *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
    insert(&mut response, header::ETAG, &key.etag());
    insert(
        &mut response,
        header::CONTENT_RANGE,
        &format!("bytes */{total}"),
    );
    response
}

fn insert(response: &mut Response, name: HeaderName, value: &str) {
    // Made of digits and a checked key, so it is always a header's value.
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
