//! A browser without a window: keeps cookies, reads forms, sends them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use infra_kernel::SystemClock;
use presentation_kit::Surface;
use presentation_kit::rate::{LimitSettings, RateLimits};
use tower::ServiceExt as _;

use crate::fakes::{Fakes, SESSION};

const BOUNDARY: &str = "----boundary";
/// What a connection reads at once.
const FRAME_BYTES: usize = 16 * 1024;

pub(crate) struct Browser {
    router: Router,
    pub(crate) cookies: BTreeMap<String, String>,
    /// What the browser says of where its requests come from.
    pub(crate) fetch_site: &'static str,
}

pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Page {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    pub(crate) fn location(&self) -> &str {
        self.header("location")
    }

    pub(crate) fn hidden(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let rest = self
            .body
            .split_once(&start)
            .unwrap_or_else(|| panic!("no field {name} in {}", self.body))
            .1;
        rest.split('"').next().unwrap().to_owned()
    }
}

impl Browser {
    pub(crate) fn visitor(fakes: &Fakes) -> Self {
        Self::on(fakes.surface())
    }

    /// A visitor of this surface.
    pub(crate) fn on(surface: Surface) -> Self {
        let router = presentation_web::router(&surface).with_state(surface);
        Self {
            router,
            cookies: BTreeMap::new(),
            fetch_site: "same-origin",
        }
    }

    pub(crate) fn member(fakes: &Fakes) -> Self {
        let mut browser = Self::visitor(fakes);
        browser
            .cookies
            .insert("__Host-heliograph-session".into(), SESSION.into());
        browser
    }

    /// A member who may make so many changes.
    pub(crate) fn member_with_writes(fakes: &Fakes, writes_max: u32) -> Self {
        let settings = LimitSettings {
            writes_per_account_max: writes_max,
            ..LimitSettings::default()
        };
        let limits = RateLimits::new(settings, Arc::new(SystemClock));
        Self {
            cookies: Self::member(fakes).cookies,
            ..Self::on(fakes.surface_with(limits))
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        self.send(Method::GET, path, None, Body::empty()).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut body = Vec::new();
        for (name, value) in fields {
            if !body.is_empty() {
                body.push(b'&');
            }
            presentation_kit::extract::push_pair(name, value.as_bytes(), &mut body);
        }
        self.send(
            Method::POST,
            path,
            Some("application/x-www-form-urlencoded".into()),
            body.into(),
        )
        .await
    }

    /// A form with files: fields with a `/` after their name are files, "file/photo.jpg".
    pub(crate) async fn post_files(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut body = String::new();
        for (name, value) in fields {
            let disposition = match name.split_once('/') {
                Some((name, file)) => {
                    format!("name=\"{name}\"; filename=\"{file}\"\r\nContent-Type: image/jpeg")
                }
                None => format!("name=\"{name}\""),
            };
            body.push_str(&format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{value}\r\n"
            ));
        }
        body.push_str(&format!("--{BOUNDARY}--\r\n"));
        let frames = body.as_bytes().chunks(FRAME_BYTES);
        let frames = frames.map(Bytes::copy_from_slice).collect();
        self.post_frames(path, frames).await
    }

    /// A form with files as it comes over the line.
    pub(crate) async fn post_frames(&mut self, path: &str, frames: Vec<Bytes>) -> Page {
        let frames = frames.into_iter().map(Ok::<_, std::io::Error>);
        self.send(
            Method::POST,
            path,
            Some(format!("multipart/form-data; boundary={BOUNDARY}")),
            Body::from_stream(futures::stream::iter(frames)),
        )
        .await
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        content_type: Option<String>,
        body: Body,
    ) -> Page {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::COOKIE, cookies.join("; "));
        request = request
            .header(header::HOST, "photos.example")
            .header("sec-fetch-site", self.fetch_site);
        if let Some(content_type) = content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        let response = self
            .router
            .clone()
            .oneshot(request.body(body).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let text = cookie.to_str().unwrap();
            assert!(text.contains("; HttpOnly; SameSite=Lax; Secure"), "{text}");
            let (name, rest) = text.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let body = String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned();
        Page {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
}
