//! Muting an account, and ending the mute; whom one mutes.

use axum::Json;
use axum::extract::State;
use business_graph_gateway::{MuteRequest, UnmuteRequest};
use http::{HeaderMap, Uri};
use infra_kernel::AccountId;
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::{BodyOf, PathOf, QueryOf, lenient};
use presentation_kit::paging::PageQuery;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::page::{LIMIT_DEFAULT, LIMIT_MAX};
use super::relationships::to;
use crate::entities::{Account, Relationship, moment};
use crate::reply;

/// How to mute.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct MuteForm {
    /// Whether nothing is to be told of the account either; yes when it does not say.
    #[serde(deserialize_with = "lenient::truth")]
    notifications: Option<bool>,
    /// Seconds until the mute ends by itself; 0, or nothing, for one that does not.
    #[serde(deserialize_with = "lenient::number")]
    duration: Option<u64>,
}

/// An account that one mutes.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct MutedAccount {
    #[serde(flatten)]
    account: Account,
    /// When the mute ends by itself.
    mute_expires_at: Option<String>,
}

pub(super) async fn mute(
    Allowed(viewer): Allowed<Person<scope::WriteMutes>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<AccountId>,
    BodyOf(form): BodyOf<MuteForm>,
) -> Result<Json<Relationship>, Problem> {
    surface.reader.person(&context, id).await?;
    if id == viewer.account_id {
        // As in Mastodon: it changes nothing.
        return Ok(Json(to(&surface, &context, viewer, id).await?));
    }
    let request = MuteRequest {
        muter_id: viewer.account_id.get(),
        mutee_id: id.get(),
        notifications: form.notifications.unwrap_or(true),
        duration_s: form.duration.unwrap_or_default(),
    };
    surface.gateways.graph.mute(&context, request).await?;
    Ok(Json(to(&surface, &context, viewer, id).await?))
}

pub(super) async fn unmute(
    Allowed(viewer): Allowed<Person<scope::WriteMutes>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<AccountId>,
) -> Result<Json<Relationship>, Problem> {
    surface.reader.person(&context, id).await?;
    let request = UnmuteRequest {
        muter_id: viewer.account_id.get(),
        mutee_id: id.get(),
    };
    surface.gateways.graph.unmute(&context, request).await?;
    Ok(Json(to(&surface, &context, viewer, id).await?))
}

pub(super) async fn list(
    Allowed(viewer): Allowed<Person<scope::ReadMutes>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    uri: Uri,
    QueryOf(query): QueryOf<PageQuery>,
) -> Result<(HeaderMap, Json<Vec<MutedAccount>>), Problem> {
    let page = query.page(LIMIT_DEFAULT, LIMIT_MAX);
    let muted = surface.reader.muted(&context, viewer.account_id, page);
    let muted = muted.await?;
    let accounts = muted
        .items
        .iter()
        .map(|(person, expires_at_us)| MutedAccount {
            account: Account::of(&surface.site, person),
            mute_expires_at: moment::optional(*expires_at_us),
        });
    let accounts = Json(accounts.collect());
    Ok((reply::links(&surface, &uri, &muted), accounts))
}
