//! Changing a report: who looks after it, whether it is closed, what it is about.

use axum::extract::State;
use axum::response::Response;
use business_moderation_gateway::change_case_request::Change;
use business_moderation_gateway::{
    AssignCase, CaseId, CategoriseCase, ChangeCaseRequest, ReopenCase, ResolveCase, UnassignCase,
};
use infra_kernel::Context;
use presentation_kit::access::{Person, Viewer, scope};
use presentation_kit::extract::{BodyOf, PathOf, lenient};
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Deserialize;

use super::list::report;
use crate::reports::{category, refuse_rules};

/// What a report is about.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct ReportForm {
    /// "spam", "legal", "violation" or "other"; it stays when it does not say.
    #[serde(deserialize_with = "lenient::text")]
    category: Option<String>,
    /// Refused unless it is empty: this server has no rules to name.
    #[serde(deserialize_with = "lenient::list")]
    rule_ids: Vec<String>,
}

pub(super) async fn update(
    Allowed(viewer): Allowed<Person<scope::AdminWriteReports>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<CaseId>,
    BodyOf(form): BodyOf<ReportForm>,
) -> Result<Response, Problem> {
    let category = category(form.category.as_deref())?;
    refuse_rules(&form.rule_ids)?;
    let Some(category) = category else {
        let file = surface
            .reader
            .case(&context, viewer.account_id, id, None)
            .await?;
        return Ok(report(&surface, &file)?);
    };
    let category = category.into();
    let change = Change::Categorise(CategoriseCase { category });
    changed(&surface, &context, viewer, id, change).await
}

pub(super) async fn assign_to_self(
    Allowed(viewer): Allowed<Person<scope::AdminWriteReports>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<CaseId>,
) -> Result<Response, Problem> {
    let change = Change::Assign(AssignCase {});
    changed(&surface, &context, viewer, id, change).await
}

pub(super) async fn unassign(
    Allowed(viewer): Allowed<Person<scope::AdminWriteReports>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<CaseId>,
) -> Result<Response, Problem> {
    let change = Change::Unassign(UnassignCase {});
    changed(&surface, &context, viewer, id, change).await
}

pub(super) async fn resolve(
    Allowed(viewer): Allowed<Person<scope::AdminWriteReports>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<CaseId>,
) -> Result<Response, Problem> {
    let change = Change::Resolve(ResolveCase {});
    changed(&surface, &context, viewer, id, change).await
}

pub(super) async fn reopen(
    Allowed(viewer): Allowed<Person<scope::AdminWriteReports>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<CaseId>,
) -> Result<Response, Problem> {
    let change = Change::Reopen(ReopenCase {});
    changed(&surface, &context, viewer, id, change).await
}

pub(super) async fn changed(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    id: CaseId,
    change: Change,
) -> Result<Response, Problem> {
    let request = ChangeCaseRequest {
        moderator_id: viewer.account_id.get(),
        case_id: id.get(),
        change: Some(change),
    };
    let moderation = &surface.gateways.moderation;
    let case = moderation.change_case(context, request).await?;
    let file = surface.reader.case_file(context, viewer.account_id, case);
    Ok(report(surface, &file.await?)?)
}
