//! Accounts by id and by name.

use axum::Json;
use axum::extract::State;
use infra_kernel::{AccountId, Error};
use presentation_kit::extract::{PathOf, QueryOf};
use presentation_kit::{Allowed, Anyone, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::entities::Account;
use crate::ids::IdsQuery;

pub(super) async fn show(
    Allowed(_): Allowed<Anyone>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<AccountId>,
) -> Result<Json<Account>, Problem> {
    let person = surface.reader.person(&context, id).await?;
    Ok(Json(Account::of(&surface.site, &person)))
}

pub(super) async fn list(
    Allowed(_): Allowed<Anyone>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    QueryOf(query): QueryOf<IdsQuery>,
) -> Result<Json<Vec<Account>>, Problem> {
    let people = surface
        .reader
        .people(&context, query.ids::<AccountId>()?)
        .await?;
    let accounts = people
        .iter()
        .map(|person| Account::of(&surface.site, person));
    Ok(Json(accounts.collect()))
}

/// Whom to find.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct LookupQuery {
    /// A username, with or without this server's domain.
    acct: String,
}

pub(super) async fn lookup(
    Allowed(_): Allowed<Anyone>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    QueryOf(query): QueryOf<LookupQuery>,
) -> Result<Json<Account>, Problem> {
    if query.acct.is_empty() {
        return Err(Error::not_found("account").into());
    }
    let person = surface
        .reader
        .person_named(&context, &query.acct, &surface.site.domain)
        .await?;
    Ok(Json(Account::of(&surface.site, &person)))
}
