//! A browser without a screen: cookies, forms, redirects.

use std::collections::BTreeMap;
use std::sync::Mutex;

use reqwest::Method;
use reqwest::header::{COOKIE, ORIGIN, REFERER};

use super::caller::{Caller, Reply, Upload, multipart};
use super::html::{self, Form};
use super::person::PASSWORD;
use super::server::Server;

/// Redirects followed before it is called a loop.
const REDIRECTS_MAX: usize = 10;

pub(crate) struct WebSession {
    caller: Caller,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl Server {
    /// A browser that has never been here.
    pub(crate) fn web(&self) -> WebSession {
        WebSession {
            caller: self.anyone(),
            cookies: Mutex::default(),
        }
    }
}

impl WebSession {
    /// One request, no redirect followed.
    pub(crate) async fn fetch(&self, path: &str) -> Reply {
        let request = self.caller.request(Method::GET, path);
        self.send(request).await
    }

    /// A page, wherever it leads on this server.
    pub(crate) async fn open(&self, path: &str) -> Reply {
        let first = self.fetch(path).await;
        self.follow(first).await
    }

    /// Sends a form; no redirect is followed.
    pub(crate) async fn submit(&self, form: &Form) -> Reply {
        self.submit_with(form, None).await
    }

    /// Sends a form with a file in it; no redirect is followed.
    pub(crate) async fn submit_with(&self, form: &Form, file: Option<(&str, Upload)>) -> Reply {
        let method = form.method.to_uppercase().parse().expect("a method");
        let request = self
            .caller
            .request(method, &form.action)
            .header(ORIGIN, self.caller.base())
            .header(REFERER, format!("{}/", self.caller.base()));
        let request = match (form.multipart, file) {
            (true, file) => {
                let (field, mut upload) = file.unwrap_or_else(|| {
                    (
                        "file",
                        Upload::new(Vec::new(), "", "application/octet-stream"),
                    )
                });
                let (before, after) = form.fields.split_at(form.fields_before_file);
                upload.fields = before.to_vec();
                upload.fields_after = after.to_vec();
                request.multipart(multipart(field, upload))
            }
            (false, _) => request.form(&form.fields),
        };
        self.send(request).await
    }

    /// Follows redirects on this server.
    pub(crate) async fn follow(&self, mut reply: Reply) -> Reply {
        for _ in 0..REDIRECTS_MAX {
            let to = reply.header("location").to_owned();
            let stays = to.starts_with('/') || to.starts_with(self.caller.base());
            if !(300..400).contains(&reply.status) || !stays {
                return reply;
            }
            reply = self.fetch(&to).await;
        }
        panic!("redirected in a circle: {}", reply.describe());
    }

    /// The form of a page whose action begins so.
    pub(crate) async fn form(&self, path: &str, action: &str) -> Form {
        let page = self.open(path).await;
        assert_eq!(page.status, 200, "{}", page.describe());
        form_in(&page, action)
    }

    /// Signs up in the browser; it is signed in afterwards.
    pub(crate) async fn sign_up(&self, username: &str) {
        let form = self
            .form("/signup", "/signup")
            .await
            .fill("username", username)
            .fill("email", &format!("{username}@example.org"))
            .fill("password", PASSWORD);
        let reply = self.submit(&form).await;
        assert!((300..400).contains(&reply.status), "{}", reply.describe());
        assert!(self.is_signed_in().await, "signing up does not sign in");
    }

    /// The reply to signing in.
    pub(crate) async fn sign_in(&self, name: &str, password: &str) -> Reply {
        let form = self.form("/login", "/login").await;
        let form = form.fill("username", name).fill("password", password);
        self.submit(&form).await
    }

    /// Whether the front page offers to log out.
    pub(crate) async fn is_signed_in(&self) -> bool {
        let page = self.open("/").await;
        html::forms(&page.text())
            .iter()
            .any(|form| form.action == "/logout")
    }

    /// A cookie's value.
    pub(crate) fn cookies(&self) -> BTreeMap<String, String> {
        self.cookies.lock().expect("no holder panics").clone()
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let cookies: Vec<String> = self
            .cookies()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = if cookies.is_empty() {
            request
        } else {
            request.header(COOKIE, cookies.join("; "))
        };
        let reply = self.caller.send(request).await;
        self.take_cookies(&reply);
        reply
    }

    fn take_cookies(&self, reply: &Reply) {
        let mut cookies = self.cookies.lock().expect("no holder panics");
        for cookie in reply.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().expect("a plain cookie");
            let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            let (name, value) = pair.split_once('=').expect("a cookie has a name");
            let over = attributes.to_ascii_lowercase().contains("max-age=0");
            if over || value.is_empty() {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// The form of a page whose action begins so.
pub(crate) fn form_in(page: &Reply, action: &str) -> Form {
    let forms = html::forms(&page.text());
    let found = forms.iter().find(|form| form.action.starts_with(action));
    found
        .cloned()
        .unwrap_or_else(|| panic!("no form for {action}: {}", page.describe()))
}
