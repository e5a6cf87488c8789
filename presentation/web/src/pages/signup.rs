//! Signing up; and the form that the first admin's link opens, which is the same one.

use askama::Template;
use axum::response::Response;
use business_accounts_gateway::RegisterRequest;
use http::{HeaderMap, StatusCode};
use infra_kernel::Result;
use presentation_kit::ClientAddress;
use presentation_kit::problem::status_of;
use serde::Deserialize;

use crate::guard::{Form, local_path};
use crate::pages::session::{Credentials, enter, user_agent};
use crate::respond::{Answer, form_page, go_to, with_wait};
use crate::view::{FormTrouble, Shell};
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "signup.html")]
pub(crate) struct SignupPage {
    pub(crate) shell: Shell,
    pub(crate) trouble: FormTrouble,
    /// Whether nobody can sign up.
    pub(crate) closed: bool,
    pub(crate) is_setup: bool,
    pub(crate) setup_token: String,
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) next: String,
}

#[derive(Default, Deserialize)]
pub(crate) struct SignupForm {
    #[serde(default)]
    username: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    pub(crate) setup_token: String,
    #[serde(default)]
    next: String,
}

impl SignupForm {
    /// The empty form that the first admin's link opens.
    pub(crate) fn with_setup_token(setup_token: String) -> Self {
        Self {
            setup_token,
            ..Self::default()
        }
    }
}

pub(crate) async fn show(visit: Visit) -> Answer {
    if visit.viewer.is_some() {
        return Ok(go_to("/"));
    }
    let page = blank(&visit, &SignupForm::default(), false);
    Ok(form_page(&visit, StatusCode::OK, &page))
}

pub(crate) async fn sign_up(
    visit: Visit,
    ClientAddress(remote_address): ClientAddress,
    headers: HeaderMap,
    Form(form): Form<SignupForm>,
) -> Answer {
    let form = SignupForm {
        setup_token: String::new(),
        ..form
    };
    register(&visit, &form, remote_address, user_agent(&headers)).await
}

/// Makes the account and logs its owner in, or shows what was wrong.
pub(crate) async fn register(
    visit: &Visit,
    form: &SignupForm,
    remote_address: String,
    user_agent: String,
) -> Answer {
    match try_to_register(visit, form, remote_address, user_agent).await {
        Ok(response) => Ok(response),
        Err(error) if error.code().is_server_fault() => Err(error.into()),
        Err(error) => {
            let mut page = blank(visit, form, !form.setup_token.is_empty());
            page.trouble = FormTrouble::of(&error);
            page.closed = false;
            Ok(with_wait(
                form_page(visit, status_of(error.code()), &page),
                &error,
            ))
        }
    }
}

async fn try_to_register(
    visit: &Visit,
    form: &SignupForm,
    remote_address: String,
    user_agent: String,
) -> Result<Response> {
    let request = RegisterRequest {
        username: form.username.trim().to_owned(),
        email: form.email.trim().to_owned(),
        password: form.password.clone(),
        agreement: true,
        locale: String::new(),
        remote_address: remote_address.clone(),
        setup_token: form.setup_token.clone(),
    };
    visit
        .surface
        .gateways
        .accounts
        .register(&visit.context, request)
        .await?;
    let credentials = Credentials {
        username_or_email: form.username.trim().to_owned(),
        password: form.password.clone(),
        remote_address,
        user_agent,
    };
    enter(visit, credentials, local_path(&form.next)).await
}

pub(crate) fn blank(visit: &Visit, form: &SignupForm, is_setup: bool) -> SignupPage {
    SignupPage {
        shell: Shell::of_entry(visit),
        trouble: FormTrouble::none(),
        closed: !is_setup && !visit.site().registrations_open,
        is_setup,
        setup_token: form.setup_token.clone(),
        username: form.username.clone(),
        email: form.email.clone(),
        next: local_path(&form.next).to_owned(),
    }
}
