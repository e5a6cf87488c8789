//! The queue of reports, and single ones.

use axum::extract::State;
use axum::response::Response;
use business_moderation_gateway::{CaseId, PAGE_LIMIT_MAX};
use bytes::Bytes;
use http::Uri;
use infra_kernel::{AccountId, Error};
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::{PathOf, QueryOf, lenient};
use presentation_kit::paging::PageQuery;
use presentation_kit::reader::{CaseFile, CaseFilter};
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::entities::admin;
use crate::reply;

/// How many reports a page holds when it is not said. Mastodon has more; each comes with people and
/// statuses.
const LIMIT_DEFAULT: u32 = 40;

/// Which reports.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct ReportsQuery {
    /// Those that are closed; those that are open when it does not say.
    #[serde(deserialize_with = "lenient::truth")]
    resolved: Option<bool>,
    /// Only those that this account sent.
    #[serde(deserialize_with = "lenient::text")]
    account_id: Option<String>,
    /// Only those about this account.
    #[serde(deserialize_with = "lenient::text")]
    target_account_id: Option<String>,
}

impl ReportsQuery {
    fn filter(&self) -> CaseFilter {
        CaseFilter {
            resolved: self.resolved.unwrap_or_default(),
            reporter: account(self.account_id.as_deref()),
            target: account(self.target_account_id.as_deref()),
        }
    }
}

/// The account of this id; none when nothing is said. What is no id is the id of nobody.
fn account(text: Option<&str>) -> Option<AccountId> {
    let text = text.filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or(AccountId::new(u64::MAX)))
}

pub(super) async fn list(
    Allowed(viewer): Allowed<Person<scope::AdminReadReports>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    uri: Uri,
    QueryOf(page): QueryOf<PageQuery>,
    QueryOf(query): QueryOf<ReportsQuery>,
) -> Result<Response, Problem> {
    let page = page.page(LIMIT_DEFAULT, PAGE_LIMIT_MAX);
    let listed = surface
        .reader
        .cases(&context, viewer.account_id, query.filter(), page)
        .await?;
    let json = admin::list(&surface.site, &listed.items).map_err(Error::internal)?;
    let mut response = reply::json(Bytes::from(json));
    let links = reply::links(&surface, &uri, &listed);
    response.headers_mut().extend(links);
    Ok(response)
}

pub(super) async fn show(
    Allowed(viewer): Allowed<Person<scope::AdminReadReports>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<CaseId>,
) -> Result<Response, Problem> {
    let file = surface
        .reader
        .case(&context, viewer.account_id, id, None)
        .await?;
    Ok(report(&surface, &file)?)
}

/// One report.
pub(super) fn report(surface: &Surface, file: &CaseFile) -> Result<Response, Error> {
    let mut json = Vec::new();
    admin::write(&surface.site, file, &mut json).map_err(Error::internal)?;
    Ok(reply::json(Bytes::from(json)))
}
