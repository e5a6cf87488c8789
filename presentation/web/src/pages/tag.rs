//! `/tags/<name>`: the newest photos that everyone may see with a hashtag, which hashtags in captions link to.

use std::sync::Arc;

use askama::Template;
use axum::extract::Path;
use business_posts_gateway::text::hashtag_name;
use infra_kernel::{Error, ErrorCode, Page, Result};
use presentation_kit::Card;

use crate::respond::{Answer, page};
use crate::view::{PostView, Shell, now};
use crate::visit::Visit;

/// How many posts are asked for at once.
const PAGE_POSTS: u32 = 80;
/// How many pages of the newest photos are looked through: there is no index of hashtags yet.
const PAGES_MAX: u32 = 5;
/// The most photos that are shown.
const PHOTOS_MAX: usize = 36;

#[derive(Template)]
#[template(path = "tag.html")]
pub(crate) struct TagPage {
    pub(crate) shell: Shell,
    /// Without the sign.
    pub(crate) name: String,
    pub(crate) posts: Vec<PostView>,
    /// How many posts were looked through.
    pub(crate) looked_through: u32,
}

pub(crate) async fn show(visit: Visit, Path(written): Path<String>) -> Answer {
    let name = hashtag_name(&written);
    let cards = tagged(&visit, &name).await?;
    if cards.is_empty() {
        let text = "None of the newest photos here has this hashtag.";
        return Err(Error::new(ErrorCode::NotFound, text).into());
    }
    let now = now();
    Ok(page(&TagPage {
        shell: Shell::of(&visit, ""),
        name,
        posts: cards
            .iter()
            .map(|card| PostView::of(visit.site(), card, now))
            .collect(),
        looked_through: PAGE_POSTS * PAGES_MAX,
    }))
}

async fn tagged(visit: &Visit, name: &str) -> Result<Vec<Arc<Card>>> {
    let (mut found, mut page) = (Vec::new(), Page::newest(PAGE_POSTS));
    for _ in 0..PAGES_MAX {
        let reader = &visit.surface.reader;
        let listing = reader
            .public(&visit.context, visit.viewer_id(), page, true)
            .await?;
        let has_it = |card: &Arc<Card>| card.post.tags.iter().any(|tag| tag.name == name);
        found.extend(listing.items.into_iter().filter(has_it));
        match listing.cursors.oldest {
            Some(oldest) if found.len() < PHOTOS_MAX => page.before = oldest,
            _ => break,
        }
    }
    found.truncate(PHOTOS_MAX);
    Ok(found)
}
