//! `/tags/<name>`: the newest photos that everyone may see with a hashtag, which hashtags in
//! captions link to.

use askama::Template;
use business_posts_gateway::text::hashtag_name;
use edge_http::ClientAddress;
use infra_kernel::{Error, ErrorCode, Page, Result};
use presentation_kit::Shown;

use crate::page_context::PageContext;
use crate::respond::{PageResult, PathOf, page};
use crate::view::{PostView, Shell, now};

/// How many posts are asked for at once.
const PAGE_POSTS: u32 = 80;
/// How many pages of the newest photos are looked through: there is no index of hashtags yet.
const PAGES_MAX: u32 = 2;
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

pub(crate) async fn show(
    page_context: PageContext,
    PathOf(written): PathOf<String>,
    ClientAddress(address): ClientAddress,
) -> PageResult {
    let name = hashtag_name(&written);
    if name.is_empty() {
        let text =
            "This is no hashtag: one is made of letters and digits, and of more than a number.";
        return Err(Error::new(ErrorCode::NotFound, text).into());
    }
    if page_context.viewer_id().is_none() {
        // Nothing else bounds how often all these posts are looked through.
        let limits = &page_context.surface.limits;
        let counted = limits.count_address(address.parse().ok()).await;
        counted.outcome()?;
    }
    let cards = tagged(&page_context, &name).await?;
    let now = now();
    Ok(page(&TagPage {
        shell: Shell::of(&page_context, ""),
        name,
        posts: cards
            .iter()
            .map(|card| PostView::of(page_context.site(), card, now))
            .collect(),
        looked_through: PAGE_POSTS * PAGES_MAX,
    }))
}

async fn tagged(page_context: &PageContext, name: &str) -> Result<Vec<Shown>> {
    let (mut found, mut page) = (Vec::new(), Page::newest(PAGE_POSTS));
    for _ in 0..PAGES_MAX {
        let reader = &page_context.surface.reader;
        let listing = reader
            .public(&page_context.context, page_context.viewer_id(), page, true)
            .await?;
        let has_it = |shown: &Shown| shown.post.tags.iter().any(|tag| tag.name == name);
        found.extend(listing.items.into_iter().filter(has_it));
        match listing.cursors.oldest {
            Some(oldest) if found.len() < PHOTOS_MAX => page.before = oldest,
            _ => break,
        }
    }
    found.truncate(PHOTOS_MAX);
    Ok(found)
}
