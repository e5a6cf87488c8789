use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use presentation_kit::Surface;
use serde_json::Value;
use tower::ServiceExt as _;

/// Calls the router as a client does.
pub(crate) struct Client(Router);

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct TestResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl TestResponse {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The JSON, when the status is this one.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self.json()
    }

    /// The error's sentence, when the status is this one.
    #[track_caller]
    pub(crate) fn error(&self, status: u16) -> String {
        self.expect(status)["error"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn header(&self, name: impl http::header::AsHeaderName) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

impl Client {
    pub(crate) fn new(surface: &Surface) -> Self {
        Self(
            presentation_mastodon::router(surface)
                .merge(presentation_mastodon::files())
                .with_state(surface.clone()),
        )
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> TestResponse {
        let response = self.0.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        TestResponse {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> TestResponse {
        self.send(
            request(Method::GET, token, path)
                .body(Body::empty())
                .unwrap(),
        )
        .await
    }

    pub(crate) async fn delete(&self, token: &str, path: &str) -> TestResponse {
        self.send(
            request(Method::DELETE, token, path)
                .body(Body::empty())
                .unwrap(),
        )
        .await
    }

    pub(crate) async fn post_form(&self, token: &str, path: &str, form: &str) -> TestResponse {
        let request = request(Method::POST, token, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()));
        self.send(request.unwrap()).await
    }

    pub(crate) async fn json(
        &self,
        method: Method,
        token: &str,
        path: &str,
        body: &Value,
    ) -> TestResponse {
        let request = request(method, token, path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()));
        self.send(request.unwrap()).await
    }

    /// Sends a multipart form in frames of a few bytes, as a slow line would.
    pub(crate) async fn multipart(
        &self,
        method: Method,
        token: &str,
        path: &str,
        form: &str,
    ) -> TestResponse {
        let frames: Vec<std::io::Result<Bytes>> = form
            .as_bytes()
            .chunks(50)
            .map(|frame| Ok(Bytes::copy_from_slice(frame)))
            .collect();
        let request = request(method, token, path)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=X")
            .body(Body::from_stream(futures::stream::iter(frames)));
        self.send(request.unwrap()).await
    }
}

/// A request with a token; an empty one is none.
pub(crate) fn request(method: Method, token: &str, path: &str) -> http::request::Builder {
    let builder = Request::builder().method(method).uri(path);
    if token.is_empty() {
        builder
    } else {
        builder.header(header::AUTHORIZATION, format!("Bearer {token}"))
    }
}
