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
use crate::respond::{Answer, Trouble, form_page, go_to, with_wait};
use crate::view::{FormTrouble, Shell, now};
use crate::visit::{Visit, forget, know_browser, open_session};

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
/// The most characters of a browser's name that are kept with its session.
const USER_AGENT_CHARACTERS_MAX: usize = 200;

#[derive(Template)]
#[template(path = "login.html")]
pub(crate) struct LoginPage {
    pub(crate) shell: Shell,
    pub(crate) trouble: FormTrouble,
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

pub(crate) async fn show(visit: Visit, query: Result<QueryOf<LoginQuery>, Problem>) -> Answer {
    let next = query.map_err(|problem| Trouble(problem.0))?.0.next;
    let next = local_path(&next);
    if visit.viewer.is_some() {
        return Ok(go_to(next));
    }
    let reason = match next {
        "/" => "",
        next if next.starts_with("/oauth/authorize") => {
            "An app asks to use your account. Log in to decide."
        }
        _ => "Log in to go on.",
    };
    let page = LoginPage {
        shell: Shell::of_entry(&visit),
        trouble: FormTrouble::none(),
        reason,
        username: String::new(),
        next: next.to_owned(),
    };
    Ok(form_page(&visit, StatusCode::OK, &page))
}

pub(crate) async fn log_in(
    visit: Visit,
    ClientAddress(remote_address): ClientAddress,
    headers: HeaderMap,
    Form(form): Form<LoginForm>,
) -> Answer {
    let entered = Credentials {
        username_or_email: form.username.clone(),
        password: form.password,
        remote_address,
        user_agent: user_agent(&headers),
    };
    match enter(&visit, entered, local_path(&form.next)).await {
        Ok(response) => Ok(response),
        Err(error) if error.code().is_server_fault() => Err(error.into()),
        Err(error) => {
            let page = LoginPage {
                shell: Shell::of_entry(&visit),
                trouble: FormTrouble::of(&error),
                reason: "",
                username: form.username,
                next: local_path(&form.next).to_owned(),
            };
            Ok(with_wait(
                form_page(&visit, status_of(error.code()), &page),
                &error,
            ))
        }
    }
}

pub(crate) async fn log_out(visit: Visit, Form(Button {}): Form<Button>) -> Answer {
    if let Some(secret) = &visit.session_secret {
        let request = SignOutRequest {
            session_secret: secret.clone(),
        };
        visit
            .surface
            .gateways
            .accounts
            .sign_out(&visit.context, request)
            .await?;
    }
    let mut response = go_to("/");
    let headers = response.headers_mut();
    for cookie in forget(visit.site()) {
        headers.append(header::SET_COOKIE, cookie);
    }
    // Photos that not everyone may see do not stay behind in a browser that others use, too.
    headers.insert(CLEAR_SITE_DATA, HeaderValue::from_static("\"cache\""));
    Ok(response)
}

/// For the page's script: what the forms of this session carry, by which a page that a browser has kept knows whether it
/// was made for it. Nothing for a visitor.
pub(crate) async fn state(visit: Visit) -> Json<Value> {
    let token = visit.viewer.is_some().then(|| visit.form_token());
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
    visit: &Visit,
    credentials: Credentials,
    next: &str,
) -> Result<axum::response::Response> {
    let request = SignInRequest {
        username_or_email: credentials.username_or_email,
        password: credentials.password,
        remote_address: credentials.remote_address,
        user_agent: credentials.user_agent,
        browser_secret: visit.browser_secret.clone().unwrap_or_default(),
    };
    let session = visit
        .surface
        .gateways
        .accounts
        .sign_in(&visit.context, request)
        .await?;
    // Whoever used this browser before must not stay logged in beside the one who has come.
    if let Some(secret) = &visit.session_secret {
        let request = SignOutRequest {
            session_secret: secret.clone(),
        };
        visit
            .surface
            .gateways
            .accounts
            .sign_out(&visit.context, request)
            .await?;
    }
    let seconds_until = |at_us: i64| (at_us - now().microseconds()) / 1_000_000;
    let seconds = seconds_until(session.expires_at_us);
    if seconds <= 0 {
        return Err(Error::internal("a session had ended before it began"));
    }
    let mut response = go_to(next);
    let cookies = forget(visit.site());
    let headers = response.headers_mut();
    headers.append(header::SET_COOKIE, cookies[1].clone());
    headers.append(
        header::SET_COOKIE,
        open_session(visit.site(), &session.session_secret, seconds),
    );
    let known_for = seconds_until(session.browser_expires_at_us);
    headers.append(
        header::SET_COOKIE,
        know_browser(visit.site(), &session.browser_secret, known_for),
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
