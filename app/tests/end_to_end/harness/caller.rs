//! Requests as an app makes them, and replies that say what was asked when something is wrong with
//! them.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

/// Someone who calls the API, with a token or without.
#[derive(Clone)]
pub(crate) struct Caller {
    base: String,
    client: Client,
    token: Option<String>,
}

/// A file to upload.
#[derive(Clone)]
pub(crate) struct Upload {
    pub(crate) bytes: Vec<u8>,
    pub(crate) name: String,
    pub(crate) content_type: String,
    /// The form's fields before the file.
    pub(crate) fields: Vec<(String, String)>,
    /// The form's fields after the file.
    pub(crate) fields_after: Vec<(String, String)>,
}

impl Upload {
    pub(crate) fn jpeg(bytes: Vec<u8>) -> Self {
        Self::new(bytes, "photo.jpg", "image/jpeg")
    }

    /// A file with a name and a declared type.
    pub(crate) fn new(bytes: Vec<u8>, name: &str, content_type: &str) -> Self {
        Self {
            bytes,
            name: name.to_owned(),
            content_type: content_type.to_owned(),
            fields: Vec::new(),
            fields_after: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl Caller {
    /// The ids of a whole list, from this page on to the last.
    pub(crate) async fn every_page(&self, first: &str) -> Vec<String> {
        let (mut path, mut found) = (first.to_owned(), Vec::new());
        loop {
            let reply = self.get(&path).await;
            let items = reply.list();
            found.extend(ids(&items));
            match reply.link("next") {
                Some(next) if !items.is_empty() => path = next,
                _ => return found,
            }
        }
    }

    /// Without a token.
    pub(crate) fn new(base: &str) -> Self {
        let client = Client::builder()
            .timeout(Duration::from_secs(120))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client");
        Self {
            base: base.to_owned(),
            client,
            token: None,
        }
    }

    /// The same, with this token.
    pub(crate) fn bearing(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().expect("this caller has a token")
    }

    /// A request to be filled in; addresses of this server may be given whole.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base)
        };
        let request = self.client.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends; `None` when no whole reply came back.
    pub(crate) async fn try_send(&self, request: RequestBuilder) -> Option<Reply> {
        let request = request.build().expect("a well-formed request");
        let what = format!("{} {}", request.method(), request.url());
        let response = self.client.execute(request).await.ok()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.ok()?.to_vec();
        Some(Reply {
            what,
            status,
            headers,
            body,
        })
    }

    /// Sends and takes the whole reply.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Reply {
        let shown = format!("{request:?}");
        self.try_send(request)
            .await
            .unwrap_or_else(|| panic!("no reply to {shown}"))
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::PATCH, path).json(body))
            .await
    }

    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.send(self.request(Method::POST, path).form(fields))
            .await
    }

    /// Sends a file with a multipart form.
    pub(crate) async fn send_file(
        &self,
        method: Method,
        path: &str,
        field: &str,
        upload: Upload,
    ) -> Reply {
        let request = self
            .request(method, path)
            .multipart(multipart(field, upload));
        self.send(request).await
    }

    pub(crate) async fn upload(&self, upload: Upload) -> Reply {
        self.send_file(Method::POST, "/api/v2/media", "file", upload)
            .await
    }
}

/// A form with a file in it.
pub(crate) fn multipart(field: &str, upload: Upload) -> Form {
    let part = Part::bytes(upload.bytes)
        .file_name(upload.name)
        .mime_str(&upload.content_type)
        .expect("a content type");
    let mut form = Form::new();
    for (name, value) in upload.fields {
        form = form.text(name, value);
    }
    form = form.part(field.to_owned(), part);
    for (name, value) in upload.fields_after {
        form = form.text(name, value);
    }
    form
}

#[derive(Debug)]
pub(crate) struct Reply {
    /// What was asked, for messages.
    pub(crate) what: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The JSON of a reply that must be a success.
    pub(crate) fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{}", self.describe());
        self.json()
    }

    /// The JSON of a reply that must have this status.
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.describe());
        self.json()
    }

    /// The sentence of a reply that must be a refusal with this status.
    pub(crate) fn refused(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.describe());
        self.refusal()
    }

    /// The sentence of a reply that must be a refusal: a 4xx in the API's own shape, which gives
    /// nothing away.
    pub(crate) fn refusal(&self) -> String {
        assert!((400..500).contains(&self.status), "{}", self.describe());
        let json = self.json();
        let text = json["error"].as_str().unwrap_or_default().to_owned();
        assert!(text.len() > 5, "no reason is given: {}", self.describe());
        for secret in [
            "sqlx",
            "rusqlite",
            "SQLITE",
            "panicked",
            ".rs:",
            "/tmp",
            "no such table",
            "thread '",
        ] {
            assert!(
                !text.contains(secret),
                "`{secret}` shows: {}",
                self.describe()
            );
        }
        text
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.describe()))
    }

    /// The items of a list.
    pub(crate) fn list(&self) -> Vec<Value> {
        match self.expect(200) {
            Value::Array(items) => items,
            _ => panic!("no list: {}", self.describe()),
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header, or an empty text.
    pub(crate) fn header(&self, name: &str) -> &str {
        let name: HeaderName = name.parse().expect("a header name");
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The address under a relation of the `Link` header.
    pub(crate) fn link(&self, relation: &str) -> Option<String> {
        self.header("link").split(',').find_map(|part| {
            let (address, rest) = part.trim().strip_prefix('<')?.split_once('>')?;
            rest.contains(&format!("rel=\"{relation}\""))
                .then(|| address.to_owned())
        })
    }

    pub(crate) fn describe(&self) -> String {
        let body = String::from_utf8_lossy(&self.body);
        let body: String = body.chars().take(600).collect();
        format!("{} answered {}: {body}", self.what, self.status)
    }
}

/// A text in a JSON value, by its path: `text(&post, "/account/id")`.
pub(crate) fn text(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("no text at `{pointer}` in {value}"))
        .to_owned()
}

/// The ids of a list.
pub(crate) fn ids(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| text(item, "/id")).collect()
}
