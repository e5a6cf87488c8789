//! Who is on a list.

use axum::Json;
use axum::extract::State;
use business_graph_gateway::{
    AddToListRequest, LIST_CHANGES_MAX, ListId, PAGE_LIMIT_MAX, RemoveFromListRequest,
};
use http::Uri;
use infra_kernel::{AccountId, Error};
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::{BodyOf, PathOf, QueryOf, lenient};
use presentation_kit::paging::PageQuery;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::accounts::{LIMIT_DEFAULT, LIMIT_MAX, Page, page_of};
use crate::entities::Nothing;

/// Accounts to put on a list, or to take off it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct AccountsForm {
    /// Their ids, at most 100.
    #[serde(deserialize_with = "lenient::list")]
    account_ids: Vec<String>,
}

impl AccountsForm {
    /// The ids, each once, without what is no id; and whether something was none.
    fn ids(&self) -> Result<(Vec<u64>, bool), Error> {
        if self.account_ids.len() > LIST_CHANGES_MAX {
            let sentence = format!("At most {LIST_CHANGES_MAX} accounts can be named at once.");
            return Err(Error::invalid("account_ids", sentence));
        }
        let parsed = self.account_ids.iter().map(|text| text.trim().parse());
        let mut ids: Vec<u64> = parsed
            .filter_map(Result::<AccountId, _>::ok)
            .map(Into::into)
            .collect();
        let has_others = ids.len() < self.account_ids.len();
        ids.sort_unstable();
        ids.dedup();
        Ok((ids, has_others))
    }
}

pub(super) async fn list(
    Allowed(viewer): Allowed<Person<scope::ReadLists>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    uri: Uri,
    PathOf(id): PathOf<ListId>,
    QueryOf(query): QueryOf<PageQuery>,
) -> Result<Page, Problem> {
    // As in Mastodon, here alone: a limit of 0 asks for all, of whom there is a bounded number.
    let page = match query.limit.as_deref().map(str::trim) {
        Some("0") => infra_kernel::Page::newest(PAGE_LIMIT_MAX),
        _ => query.page(LIMIT_DEFAULT, LIMIT_MAX),
    };
    let members = surface
        .reader
        .on_list(&context, viewer.account_id, id, page);
    Ok(page_of(&surface, &uri, &members.await?))
}

pub(super) async fn add(
    Allowed(viewer): Allowed<Person<scope::WriteLists>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<ListId>,
    BodyOf(form): BodyOf<AccountsForm>,
) -> Result<Json<Nothing>, Problem> {
    let (member_ids, has_others) = form.ids()?;
    if has_others {
        return Err(Error::not_found("account").for_field("account_ids").into());
    }
    let request = AddToListRequest {
        owner_id: viewer.account_id.get(),
        list_id: id.get(),
        member_ids,
    };
    surface
        .gateways
        .graph
        .add_to_list(&context, request)
        .await?;
    Ok(Json(Nothing {}))
}

pub(super) async fn remove(
    Allowed(viewer): Allowed<Person<scope::WriteLists>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<ListId>,
    BodyOf(form): BodyOf<AccountsForm>,
) -> Result<Json<Nothing>, Problem> {
    let (member_ids, _) = form.ids()?;
    let request = RemoveFromListRequest {
        owner_id: viewer.account_id.get(),
        list_id: id.get(),
        member_ids,
    };
    let graph = &surface.gateways.graph;
    graph.remove_from_list(&context, request).await?;
    Ok(Json(Nothing {}))
}
