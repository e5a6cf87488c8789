use std::collections::HashSet;

use axum::body::Body;
use axum::extract::FromRequest as _;
use bytes::Bytes;
use futures::StreamExt as _;
use http_body_util::BodyExt as _;
use tower::{ServiceExt as _, service_fn};

use http::Method;

use super::*;
use crate::body::WatchedBody;

/// So long may a body be silent here.
const SILENCE_MAX: Duration = Duration::from_millis(40);

/// Routes as surfaces declare them.
fn budgets() -> RouteBudgets {
    let bytes = "application/offset+octet-stream";
    [
        RouteBudget::of_form("/new"),
        RouteBudget::of_form("/new/photos"),
        RouteBudget::of_form("/api/v2/media"),
        RouteBudget::of_bytes("/api/v1/media/uploads", bytes),
        RouteBudget::of_bytes("/api/v1/media/uploads/{id}", bytes),
    ]
    .into_iter()
    .collect()
}

fn silence() -> Body {
    Body::from_stream(futures::stream::pending::<Result<Bytes, Infallible>>())
}

fn request(path: &str, content_type: &str, body: Body) -> Request {
    let body = WatchedBody::new(body, SILENCE_MAX);
    let watch = body.watch().cloned();
    let mut request = Request::builder()
        .method("POST")
        .uri(path)
        .header(header::CONTENT_TYPE, content_type)
        .header(header::TRANSFER_ENCODING, "chunked")
        .body(Body::new(body))
        .unwrap();
    if let Some(watch) = watch {
        request.extensions_mut().insert(watch);
    }
    request
}

/// Reads the whole body, as most handlers do.
async fn read(request: Request) -> Result<Response, Infallible> {
    let body = Bytes::from_request(request, &()).await;
    Ok(body.map_or_else(IntoResponse::into_response, |_| {
        StatusCode::OK.into_response()
    }))
}

async fn sent<F>(request: Request, handler: fn(Request) -> F) -> Response
where
    F: Future<Output = Result<Response, Infallible>> + Send + 'static,
{
    let service = ContextLayer::new(budgets(), RefusalStyle::default()).layer(service_fn(handler));
    service.oneshot(request).await.unwrap()
}

async fn text(response: Response) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

const FORM: &str = "application/x-www-form-urlencoded";
const BYTES: &str = "application/offset+octet-stream; charset=utf-8";
const MULTIPART: &str = "multipart/form-data; boundary=b";

#[test]
fn only_uploads_have_more_time() {
    for (path, content_type, class) in [
        ("/login", FORM, RequestClass::Quick),
        ("/login", MULTIPART, RequestClass::Quick),
        ("/api/v1/apps", MULTIPART, RequestClass::Quick),
        ("/newest", MULTIPART, RequestClass::Quick),
        ("/api/v2/media", FORM, RequestClass::Quick),
        ("/api/v1/media/uploads/7", FORM, RequestClass::Quick),
        (
            "/api/v2/media",
            "Multipart/Form-Data; boundary=b",
            RequestClass::FormWithFiles,
        ),
        ("/new/photos", MULTIPART, RequestClass::FormWithFiles),
        (
            "/api/v1/media/uploads/7",
            BYTES,
            RequestClass::ResumableUpload,
        ),
        (
            "/api/v1/media/uploads/",
            BYTES,
            RequestClass::ResumableUpload,
        ),
        ("/api/v1/media/uploads/7/8", BYTES, RequestClass::Quick),
        ("/api/v1/media/uploadsabc", BYTES, RequestClass::Quick),
        ("/api/v2/media", BYTES, RequestClass::Quick),
    ] {
        let request = request(path, content_type, Body::empty());
        assert_eq!(budgets().class_of(&request), class, "{path} {content_type}");
    }
    let wait = RequestClass::Quick.budget() + RequestClass::Quick.wait_after_budget();
    assert!(wait < Duration::from_secs(35));
}

