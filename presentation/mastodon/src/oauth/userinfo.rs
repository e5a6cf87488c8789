//! Whose token it is, as OpenID Connect puts it (Core 1.0, section 5.3).

use axum::Json;
use axum::extract::State;
use presentation_kit::access::{Person, scope};
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Serialize;

use crate::entities::Account;

/// Who a person is.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct UserInfo {
    /// The server that says so.
    iss: String,
    /// The person's lasting name: the account's address.
    sub: String,
    name: String,
    preferred_username: String,
    /// The profile's page.
    profile: String,
    /// The avatar.
    picture: String,
}

pub(super) async fn show(
    Allowed(viewer): Allowed<Person<scope::Profile>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
) -> Result<Json<UserInfo>, Problem> {
    let person = surface.reader.person(&context, viewer.account_id).await?;
    let site = &surface.site;
    let Account {
        uri,
        url,
        display_name,
        username,
        avatar,
        ..
    } = Account::of(site, &person);
    Ok(Json(UserInfo {
        iss: format!("{}/", site.base_url),
        sub: uri,
        name: display_name,
        preferred_username: username,
        profile: url,
        picture: avatar,
    }))
}
