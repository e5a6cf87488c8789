//! Files over HTTP: `HEAD`, conditions, one range of bytes, and the headers that go with them.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use business_media_gateway::RenditionHeader;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use infra_kernel::{Error, Result};
use presentation_kit::Problem;

use super::key::kind_of;
use super::range::{self, Range};
use super::source::{Asked, Opened, Source, body};
use super::validators::{etag, is_as_expected, is_held, range_fits};

/// At least so many headers does a response have: room for all is made at once.
const HEADERS: usize = 16;

/// What the response says of itself besides its bytes.
pub(super) trait FileHeaders {
    /// How long and by whom it may be kept.
    fn caching(&self, header: &RenditionHeader) -> Cow<'static, str>;
    /// Whether another reader may get another response under the same address, by its `Accept`.
    fn varies(&self, header: &RenditionHeader) -> bool;
    /// The name under which it is saved; none for what is shown.
    fn file_name(&self, ending: &str) -> Option<String>;
}

/// The response to a request for a file.
pub(super) struct FileResponse<'request, M> {
    pub(super) source: Source<'request>,
    pub(super) method: &'request Method,
    pub(super) headers: &'request HeaderMap,
    pub(super) file_headers: M,
}

impl<M: FileHeaders> FileResponse<'_, M> {
    pub(super) async fn make(&self) -> Result<Response> {
        let range = self.headers.get(header::RANGE);
        // A range means something to `GET` alone (RFC 9110, section 14.2).
        let range = range.filter(|_| *self.method == Method::GET);
        let conditions = [header::IF_NONE_MATCH, header::IF_MATCH];
        let conditional = conditions
            .iter()
            .any(|name| self.headers.contains_key(name));
        // The usual case in one call: the header comes with the bytes.
        if range.is_none() && !conditional && *self.method != Method::HEAD {
            return self.whole().await;
        }
        // Asked for even when the reader holds it: what was deleted must not live on in caches that
        // ask.
        let head = self.source.head().await?;
        // In this order by RFC 9110, section 13.2.2.
        if !is_as_expected(self.headers, &head.hash) {
            return Ok(self.another(&head));
        }
        if is_held(self.headers, &head.hash) {
            return Ok(self.held(&head));
        }
        if *self.method == Method::HEAD {
            return Ok(self.picture(StatusCode::OK, Body::empty(), &head));
        }
        match range.filter(|_| range_fits(self.headers, &head.hash)) {
            Some(range) => self.part(&head, range).await,
            None => self.whole().await,
        }
    }

    async fn whole(&self) -> Result<Response> {
        self.whole_of(self.source.open(Asked::Bytes(0, 0)).await?)
            .await
    }

    async fn whole_of(&self, opened: Opened) -> Result<Response> {
        let header = opened.0.clone();
        Ok(self.picture(StatusCode::OK, body(opened).await?, &header))
    }

    async fn part(&self, head: &RenditionHeader, range: &HeaderValue) -> Result<Response> {
        let total = head.bytes;
        let (first, length) = match range::parse(range.to_str().unwrap_or_default(), total) {
            Range::Whole => return self.whole().await,
            Range::Unsatisfiable => return Ok(self.unsatisfiable(head)),
            Range::Part { first, length } => (first, length),
        };
        let opened = self.source.open(Asked::Bytes(first, length)).await?;
        if opened.0.hash != head.hash {
            // A better form came in between, and the range was of the other.
            return self.whole().await;
        }
        let header = opened.0.clone();
        let mut response = self.picture(StatusCode::PARTIAL_CONTENT, body(opened).await?, &header);
        let last = (first + header.length).saturating_sub(1);
        insert(
            &mut response,
            header::CONTENT_RANGE,
            &format!("bytes {first}-{last}/{total}"),
        );
        Ok(response)
    }

    fn picture(&self, status: StatusCode, body: Body, header: &RenditionHeader) -> Response {
        let mut response = self.with_validators(status, body, header);
        let (ending, content_type) = kind_of(&header.content_type);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(header.length));
        if let Some(name) = self.file_headers.file_name(ending) {
            insert(
                &mut response,
                header::CONTENT_DISPOSITION,
                &format!("attachment; filename=\"{name}\""),
            );
        }
        response
    }

    fn with_validators(
        &self,
        status: StatusCode,
        body: Body,
        header: &RenditionHeader,
    ) -> Response {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        response.headers_mut().reserve(HEADERS);
        insert(&mut response, header::ETAG, &etag(&header.hash));
        insert(
            &mut response,
            header::CACHE_CONTROL,
            &self.file_headers.caching(header),
        );
        self.set_vary(&mut response, header);
        response
    }

    fn held(&self, head: &RenditionHeader) -> Response {
        let mut response = self.with_validators(StatusCode::NOT_MODIFIED, Body::empty(), head);
        // Else it would be that of no bytes.
        if *self.method == Method::HEAD {
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(head.bytes));
        }
        response
    }

    /// The picture is not, or not any more, in the form that the reader asks for.
    fn another(&self, head: &RenditionHeader) -> Response {
        let text = "This picture is here in another form than the one asked for.";
        let mut response = Problem(Error::invalid("if-match", text)).into_response();
        *response.status_mut() = StatusCode::PRECONDITION_FAILED;
        insert(&mut response, header::ETAG, &etag(&head.hash));
        self.set_vary(&mut response, head);
        response
    }

    fn unsatisfiable(&self, head: &RenditionHeader) -> Response {
        let total = head.bytes;
        let text = format!("This picture has {total} bytes; the range asked for is none of them.");
        let mut response = Problem(Error::invalid("range", text)).into_response();
        *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
        insert(&mut response, header::ETAG, &etag(&head.hash));
        insert(
            &mut response,
            header::CONTENT_RANGE,
            &format!("bytes */{total}"),
        );
        self.set_vary(&mut response, head);
        response
    }

    fn set_vary(&self, response: &mut Response, header: &RenditionHeader) {
        if self.file_headers.varies(header) {
            response
                .headers_mut()
                .insert(header::VARY, HeaderValue::from_static("Accept"));
        }
    }
}

fn insert(response: &mut Response, name: HeaderName, value: &str) {
    // Made of digits, our own words and hashes, so it is always a header's value.
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
