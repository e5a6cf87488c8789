//! The one-time link that makes the first admin: `/setup?token=…`.
//!
//! The secret is in the link's address once. From there it goes into the form, whose body carries
//! it on; the page tells the browser to name no address to anyone and to keep no copy.

use axum::response::Response;
use business_accounts_gateway::CountAccountsRequest;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use infra_kernel::{Error, ErrorCode};
use presentation_kit::extract::QueryOf;
use presentation_kit::{ClientAddress, Problem};
use serde::Deserialize;

use crate::guard::Form;
use crate::page_context::PageContext;
use crate::pages::session::user_agent;
use crate::pages::signup::{SignupForm, blank, register};
use crate::respond::{PageError, PageResult, form_page};

#[derive(Deserialize)]
pub(crate) struct SetupQuery {
    #[serde(default)]
    token: String,
}

pub(crate) async fn show(
    page_context: PageContext,
    query: Result<QueryOf<SetupQuery>, Problem>,
) -> PageResult {
    let setup_token = query.map_err(|problem| PageError(problem.0))?.0.token;
    require(&setup_token)?;
    require_nobody(&page_context).await?;
    let form = SignupForm::with_setup_token(setup_token);
    Ok(without_referrer(form_page(
        &page_context,
        StatusCode::OK,
        &blank(&page_context, &form, true),
    )))
}

pub(crate) async fn sign_up(
    page_context: PageContext,
    ClientAddress(remote_address): ClientAddress,
    headers: HeaderMap,
    Form(form): Form<SignupForm>,
) -> PageResult {
    require(&form.setup_token)?;
    // Whether somebody is here already the accounts domain decides, in the write that spends the
    // token.
    Ok(without_referrer(
        register(&page_context, &form, remote_address, user_agent(&headers)).await?,
    ))
}

fn require(setup_token: &str) -> Result<(), Error> {
    if setup_token.is_empty() {
        let text = "This link is not whole. Copy it again from where the server was started, up to its very end.";
        return Err(Error::invalid("token", text));
    }
    Ok(())
}

/// The link is over as soon as somebody is here; better said before a form is filled in than after.
async fn require_nobody(page_context: &PageContext) -> Result<(), Error> {
    let accounts = &page_context.surface.gateways.accounts;
    let count = accounts
        .count_accounts(&page_context.context, CountAccountsRequest {})
        .await?;
    if count.accounts > 0 {
        let text = "This link was used already: the place has its first account. Log in with it, or sign up.";
        return Err(Error::new(ErrorCode::Gone, text));
    }
    Ok(())
}

/// Only the origin is named to anyone, this server included, and nothing is kept.
fn without_referrer(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("strict-origin"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
