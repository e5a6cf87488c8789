//! How one stands to others.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use business_accounts_gateway::GetAccountHeadsRequest;
use business_graph_gateway::GetNotesRequest;
use infra_kernel::{AccountId, Context, Error, Result};
use presentation_kit::access::{Person, Viewer, scope};
use presentation_kit::extract::QueryOf;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use crate::entities::Relationship;
use crate::ids::IdsQuery;

pub(super) async fn list(
    Allowed(viewer): Allowed<Person<scope::ReadFollows>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    QueryOf(query): QueryOf<IdsQuery>,
) -> std::result::Result<Json<Vec<Relationship>>, Problem> {
    let ids = query.ids::<AccountId>()?;
    if ids.is_empty() {
        return Ok(Json(Vec::new()));
    }
    let request = GetAccountHeadsRequest { ids: ids.clone() };
    // The graph has a result for any number; only accounts that are there are told about.
    let there = surface
        .gateways
        .accounts
        .get_account_heads(&context, request)
        .await?
        .heads;
    let mut ids = ids;
    ids.retain(|id| there.iter().any(|head| head.id == *id));
    Ok(Json(between(&surface, &context, viewer, ids).await?))
}

/// How the viewer stands to these accounts, in their order.
pub(super) async fn between(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    ids: Vec<u64>,
) -> Result<Vec<Relationship>> {
    let request = GetNotesRequest {
        author_id: viewer.account_id.get(),
        target_ids: ids.clone(),
    };
    let reader = &surface.reader;
    let (known, noted) = tokio::try_join!(
        reader.relationships(context, Some(viewer.account_id), ids.clone()),
        surface.gateways.graph.get_notes(context, request),
    )?;
    let notes = noted.notes.into_iter();
    let mut notes: HashMap<u64, String> = notes.map(|note| (note.target_id, note.text)).collect();
    let relationship = |id: u64| Relationship::of(id, known.get(&id), notes.remove(&id));
    Ok(ids.into_iter().map(relationship).collect())
}

/// How the viewer stands to this account.
pub(super) async fn to(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    id: AccountId,
) -> Result<Relationship> {
    between(surface, context, viewer, vec![id.get()])
        .await?
        .pop()
        .ok_or_else(|| Error::not_found("account"))
}
