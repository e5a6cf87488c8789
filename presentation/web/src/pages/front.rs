//! `/`: the latest photos for visitors, the home feed for members.

use std::sync::Arc;

use askama::Template;
use infra_kernel::{AccountId, Page, Result};
use presentation_kit::extract::QueryOf;

use crate::pages::{ListQuery, older};
use crate::respond::{Answer, Trouble, page};
use crate::view::{CardView, PersonView, PostView, Shell, cards_html, now};
use crate::visit::Visit;

/// Posts on a page of the home feed.
const HOME_POSTS: u32 = 20;
/// Photos on a page of the latest.
const LATEST_PHOTOS: u32 = 36;
/// People suggested beside a feed.
const SUGGESTIONS: usize = 5;
/// How many of the latest posts are looked through for people to suggest.
const SUGGESTION_POSTS: u32 = 60;

#[derive(Template)]
#[template(path = "front.html")]
pub(crate) struct FrontPage {
    pub(crate) shell: Shell,
    pub(crate) posts: Vec<PostView>,
    pub(crate) is_first: bool,
    pub(crate) older: Option<String>,
}

#[derive(Template)]
#[template(path = "home.html")]
pub(crate) struct HomePage<'card> {
    pub(crate) shell: Shell,
    /// Made already.
    pub(crate) cards: Vec<CardView<'card>>,
    pub(crate) is_first: bool,
    pub(crate) suggestions: Vec<PersonView>,
    pub(crate) older: Option<String>,
}

pub(crate) async fn show(
    visit: Visit,
    query: Result<QueryOf<ListQuery>, presentation_kit::Problem>,
) -> Answer {
    let query = query.map_err(|problem| Trouble(problem.0))?.0;
    match visit.viewer_id() {
        Some(viewer) => home(&visit, viewer, &query).await,
        None => front(&visit, &query).await,
    }
}

async fn front(visit: &Visit, query: &ListQuery) -> Answer {
    let page_asked = query.page(LATEST_PHOTOS)?;
    let latest = visit
        .surface
        .reader
        .public(&visit.context, None, page_asked, true)
        .await?;
    let now = now();
    Ok(page(&FrontPage {
        shell: Shell {
            here: "front",
            ..Shell::of_entry(visit)
        },
        older: older("/", latest.cursors),
        is_first: query.is_first(),
        posts: latest
            .items
            .iter()
            .map(|card| PostView::of(visit.site(), card, now))
            .collect(),
    }))
}

async fn home(visit: &Visit, viewer: AccountId, query: &ListQuery) -> Answer {
    let (reader, page_asked) = (&visit.surface.reader, query.page(HOME_POSTS)?);
    let suggestions = async {
        if query.is_first() {
            suggestions(visit, viewer).await
        } else {
            Ok(Vec::new())
        }
    };
    let (feed, suggestions) = tokio::try_join!(
        reader.home_top_level(&visit.context, viewer, page_asked),
        suggestions,
    )?;
    let now = now();
    Ok(page(&HomePage {
        shell: Shell::of(visit, "home"),
        cards: cards_html(visit.site(), &feed.items, now),
        suggestions,
        is_first: query.is_first(),
        older: older("/", feed.cursors),
    }))
}

/// People who have lately shown photos to everyone, and whom the viewer does not follow yet.
async fn suggestions(visit: &Visit, viewer: AccountId) -> Result<Vec<PersonView>> {
    let reader = &visit.surface.reader;
    let latest = reader
        .public(
            &visit.context,
            Some(viewer),
            Page::newest(SUGGESTION_POSTS),
            true,
        )
        .await?;
    let mut people = Vec::new();
    for card in &latest.items {
        let id = card.author.account.id;
        if id != viewer.get() && people.iter().all(|known: &Arc<_>| person_id(known) != id) {
            people.push(Arc::clone(&card.author));
        }
    }
    let ids = people.iter().map(|person| person.account.id).collect();
    let relationships = reader
        .relationships(&visit.context, Some(viewer), ids)
        .await?;
    let view = |person: &Arc<presentation_kit::Person>| {
        let relationship = relationships.get(&person.account.id);
        PersonView::seen_by(visit.site(), person, Some(viewer), relationship)
    };
    Ok(people
        .iter()
        .map(view)
        .filter(|person| !person.following)
        .take(SUGGESTIONS)
        .collect())
}

fn person_id(person: &presentation_kit::Person) -> u64 {
    person.account.id
}
