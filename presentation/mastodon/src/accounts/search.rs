//! Searching accounts. There is no index yet: a username is found when it is given whole.

use axum::Json;
use axum::extract::State;
use infra_kernel::ErrorCode;
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::{QueryOf, lenient};
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::entities::Account;

/// Whom to search.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct SearchQuery {
    /// A username, with or without this server's domain, or the address of a profile.
    q: String,
    /// Only accounts that one follows.
    #[serde(deserialize_with = "lenient::truth")]
    following: Option<bool>,
}

pub(super) async fn search(
    Allowed(viewer): Allowed<Person<scope::ReadAccounts>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    QueryOf(query): QueryOf<SearchQuery>,
) -> Result<Json<Vec<Account>>, Problem> {
    let name = query.q.trim();
    let name = name
        .strip_prefix(&format!("{}/", surface.site.base_url))
        .unwrap_or(name);
    if name.is_empty() {
        return Ok(Json(Vec::new()));
    }
    let found = surface
        .reader
        .person_named(&context, name, &surface.site.domain)
        .await;
    let person = match found {
        Ok(person) => person,
        // What cannot be a name is a name that nobody has.
        Err(error) if matches!(error.code(), ErrorCode::NotFound | ErrorCode::Invalid) => {
            return Ok(Json(Vec::new()));
        }
        Err(error) => return Err(error.into()),
    };
    if query.following.unwrap_or_default() {
        let id = person.account.id;
        let known = surface
            .reader
            .relationships(&context, Some(viewer.account_id), vec![id])
            .await?;
        if !known.get(&id).is_some_and(|known| known.following) {
            return Ok(Json(Vec::new()));
        }
    }
    Ok(Json(vec![Account::of(&surface.site, &person)]))
}
