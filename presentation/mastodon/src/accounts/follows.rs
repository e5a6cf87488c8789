//! Who follows an account, and whom it follows.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::{HeaderMap, Uri};
use infra_kernel::AccountId;
use presentation_kit::extract::{PathOf, QueryOf};
use presentation_kit::paging::PageQuery;
use presentation_kit::{Allowed, Anyone, Listing, Person, Problem, RequestContext, Surface};

use crate::entities::Account;
use crate::reply;

/// How many accounts a page holds when it is not said, and at most.
const LIMIT_DEFAULT: u32 = 40;
const LIMIT_MAX: u32 = 80;

type Page = (HeaderMap, Json<Vec<Account>>);

pub(super) async fn followers(
    Allowed(_): Allowed<Anyone>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    uri: Uri,
    PathOf(id): PathOf<AccountId>,
    QueryOf(query): QueryOf<PageQuery>,
) -> Result<Page, Problem> {
    let page = query.page(LIMIT_DEFAULT, LIMIT_MAX);
    let (_, listing) = tokio::try_join!(
        surface.reader.person(&context, id),
        surface.reader.followers(&context, id, page),
    )?;
    Ok(page_of(&surface, &uri, &listing))
}

pub(super) async fn following(
    Allowed(_): Allowed<Anyone>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    uri: Uri,
    PathOf(id): PathOf<AccountId>,
    QueryOf(query): QueryOf<PageQuery>,
) -> Result<Page, Problem> {
    let page = query.page(LIMIT_DEFAULT, LIMIT_MAX);
    let (_, listing) = tokio::try_join!(
        surface.reader.person(&context, id),
        surface.reader.following(&context, id, page),
    )?;
    Ok(page_of(&surface, &uri, &listing))
}

fn page_of(surface: &Surface, uri: &Uri, listing: &Listing<Arc<Person>>) -> Page {
    let people = listing.items.iter();
    let accounts = people.map(|person| Account::of(&surface.site, person));
    (
        reply::links(surface, uri, listing),
        Json(accounts.collect()),
    )
}
