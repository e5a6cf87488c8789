//! Who follows someone, and whom someone follows.

use std::sync::Arc;

use askama::Template;
use infra_kernel::{AccountId, Result};
use presentation_kit::extract::QueryOf;
use presentation_kit::{Listing, Person, Problem};

use crate::page_context::PageContext;
use crate::pages::{ListQuery, older};
use crate::respond::{PageError, PageResult, PathOf, page};
use crate::view::{PersonView, Shell};

/// People on a page.
const PEOPLE: u32 = 40;

#[derive(Template)]
#[template(path = "people.html")]
pub(crate) struct PeoplePage {
    pub(crate) shell: Shell,
    pub(crate) person: PersonView,
    pub(crate) heading: &'static str,
    pub(crate) nobody: &'static str,
    pub(crate) people: Vec<PersonView>,
    /// This page's own address, to come back to.
    pub(crate) here: String,
    pub(crate) is_first: bool,
    pub(crate) older: Option<String>,
}

/// One of the two lists.
struct List {
    /// Its name in addresses.
    path: &'static str,
    heading: &'static str,
    nobody: &'static str,
}

const FOLLOWERS: List = List {
    path: "followers",
    heading: "Followers of",
    nobody: "Nobody follows this page yet.",
};
const FOLLOWING: List = List {
    path: "following",
    heading: "Followed by",
    nobody: "Nobody is followed from here yet.",
};

pub(crate) async fn followers(
    page_context: PageContext,
    PathOf(name): PathOf<String>,
    query: Result<QueryOf<ListQuery>, Problem>,
) -> PageResult {
    let (query, person) = asked(&page_context, &name, query).await?;
    let (id, page) = (AccountId::new(person.account.id), query.page(PEOPLE)?);
    let listing = page_context
        .surface
        .reader
        .followers(&page_context.context, page_context.viewer_id(), id, page)
        .await?;
    show(
        &page_context,
        &person,
        listing,
        &FOLLOWERS,
        query.is_first(),
    )
    .await
}

pub(crate) async fn following(
    page_context: PageContext,
    PathOf(name): PathOf<String>,
    query: Result<QueryOf<ListQuery>, Problem>,
) -> PageResult {
    let (query, person) = asked(&page_context, &name, query).await?;
    let (id, page) = (AccountId::new(person.account.id), query.page(PEOPLE)?);
    let listing = page_context
        .surface
        .reader
        .following(&page_context.context, page_context.viewer_id(), id, page)
        .await?;
    show(
        &page_context,
        &person,
        listing,
        &FOLLOWING,
        query.is_first(),
    )
    .await
}

async fn asked(
    page_context: &PageContext,
    name: &str,
    query: Result<QueryOf<ListQuery>, Problem>,
) -> Result<(ListQuery, Arc<Person>), PageError> {
    let query = query.map_err(|problem| PageError(problem.0))?.0;
    let (reader, domain) = (&page_context.surface.reader, &page_context.site().domain);
    Ok((
        query,
        reader
            .person_named(&page_context.context, name, domain)
            .await?,
    ))
}

async fn show(
    page_context: &PageContext,
    person: &Person,
    listing: Listing<Arc<Person>>,
    list: &List,
    is_first: bool,
) -> PageResult {
    let (reader, viewer) = (&page_context.surface.reader, page_context.viewer_id());
    let ids = listing
        .items
        .iter()
        .map(|person| person.account.id)
        .collect();
    let relationships = reader
        .relationships(&page_context.context, viewer, ids)
        .await?;
    let view = |person: &Arc<Person>| {
        let relationship = relationships.get(&person.account.id);
        PersonView::seen_by(page_context.site(), person, viewer, relationship)
    };
    let person = PersonView::of(page_context.site(), person);
    let here = format!("{}/{}", person.path, list.path);
    Ok(page(&PeoplePage {
        shell: Shell::of(page_context, ""),
        heading: list.heading,
        nobody: list.nobody,
        people: listing.items.iter().map(view).collect(),
        is_first,
        older: older(&here, listing.cursors),
        here,
        person,
    }))
}
