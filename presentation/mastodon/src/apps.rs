//! Applications: registering one, and asking whose token one holds.

use axum::Json;
use axum::extract::State;
use business_accounts_gateway::{CreateApplicationRequest, GetApplicationRequest};
use infra_kernel::{Error, Result};
use presentation_kit::access::{AnyToken, scope};
use presentation_kit::api::Describe;
use presentation_kit::extract::{BodyOf, lenient};
use presentation_kit::{Allowed, Anyone, Api, ClientAddress, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::entities::{Application, CredentialApplication};

/// What an application may do that did not say.
pub(crate) const SCOPES_DEFAULT: &str = "read";

pub(crate) fn routes() -> Api {
    Api::new()
        .post(
            "/api/v1/apps",
            register,
            Describe::new("Registers an application; its credentials are answered this once.")
                .body::<ApplicationForm>()
                .returns::<CredentialApplication>(),
        )
        .get(
            "/api/v1/apps/verify_credentials",
            verify_credentials,
            Describe::new("Tells which application the token was issued to.")
                .returns::<Application>(),
        )
}

/// An application that wants to be known.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct ApplicationForm {
    /// What people are shown when they are asked to allow it.
    client_name: String,
    /// Where it may be answered: a list, or a text with one a line.
    #[serde(deserialize_with = "lenient::list")]
    redirect_uris: Vec<String>,
    /// The most it will ask for, space separated; "read" when it does not say.
    scopes: Option<String>,
    website: Option<String>,
    /// How it proves itself where tokens are issued (RFC 7591): with its secret,
    /// "`client_secret_post`" or "`client_secret_basic`", or "none" for one that can keep no
    /// secret. Such a one gets none, and must use PKCE.
    token_endpoint_auth_method: Option<String>,
}

impl ApplicationForm {
    fn is_public(&self) -> Result<bool> {
        match self.token_endpoint_auth_method.as_deref() {
            None | Some("" | "client_secret_post" | "client_secret_basic") => Ok(false),
            Some("none") => Ok(true),
            Some(_) => Err(Error::invalid(
                "token_endpoint_auth_method",
                "`token_endpoint_auth_method` must be `client_secret_post`, `client_secret_basic` or `none`.",
            )),
        }
    }
}

async fn register(
    Allowed(_): Allowed<Anyone>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    ClientAddress(remote_address): ClientAddress,
    BodyOf(form): BodyOf<ApplicationForm>,
) -> std::result::Result<Json<CredentialApplication>, Problem> {
    let public_client = form.is_public()?;
    let scopes = form.scopes.filter(|scopes| !scopes.trim().is_empty());
    let request = CreateApplicationRequest {
        name: form.client_name,
        redirect_uris: form
            .redirect_uris
            .iter()
            .flat_map(|uris| uris.split_whitespace())
            .map(str::to_owned)
            .collect(),
        scopes: scopes.unwrap_or_else(|| SCOPES_DEFAULT.to_owned()),
        website: form.website.unwrap_or_default(),
        remote_address,
        public_client,
    };
    let reply = surface
        .gateways
        .accounts
        .create_application(&context, request)
        .await?;
    Ok(Json(CredentialApplication::of(&surface.site, reply)))
}

async fn verify_credentials(
    Allowed(bearer): Allowed<AnyToken<scope::Any>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
) -> std::result::Result<Json<Application>, Problem> {
    let request = GetApplicationRequest {
        application_id: bearer.application_id.get(),
        client_id: String::new(),
    };
    let application = surface
        .gateways
        .accounts
        .get_application(&context, request)
        .await?;
    Ok(Json(Application::of(&surface.site, application)))
}
