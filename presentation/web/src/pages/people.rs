//! Who follows someone, and whom someone follows.

use std::sync::Arc;

use askama::Template;
use axum::extract::Path;
use infra_kernel::{AccountId, Result};
use presentation_kit::extract::QueryOf;
use presentation_kit::{Listing, Person, Problem};

use crate::pages::{ListQuery, older};
use crate::respond::{Answer, Trouble, page};
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
    pub(crate) older: Option<String>,
}

pub(crate) async fn followers(
    visit: Visit,
    Path(name): Path<String>,
    query: Result<QueryOf<ListQuery>, Problem>,
) -> Answer {
    let query = query.map_err(|problem| Trouble(problem.0))?.0;
    let person = named(&visit, &name).await?;
    let id = AccountId::new(person.account.id);
    let listing = visit
        .surface
        .reader
        .followers(&visit.context, id, query.page(PEOPLE)?)
        .await?;
    show(
        &visit,
        &person,
        listing,
        "followers",
        "Followers of",
        "Nobody follows this page yet.",
    )
    .await
}

pub(crate) async fn following(
    visit: Visit,
    Path(name): Path<String>,
    query: Result<QueryOf<ListQuery>, Problem>,
) -> Answer {
    let query = query.map_err(|problem| Trouble(problem.0))?.0;
    let person = named(&visit, &name).await?;
    let id = AccountId::new(person.account.id);
    let listing = visit
        .surface
        .reader
        .following(&visit.context, id, query.page(PEOPLE)?)
        .await?;
    show(
        &visit,
        &person,
        listing,
        "following",
        "Followed by",
        "Nobody is followed from here yet.",
    )
    .await
}

async fn named(visit: &Visit, name: &str) -> Result<Arc<Person>> {
    visit
        .surface
        .reader
        .person_named(&visit.context, name, &visit.site().domain)
        .await
}

async fn show(
    visit: &Visit,
    person: &Person,
    listing: Listing<Arc<Person>>,
    list: &str,
    heading: &'static str,
    nobody: &'static str,
) -> Answer {
    let viewer = visit.viewer_id();
    let ids = listing
        .items
        .iter()
        .map(|person| person.account.id)
        .collect();
    let relationships = visit
        .surface
        .reader
        .relationships(&visit.context, viewer, ids)
        .await?;
    let view = |person: &Arc<Person>| {
        PersonView::seen_by(
            visit.site(),
            person,
            viewer,
            relationships.get(&person.account.id),
        )
    };
    let person = PersonView::of(visit.site(), person);
    let here = format!("{}/{list}", person.path);
    Ok(page(&PeoplePage {
        shell: Shell::of(visit, ""),
        heading,
        nobody,
        people: listing.items.iter().map(view).collect(),
        older: older(&here, listing.cursors),
        here,
        person,
    }))
}
