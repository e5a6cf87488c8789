//! Who follows someone, and whom someone follows.

use std::sync::Arc;

use askama::Template;
use infra_kernel::{AccountId, Result};
use presentation_kit::extract::QueryOf;
use presentation_kit::{Listing, Person, Problem};

use crate::pages::{ListQuery, older};
use crate::respond::{Answer, PathOf, Trouble, page};
use crate::view::{PersonView, Shell};
use crate::visit::Visit;

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
    visit: Visit,
    PathOf(name): PathOf<String>,
    query: Result<QueryOf<ListQuery>, Problem>,
) -> Answer {
    let (query, person) = asked(&visit, &name, query).await?;
    let (id, page) = (AccountId::new(person.account.id), query.page(PEOPLE)?);
    let listing = visit
        .surface
        .reader
        .followers(&visit.context, id, page)
        .await?;
    show(&visit, &person, listing, &FOLLOWERS, query.is_first()).await
}

pub(crate) async fn following(
    visit: Visit,
    PathOf(name): PathOf<String>,
    query: Result<QueryOf<ListQuery>, Problem>,
) -> Answer {
    let (query, person) = asked(&visit, &name, query).await?;
    let (id, page) = (AccountId::new(person.account.id), query.page(PEOPLE)?);
    let listing = visit
        .surface
        .reader
        .following(&visit.context, id, page)
        .await?;
    show(&visit, &person, listing, &FOLLOWING, query.is_first()).await
}

async fn asked(
    visit: &Visit,
    name: &str,
    query: Result<QueryOf<ListQuery>, Problem>,
) -> Result<(ListQuery, Arc<Person>), Trouble> {
    let query = query.map_err(|problem| Trouble(problem.0))?.0;
    let (reader, domain) = (&visit.surface.reader, &visit.site().domain);
    Ok((
        query,
        reader.person_named(&visit.context, name, domain).await?,
    ))
}

async fn show(
    visit: &Visit,
    person: &Person,
    listing: Listing<Arc<Person>>,
    list: &List,
    is_first: bool,
) -> Answer {
    let (reader, viewer) = (&visit.surface.reader, visit.viewer_id());
    let ids = listing
        .items
        .iter()
        .map(|person| person.account.id)
        .collect();
    let relationships = reader.relationships(&visit.context, viewer, ids).await?;
    let view = |person: &Arc<Person>| {
        let relationship = relationships.get(&person.account.id);
        PersonView::seen_by(visit.site(), person, viewer, relationship)
    };
    let person = PersonView::of(visit.site(), person);
    let here = format!("{}/{}", person.path, list.path);
    Ok(page(&PeoplePage {
        shell: Shell::of(visit, ""),
        heading: list.heading,
        nobody: list.nobody,
        people: listing.items.iter().map(view).collect(),
        is_first,
        older: older(&here, listing.cursors),
        here,
        person,
    }))
}
