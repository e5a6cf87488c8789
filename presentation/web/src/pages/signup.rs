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
use crate::page_context::PageContext;
use crate::pages::session::{Credentials, enter, user_agent};
use crate::respond::{PageResult, form_page, redirect, with_wait};
use crate::view::{FormError, Shell};

#[derive(Template)]
#[template(path = "signup.html")]
pub(crate) struct SignupPage {
    pub(crate) shell: Shell,
    pub(crate) form_error: FormError,
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

pub(crate) async fn show(page_context: PageContext) -> PageResult {
    if page_context.viewer.is_some() {
        return Ok(redirect("/"));
    }
    let page = blank(&page_context, &SignupForm::default(), false);
    Ok(form_page(&page_context, StatusCode::OK, &page))
}

pub(crate) async fn sign_up(
    page_context: PageContext,
    ClientAddress(remote_address): ClientAddress,
    headers: HeaderMap,
    Form(form): Form<SignupForm>,
) -> PageResult {
    // The token of the setup works through its own pages alone, which no cache keeps.
    let form = SignupForm {
        setup_token: String::new(),
        ..form
    };
    register(&page_context, &form, remote_address, user_agent(&headers)).await
}

/// Makes the account and logs its owner in, or shows what was wrong.
pub(crate) async fn register(
    page_context: &PageContext,
    form: &SignupForm,
    remote_address: String,
    user_agent: String,
) -> PageResult {
    match try_to_register(page_context, form, remote_address, user_agent).await {
        Ok(response) => Ok(response),
        Err(error) if error.code().is_server_fault() => Err(error.into()),
        Err(error) => {
            let mut page = blank(page_context, form, !form.setup_token.is_empty());
            page.form_error = FormError::of(&error);
            // The page of a closed sign-up has no place for the error.
            page.closed = false;
            Ok(with_wait(
                form_page(page_context, status_of(error.code()), &page),
                &error,
            ))
        }
    }
}

async fn try_to_register(
    page_context: &PageContext,
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
    page_context
        .surface
        .gateways
        .accounts
        .register(&page_context.context, request)
        .await?;
    let credentials = Credentials {
        username_or_email: form.username.trim().to_owned(),
        password: form.password.clone(),
        remote_address,
        user_agent,
    };
    enter(page_context, credentials, local_path(&form.next)).await
}

pub(crate) fn blank(page_context: &PageContext, form: &SignupForm, is_setup: bool) -> SignupPage {
    SignupPage {
        shell: Shell::of_entry(page_context),
        form_error: FormError::none(),
        closed: !is_setup && !page_context.site().registrations_open,
        is_setup,
        setup_token: form.setup_token.clone(),
        username: form.username.clone(),
        email: form.email.clone(),
        next: local_path(&form.next).to_owned(),
    }
}
