//! Writing down something about an account, for oneself.

use axum::Json;
use axum::extract::State;
use business_graph_gateway::SetNoteRequest;
use infra_kernel::AccountId;
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::{BodyOf, PathOf, lenient};
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Deserialize;

use super::relationships::to;
use crate::entities::Relationship;

/// What to write down.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct NoteForm {
    /// At most 2,000 characters; empty, or left out, to remove what was there.
    #[serde(deserialize_with = "lenient::text")]
    comment: Option<String>,
}

pub(super) async fn set(
    Allowed(viewer): Allowed<Person<scope::WriteAccounts>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<AccountId>,
    BodyOf(form): BodyOf<NoteForm>,
) -> Result<Json<Relationship>, Problem> {
    let request = SetNoteRequest {
        author_id: viewer.account_id.get(),
        target_id: id.get(),
        text: form.comment.unwrap_or_default(),
    };
    surface.gateways.graph.set_note(&context, request).await?;
    Ok(Json(to(&surface, &context, viewer, id).await?))
}
