//! `/oauth/authorize`: a person decides whether an application may use their account.
//!
//! Nothing is ever redirected to an address that the application has not registered: until that is
//! known, what is wrong is shown here. From then on errors go back to the application as OAuth 2.0
//! (RFC 6749, 4.1.2.1) says.

mod request;
mod scopes;

use askama::Template;
use axum::response::Response;
use business_accounts_gateway::{Application, AuthorizeRequest, GetApplicationRequest};
use http::{HeaderValue, StatusCode, header};
use infra_kernel::{Error, ErrorCode, Result};
use presentation_kit::Problem;
use presentation_kit::extract::QueryOf;
use serde::Deserialize;

use crate::guard::Form;
use crate::headers::{content_security_policy, origin_of, source_of};
use crate::page_context::PageContext;
use crate::pages::authorize::request::{Asked, OUT_OF_BAND, Refusal, back_to};
use crate::respond::{PageError, PageResult, log_in_first, page, page_with_status, redirect};
use crate::view::Shell;

#[derive(Template)]
#[template(path = "consent.html")]
pub(crate) struct ConsentPage {
    pub(crate) shell: Shell,
    pub(crate) application: String,
    pub(crate) website: String,
    pub(crate) handle: String,
    pub(crate) scopes: Vec<&'static str>,
    pub(crate) out_of_band: bool,
    /// Where the browser goes on to, as far as a person can make it out.
    pub(crate) destination: String,
    /// What was asked, to be sent back with the decision.
    pub(crate) fields: Vec<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "code.html")]
pub(crate) struct CodePage {
    pub(crate) shell: Shell,
    pub(crate) application: String,
    pub(crate) code: String,
}

#[derive(Deserialize)]
pub(crate) struct DecisionForm {
    #[serde(default)]
    decision: String,
    #[serde(flatten)]
    asked: Asked,
}

pub(crate) async fn show(
    page_context: PageContext,
    query: Result<QueryOf<Asked>, Problem>,
) -> PageResult {
    let asked = query.map_err(|problem| PageError(problem.0))?.0;
    let application = application_of(&page_context, &asked).await?;
    asked.check_redirect(&application)?;
    let scopes = match asked.check(&application) {
        Ok(scopes) => scopes,
        // Said here and not sent on: anyone who has not decided anything yet is not led to a place
        // that anyone can register (RFC 9700, 4.11.2).
        Err(refusal) => return Err(Error::invalid(refusal.error, refusal.text).into()),
    };
    let Some(viewer) = &page_context.viewer else {
        let here = page_context
            .uri
            .path_and_query()
            .map_or("/", |here| here.as_str());
        return Ok(redirect(&log_in_first(here)));
    };
    let consent = ConsentPage {
        shell: Shell::of(&page_context, ""),
        application: application.name,
        website: application.website,
        handle: format!("@{}", viewer.account.username),
        scopes: scopes::in_words(scopes),
        out_of_band: asked.redirect_uri == OUT_OF_BAND,
        destination: origin_of(&asked.redirect_uri).unwrap_or_else(|| "the app".to_owned()),
        fields: asked.fields(),
    };
    Ok(allow_redirect_to(
        &page_context,
        page(&consent),
        &asked.redirect_uri,
    ))
}

pub(crate) async fn decide(
    page_context: PageContext,
    Form(form): Form<DecisionForm>,
) -> PageResult {
    let account_id = page_context.member()?;
    let application = application_of(&page_context, &form.asked).await?;
    form.asked.check_redirect(&application)?;
    // Sent back now, because the person has decided something.
    if let Err(refusal) = form.asked.check(&application) {
        return refuse(&form.asked, &refusal);
    }
    if form.decision != "allow" {
        return refuse(&form.asked, &Refusal::denied());
    }
    let request = AuthorizeRequest {
        account_id: account_id.get(),
        client_id: form.asked.client_id.clone(),
        redirect_uri: form.asked.redirect_uri.clone(),
        scopes: form.asked.scopes().to_owned(),
        code_challenge: form.asked.code_challenge.clone(),
        code_challenge_method: form.asked.code_challenge_method.clone(),
    };
    let code = page_context
        .surface
        .gateways
        .accounts
        .authorize(&page_context.context, request)
        .await?
        .code;
    if form.asked.redirect_uri == OUT_OF_BAND {
        let code = CodePage {
            shell: Shell::of(&page_context, ""),
            application: application.name,
            code,
        };
        return Ok(without_storing(page_with_status(StatusCode::OK, &code)));
    }
    let address = back_to(
        &form.asked.redirect_uri,
        &[("code", &code), ("state", &form.asked.state)],
    );
    Ok(without_storing(redirect(&address)))
}

async fn application_of(page_context: &PageContext, asked: &Asked) -> Result<Application> {
    if asked.client_id.is_empty() {
        return Err(Error::invalid(
            "client_id",
            "The app did not say who it is (`client_id`). Try again from the app.",
        ));
    }
    let request = GetApplicationRequest {
        client_id: asked.client_id.clone(),
        application_id: 0,
    };
    page_context
        .surface
        .gateways
        .accounts
        .get_application(&page_context.context, request)
        .await
        .map_err(|error| {
            if error.code() != ErrorCode::NotFound {
                return error;
            }
            let text =
                "This app is not known here. Remove the account from the app and add it again.";
            Error::invalid("client_id", text).with_source(error)
        })
}

/// Tells the application why not; without an address to go back to, tells the person.
fn refuse(asked: &Asked, refusal: &Refusal) -> PageResult {
    if asked.redirect_uri == OUT_OF_BAND {
        return Err(Error::invalid(refusal.error, refusal.text.clone()).into());
    }
    let pairs = [
        ("error", refusal.error),
        ("error_description", &refusal.text),
        ("state", &asked.state),
    ];
    Ok(redirect(&back_to(&asked.redirect_uri, &pairs)))
}

/// A consent page's form may lead to where its application lives, and nowhere else.
fn allow_redirect_to(
    page_context: &PageContext,
    response: Response,
    redirect_uri: &str,
) -> Response {
    let mut response = without_storing(response);
    let target = source_of(redirect_uri).filter(|_| redirect_uri != OUT_OF_BAND);
    let policy = content_security_policy(page_context.site(), target.as_deref());
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn without_storing(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
