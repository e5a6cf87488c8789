//! `/`: the latest photos for visitors, the home feed for members.

use std::sync::Arc;

use askama::Template;
use infra_kernel::{AccountId, Page, Result};
use presentation_kit::extract::QueryOf;

use crate::page_context::PageContext;
use crate::pages::{ListQuery, older};
use crate::respond::{PageError, PageResult, page};
use crate::view::{CardView, PersonView, PostView, Shell, cards_html, now};

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
    /// Rendered: all but the first pictured as they are kept for everyone.
    pub(crate) cards: Vec<CardView<'card>>,
    pub(crate) is_first: bool,
    pub(crate) suggestions: Vec<PersonView>,
    pub(crate) older: Option<String>,
}

pub(crate) async fn show(
    page_context: PageContext,
    query: Result<QueryOf<ListQuery>, presentation_kit::Problem>,
) -> PageResult {
    let query = query.map_err(|problem| PageError(problem.0))?.0;
    match page_context.viewer_id() {
        Some(viewer) => home(&page_context, viewer, &query).await,
        None => front(&page_context, &query).await,
    }
}

async fn front(page_context: &PageContext, query: &ListQuery) -> PageResult {
    let page_asked = query.page(LATEST_PHOTOS)?;
    let latest = page_context
        .surface
        .reader
        .public(&page_context.context, None, page_asked, true)
        .await?;
    let now = now();
    Ok(page(&FrontPage {
        shell: Shell {
            here: "front",
            ..Shell::of_entry(page_context)
        },
        older: older("/", latest.cursors),
        is_first: query.is_first(),
        posts: latest
            .items
            .iter()
            .map(|card| PostView::of(page_context.site(), card, now))
            .collect(),
    }))
}

async fn home(page_context: &PageContext, viewer: AccountId, query: &ListQuery) -> PageResult {
    let (reader, page_asked) = (&page_context.surface.reader, query.page(HOME_POSTS)?);
    let suggestions = async {
        if query.is_first() {
            suggestions(page_context, viewer).await
        } else {
            Ok(Vec::new())
        }
    };
    let (feed, suggestions) = tokio::try_join!(
        reader.home_top_level(&page_context.context, viewer, page_asked),
        suggestions,
    )?;
    let now = now();
    Ok(page(&HomePage {
        shell: Shell::of(page_context, "home"),
        cards: cards_html(page_context.site(), &feed.items, now),
        suggestions,
        is_first: query.is_first(),
        older: older("/", feed.cursors),
    }))
}

/// People who have recently shown photos to everyone, and whom the viewer does not follow yet.
async fn suggestions(page_context: &PageContext, viewer: AccountId) -> Result<Vec<PersonView>> {
    let reader = &page_context.surface.reader;
    let latest = reader
        .public(
            &page_context.context,
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
        .relationships(&page_context.context, Some(viewer), ids)
        .await?;
    let view = |person: &Arc<presentation_kit::Person>| {
        let relationship = relationships.get(&person.account.id);
        PersonView::seen_by(page_context.site(), person, Some(viewer), relationship)
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
