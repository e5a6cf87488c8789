//! `/oauth/authorize`: a person decides whether an application may use their account.
//!
//! Nothing is ever redirected to an address that the application has not registered: until that is known, what is wrong is
//! shown here. From then on errors go back to the application as OAuth 2.0 (RFC 6749, 4.1.2.1) says.

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
use crate::pages::authorize::request::{Asked, OUT_OF_BAND, Refusal, back_to};
use crate::respond::{Answer, Trouble, go_to, log_in_first, page, page_with_status};
use crate::view::Shell;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "consent.html")]
pub(crate) struct ConsentPage {
    pub(crate) shell: Shell,
    pub(crate) application: String,
    pub(crate) website: String,
    pub(crate) handle: String,
    pub(crate) scopes: Vec<&'static str>,
    pub(crate) out_of_band: bool,
    /// Where the browser goes on to, as far as a person can tell it apart.
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

pub(crate) async fn show(visit: Visit, query: Result<QueryOf<Asked>, Problem>) -> Answer {
    let asked = query.map_err(|problem| Trouble(problem.0))?.0;
    let application = application_of(&visit, &asked).await?;
    asked.check_redirect(&application)?;
    let scopes = match asked.check(&application) {
        Ok(scopes) => scopes,
        // Said here and not sent on: whoever has not decided anything yet is not led to a place that anyone can register
        // (RFC 9700, 4.11.2).
        Err(refusal) => return Err(Error::invalid(refusal.error, refusal.text).into()),
    };
    let Some(viewer) = &visit.viewer else {
        let here = visit.uri.path_and_query().map_or("/", |here| here.as_str());
        return Ok(go_to(&log_in_first(here)));
    };
    let consent = ConsentPage {
        shell: Shell::of(&visit, ""),
        application: application.name,
        website: application.website,
        handle: format!("@{}", viewer.account.username),
        scopes: scopes::in_words(scopes),
        out_of_band: asked.redirect_uri == OUT_OF_BAND,
        destination: origin_of(&asked.redirect_uri).unwrap_or_else(|| "the app".to_owned()),
        fields: asked.fields(),
    };
    Ok(leading_to(&visit, page(&consent), &asked.redirect_uri))
}

pub(crate) async fn decide(visit: Visit, Form(form): Form<DecisionForm>) -> Answer {
    let account_id = visit.member()?;
    let application = application_of(&visit, &form.asked).await?;
    form.asked.check_redirect(&application)?;
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
    let code = visit
        .surface
        .gateways
        .accounts
        .authorize(&visit.context, request)
        .await?
        .code;
    if form.asked.redirect_uri == OUT_OF_BAND {
        let code = CodePage {
            shell: Shell::of(&visit, ""),
            application: application.name,
            code,
        };
        return Ok(unkept(page_with_status(StatusCode::OK, &code)));
    }
    let address = back_to(
        &form.asked.redirect_uri,
        &[("code", &code), ("state", &form.asked.state)],
    );
    Ok(unkept(go_to(&address)))
}

async fn application_of(visit: &Visit, asked: &Asked) -> Result<Application> {
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
    visit
        .surface
        .gateways
        .accounts
        .get_application(&visit.context, request)
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
fn refuse(asked: &Asked, refusal: &Refusal) -> Answer {
    if asked.redirect_uri == OUT_OF_BAND {
        return Err(Error::invalid(refusal.error, refusal.text.clone()).into());
    }
    let pairs = [
        ("error", refusal.error),
        ("error_description", &refusal.text),
        ("state", &asked.state),
    ];
    Ok(go_to(&back_to(&asked.redirect_uri, &pairs)))
}

/// A consent page's form may lead to where its application lives, and nowhere else.
fn leading_to(visit: &Visit, response: Response, redirect_uri: &str) -> Response {
    let mut response = unkept(response);
    let target = source_of(redirect_uri).filter(|_| redirect_uri != OUT_OF_BAND);
    let policy = content_security_policy(visit.site(), target.as_deref());
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn unkept(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
