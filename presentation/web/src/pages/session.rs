//! Logging in and out.

use askama::Template;
use axum::Json;
use business_accounts_gateway::{SignInRequest, SignOutRequest};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use infra_kernel::{Error, Result};
use presentation_kit::extract::QueryOf;
use presentation_kit::problem::status_of;
use presentation_kit::{ClientAddress, Problem};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::guard::{Button, Form, local_path};
use crate::page_context::{PageContext, forget, open_session, remember_browser};
use crate::respond::{PageError, PageResult, form_page, redirect, with_wait};
use crate::view::{FormError, Shell, now};

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
/// The most characters of a browser's name that are kept with its session.
const USER_AGENT_CHARACTERS_MAX: usize = 200;

#[derive(Template)]
#[template(path = "login.html")]
pub(crate) struct LoginPage {
    pub(crate) shell: Shell,
    pub(crate) form_error: FormError,
    /// Why this page is shown instead of the one that was asked for.
    pub(crate) reason: &'static str,
    pub(crate) username: String,
    pub(crate) next: String,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct LoginQuery {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(crate) struct LoginForm {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

pub(crate) async fn show(
    page_context: PageContext,
    query: Result<QueryOf<LoginQuery>, Problem>,
) -> PageResult {
    let next = query.map_err(|problem| PageError(problem.0))?.0.next;
    let next = local_path(&next);
    if page_context.viewer.is_some() {
        return Ok(redirect(next));
    }
    let reason = match next {
        "/" => "",
        next if next.starts_with("/oauth/authorize") => {
            "An app asks to use your account. Log in to decide."
        }
        _ => "Log in to go on.",
    };
    let page = LoginPage {
        shell: Shell::of_entry(&page_context),
        form_error: FormError::none(),
        reason,
        username: String::new(),
        next: next.to_owned(),
    };
    Ok(form_page(&page_context, StatusCode::OK, &page))
}

pub(crate) async fn log_in(
    page_context: PageContext,
    ClientAddress(remote_address): ClientAddress,
    headers: HeaderMap,
    Form(form): Form<LoginForm>,
) -> PageResult {
    let entered = Credentials {
        username_or_email: form.username.clone(),
        password: form.password,
        remote_address,
        user_agent: user_agent(&headers),
    };
    match enter(&page_context, entered, local_path(&form.next)).await {
        Ok(response) => Ok(response),
        Err(error) if error.code().is_server_fault() => Err(error.into()),
        Err(error) => {
            let page = LoginPage {
                shell: Shell::of_entry(&page_context),
                form_error: FormError::of(&error),
                reason: "",
                username: form.username,
                next: local_path(&form.next).to_owned(),
            };
            Ok(with_wait(
                form_page(&page_context, status_of(error.code()), &page),
                &error,
            ))
        }
    }
}

pub(crate) async fn log_out(
    page_context: PageContext,
    Form(Button {}): Form<Button>,
) -> PageResult {
    // The session ends before the browser forgets it: the other way round, a failure would leave
    // one that lives on and that nobody can end from here.
    if let Some(secret) = &page_context.session_secret {
        let request = SignOutRequest {
            session_secret: secret.clone(),
        };
        page_context
            .surface
            .gateways
            .accounts
            .sign_out(&page_context.context, request)
            .await?;
    }
    let mut response = redirect("/");
    let headers = response.headers_mut();
    for cookie in forget(page_context.site()) {
        headers.append(header::SET_COOKIE, cookie);
    }
    // Photos that not everyone may see do not stay behind in a browser that others use, too.
    headers.insert(CLEAR_SITE_DATA, HeaderValue::from_static("\"cache\""));
    Ok(response)
}

/// For the page's script: what the forms of this session carry, by which a page that a browser has
/// kept knows whether it was made for it. Nothing for a visitor.
pub(crate) async fn state(page_context: PageContext) -> Json<Value> {
    let token = page_context
        .viewer
        .is_some()
        .then(|| page_context.form_token());
    Json(json!({"token": token}))
}

/// What someone logs in with, and from where.
pub(crate) struct Credentials {
    pub(crate) username_or_email: String,
    pub(crate) password: String,
    pub(crate) remote_address: String,
    pub(crate) user_agent: String,
}

/// Opens a session and sends the browser on.
///
/// # Errors
/// When the name and the password do not fit, or there were too many tries.
pub(crate) async fn enter(
    page_context: &PageContext,
    credentials: Credentials,
    next: &str,
) -> Result<axum::response::Response> {
    let request = SignInRequest {
        username_or_email: credentials.username_or_email,
        password: credentials.password,
        remote_address: credentials.remote_address,
        user_agent: credentials.user_agent,
        browser_secret: page_context.browser_secret.clone().unwrap_or_default(),
    };
    let session = page_context
        .surface
        .gateways
        .accounts
        .sign_in(&page_context.context, request)
        .await?;
    // Anyone who used this browser before must not stay logged in beside the one who has come. Only
    // now: a wrong password must not log anybody out.
    if let Some(secret) = &page_context.session_secret {
        let request = SignOutRequest {
            session_secret: secret.clone(),
        };
        page_context
            .surface
            .gateways
            .accounts
            .sign_out(&page_context.context, request)
            .await?;
    }
    let seconds_until = |at_us: i64| (at_us - now().microseconds()) / 1_000_000;
    let seconds = seconds_until(session.expires_at_us);
    if seconds <= 0 {
        return Err(Error::internal("a session had ended before it began"));
    }
    let mut response = redirect(next);
    // Of these only the visitor's key for forms: the session's own is replaced below.
    let cookies = forget(page_context.site());
    let headers = response.headers_mut();
    headers.append(header::SET_COOKIE, cookies[1].clone());
    headers.append(
        header::SET_COOKIE,
        open_session(page_context.site(), &session.session_secret, seconds),
    );
    let known_for = seconds_until(session.browser_expires_at_us);
    headers.append(
        header::SET_COOKIE,
        remember_browser(page_context.site(), &session.browser_secret, known_for),
    );
    Ok(response)
}

pub(crate) fn user_agent(headers: &HeaderMap) -> String {
    let value = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok());
    value
        .unwrap_or_default()
        .chars()
        .take(USER_AGENT_CHARACTERS_MAX)
        .collect()
}
