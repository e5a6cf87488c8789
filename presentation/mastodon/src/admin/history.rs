//! What happened to a report, and what it was at any time; notes for other moderators.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use business_moderation_gateway::change_case_request::Change;
use business_moderation_gateway::{AddNote, CaseId};
use infra_kernel::Error;
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::{BodyOf, PathOf, QueryOf, lenient};
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Deserialize;

use super::change::changed;
use super::list::report;
use crate::entities::{ReportEvent, moment};

/// When.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct AtQuery {
    /// A time with its offset: 2026-12-01T10:30:00Z; now when it does not say.
    at: String,
}

/// A note.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct NoteForm {
    /// From 1 to 2,000 characters.
    #[serde(deserialize_with = "lenient::text")]
    text: Option<String>,
}

pub(super) async fn at(
    Allowed(viewer): Allowed<Person<scope::AdminReadReports>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<CaseId>,
    QueryOf(query): QueryOf<AtQuery>,
) -> Result<Response, Problem> {
    let at_us = match &*query.at {
        "" => None,
        text => {
            let invalid = || Error::invalid("at", "`at` is no time such as 2026-12-01T10:30:00Z.");
            Some(last_of_millisecond(
                moment::parse(text).ok_or_else(invalid)?,
            ))
        }
    };
    let file = surface.reader.case(&context, viewer.account_id, id, at_us);
    Ok(report(&surface, &file.await?)?)
}

/// A time of whole milliseconds means all of the last one: so are times written here, and what
/// happened then is part of it.
const fn last_of_millisecond(at_us: i64) -> i64 {
    if at_us % 1_000 == 0 {
        at_us + 999
    } else {
        at_us
    }
}

pub(super) async fn list(
    Allowed(viewer): Allowed<Person<scope::AdminReadReports>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<CaseId>,
) -> Result<Json<Vec<ReportEvent>>, Problem> {
    let events = surface.reader.case_history(&context, viewer.account_id, id);
    let events = events.await?;
    let event =
        |(event, actor): &(_, Option<_>)| ReportEvent::of(&surface.site, event, actor.as_deref());
    Ok(Json(events.iter().map(event).collect()))
}

pub(super) async fn note(
    Allowed(viewer): Allowed<Person<scope::AdminWriteReports>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<CaseId>,
    BodyOf(form): BodyOf<NoteForm>,
) -> Result<Response, Problem> {
    let text = form.text.unwrap_or_default();
    let change = Change::AddNote(AddNote { text });
    changed(&surface, &context, viewer, id, change).await
}