#[test]
fn a_header_alone_makes_no_upload() {
    let class = |method: Method, path: &str, header: HeaderName, value: &str| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, MULTIPART)
            .header(header, value);
        budgets().class_of(&request.body(()).unwrap())
    };
    let length = header::CONTENT_LENGTH;
    for (method, path, header, value) in [
        (Method::GET, "/new", length.clone(), "5000"),
        (Method::DELETE, "/api/v2/media", length.clone(), "5000"),
        (Method::POST, "/new", length.clone(), "0"),
        (Method::POST, "/new", header::ACCEPT, "*/*"),
        (Method::POST, "/new/photos/7/delete", length.clone(), "5000"),
        (Method::PUT, "/api/v1/media/7", length.clone(), "5000"),
    ] {
        let class = class(method.clone(), path, header, value);
        assert_eq!(class, RequestClass::Quick, "{method} {path}");
    }
    for path in ["/new", "/new/", "/new/photos"] {
        let class = class(Method::POST, path, length.clone(), "5000");
        assert_eq!(class, RequestClass::FormWithFiles, "{path}");
    }
}

#[tokio::test]
async fn a_silent_body_is_answered_as_such() {
    for path in ["/login", "/api/v2/media", "/oauth/token"] {
        let response = sent(request(path, MULTIPART, silence()), read).await;
        assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT, "{path}");
        assert_eq!(response.headers()[header::CONNECTION], "close");
        assert!(response.headers().contains_key(REQUEST_ID));
        assert!(text(response).await.contains("stopped coming"));
    }
}

#[tokio::test]
async fn a_response_that_needed_no_body_is_left_as_it_is() {
    let response = sent(request("/login", FORM, silence()), |_| async {
        Ok((StatusCode::UNAUTHORIZED, "who?").into_response())
    })
    .await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(text(response).await, "who?");
}

#[tokio::test]
async fn what_stands_behind_hears_what_a_request_brings() {
    async fn classed(request: Request) -> Result<Response, Infallible> {
        let class = RequestClass::of(&request);
        Ok(format!("{class:?}").into_response())
    }
    for (path, content_type, class) in [
        ("/new", MULTIPART, "FormWithFiles"),
        ("/api/v1/media/uploads/7", BYTES, "ResumableUpload"),
        ("/new", FORM, "Quick"),
    ] {
        let response = sent(request(path, content_type, Body::from("x")), classed).await;
        assert_eq!(text(response).await, class, "{path}");
    }
}

/// The response when the time is up before the work is done.
async fn late(request: &Request) -> Response {
    settled::<Response>(
        std::future::pending(),
        Duration::from_millis(1),
        budgets().class_of(request),
        request.extensions().get::<BodyWatch>(),
        RefusalStyle::default().form_of(request),
    )
    .await
    .unwrap()
}

#[tokio::test]
async fn whose_fault_a_time_out_is_depends_on_the_body() {
    let response = late(&request("/api/v1/x", FORM, Body::empty())).await;
    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    assert!(text(response).await.contains("deadline_exceeded"));
    let response = late(&request("/api/v1/x", FORM, silence())).await;
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    assert_eq!(response.headers()[header::CONNECTION], "close");
    assert!(
        text(response)
            .await
            .contains("did not arrive within 30 seconds")
    );
}

#[tokio::test]
async fn a_panic_is_a_response_too() {
    async fn panics(request: Request) -> Result<Response, Infallible> {
        let frames = request.into_body().into_data_stream();
        assert!(frames.count().await > 7, "of no interest to a client");
        Ok(StatusCode::OK.into_response())
    }
    let response = sent(request("/api/v1/x", FORM, Body::from("x")), panics).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    let text = text(response).await;
    assert!(text.contains("internal") && !text.contains("no interest"));
}

#[test]
fn a_crowd_that_is_refused_together_is_not_asked_back_together() {
    let waits: HashSet<u64> = (0..OVERLOAD_RETRY_AFTER_MAX_S)
        .map(|_| overload_retry_after().as_secs())
        .collect();
    assert!(waits.len() > 1, "{waits:?}");
    let bounds = 1..=OVERLOAD_RETRY_AFTER_MAX_S;
    assert!(waits.iter().all(|wait| bounds.contains(wait)), "{waits:?}");
}
