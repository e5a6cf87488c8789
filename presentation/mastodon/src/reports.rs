//! Reporting an account, and statuses of it, to those who look after this place.

use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use business_moderation_gateway::{Category, POSTS_MAX, ReportRequest};
use business_posts_gateway::PostId;
use infra_kernel::{AccountId, Context, Error, Result};
use presentation_kit::access::{Person, Viewer, scope};
use presentation_kit::api::Describe;
use presentation_kit::extract::{BodyOf, lenient};
use presentation_kit::{Allowed, Api, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::entities::Report;
use crate::statuses::find::may_find;

pub(crate) fn routes() -> Api {
    Api::new().post(
        "/api/v1/reports",
        create,
        Describe::new("Reports an account, and statuses of it, to the moderators.")
            .body::<ReportForm>()
            .returns::<Report>()
            .refuses(&[(
                404,
                "The account is not there, or a status is not, is another's or not for whom asks.",
            )]),
    )
}

/// What to report.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct ReportForm {
    /// Who is reported.
    #[serde(deserialize_with = "lenient::text")]
    account_id: Option<String>,
    /// Statuses of the account, at most 40.
    #[serde(deserialize_with = "lenient::list")]
    status_ids: Vec<String>,
    /// What is wrong, at most 1,000 characters.
    #[serde(deserialize_with = "lenient::text")]
    comment: Option<String>,
    /// Changes nothing: there is no other server to tell yet.
    #[serde(deserialize_with = "lenient::truth")]
    forward: Option<bool>,
    /// "spam", "legal", "violation" or "other"; "other" when it does not say.
    #[serde(deserialize_with = "lenient::text")]
    category: Option<String>,
    /// Refused unless it is empty: this server has no rules to name.
    #[serde(deserialize_with = "lenient::list")]
    rule_ids: Vec<String>,
}

/// The category of this name; none when nothing is named.
pub(crate) fn category(name: Option<&str>) -> Result<Option<Category>> {
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let category = Category::from_name(name);
    let shown: String = name.chars().take(32).collect();
    let unknown = || Error::invalid("category", format!("'{shown}' is not a valid category"));
    category.map(Some).ok_or_else(unknown)
}

/// Refuses rules, in Mastodon's words: there are none.
pub(crate) fn refuse_rules(rule_ids: &[String]) -> Result<()> {
    if rule_ids.iter().all(String::is_empty) {
        return Ok(());
    }
    let text = "Validation failed: Rule ids does not reference valid rules";
    Err(Error::invalid("rule_ids", text))
}

async fn create(
    Allowed(viewer): Allowed<Person<scope::WriteReports>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    BodyOf(form): BodyOf<ReportForm>,
) -> Result<Json<Report>, Problem> {
    let category = category(form.category.as_deref())?;
    refuse_rules(&form.rule_ids)?;
    let target = form.account_id.as_deref().unwrap_or_default();
    let target = target.parse::<AccountId>();
    let target = target.map_err(|_| Error::not_found("account"))?;
    let target = surface.reader.person(&context, target).await?;
    let posts = visible(&surface, &context, viewer, &form.status_ids).await?;
    let request = ReportRequest {
        reporter_id: viewer.account_id.get(),
        target_id: target.account.id,
        post_ids: posts,
        comment: form.comment.unwrap_or_default(),
        category: category.unwrap_or_default().into(),
    };
    let case = surface
        .gateways
        .moderation
        .report(&context, request)
        .await?;
    Ok(Json(Report::of(&surface.site, &case, &target)))
}

/// The posts of these ids, all of which the viewer must be able to find: a report does not tell
/// whether there is a post.
async fn visible(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    status_ids: &[String],
) -> Result<Vec<u64>> {
    let mut seen = HashSet::new();
    let mut ids = Vec::new();
    for text in status_ids {
        let id = text.parse::<PostId>();
        let id = id.map_err(|_| Error::not_found("post"))?.get();
        // One more than may be, so that the domain still refuses too many.
        if seen.insert(id) && ids.len() <= POSTS_MAX {
            ids.push(id);
        }
    }
    let author = Some(viewer.account_id);
    let shown = surface.reader.posts(context, author, ids.clone()).await?;
    let found = shown.iter().filter(|shown| may_find(viewer, shown));
    match found.count() == ids.len() {
        true => Ok(ids),
        false => Err(Error::not_found("post")),
    }
}
